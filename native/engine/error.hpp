// What can go wrong in a trial, as one line: what was tried, on what, what the system said, what to do.
#pragma once

#include <stdexcept>
#include <string>

namespace queuemark {

// The documented exit codes of a runner.
enum Exit : int {
  kExitOk = 0,
  kExitInternal = 1,
  kExitUsage = 2,
  kExitUnavailable = 3,
  kExitNotProved = 4,
  kExitInterrupted = 130
};

// The command line cannot be understood or asks for what makes no sense.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The mechanism cannot be had here; not an error of the trial but a result of its own.
struct Unavailable : std::runtime_error {
  Unavailable(const std::string& reason, std::string what_to_do)
      : std::runtime_error(reason), remedy(std::move(what_to_do)) {}
  std::string remedy;
};

// A system call failed where it must not. remedy: what to do, where the cause is a limit; else empty.
struct SystemError : std::runtime_error {
  explicit SystemError(const std::string& reason, std::string what_to_do = {})
      : std::runtime_error(reason), remedy(std::move(what_to_do)) {}
  std::string remedy;
};

// "send to consumer 3: Broken pipe", from errno as it stands (or as given).
std::string system_said(const std::string& what_was_tried);
std::string system_said(const std::string& what_was_tried, int error);

[[noreturn]] void throw_system(const std::string& what_was_tried);

}  // namespace queuemark
