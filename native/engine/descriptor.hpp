// File descriptors that close themselves, and the two ways of waiting on them.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "engine/clock.hpp"
#include "engine/error.hpp"

namespace queuemark {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { reset(); }
  void reset() {
    if (number_ >= 0) close(number_);
    number_ = -1;
  }
  int number() const { return number_; }

 private:
  int number_ = -1;
};

// Makes a call until it is not told to come back: at once where the trial spins, inside the call where it
// blocks. Every try is counted. Returns what the call returned; throws SystemError for every other refusal.
template <class Call>
std::size_t insist(Call&& call, std::uint64_t& calls, const char* what_was_tried) {
  for (;;) {
    ++calls;
    const ssize_t result = call();
    if (result >= 0) [[likely]]
      return static_cast<std::size_t>(result);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      cpu_relax();
    } else if (errno != EINTR) {
      throw_system(what_was_tried);
    }
  }
}

}  // namespace queuemark
