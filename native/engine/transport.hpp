// What a transport says about itself: facts and parameters, declared beside the mechanism and read by
// `list`, by the command line, by the documentation and by everything that is built on them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace queuemark {

struct Options;

using ParamValue = std::variant<std::int64_t, std::string>;

// What a message costs apart from its policy, in the words of the probes (probes/path.cpp): limits are
// computed from it and from what the probes found, and from nothing else.
struct Cost {
  // The mechanism that sends and receives where these parameters have these values; the first that fits.
  struct Way {
    std::string mechanism;
    std::map<std::string, ParamValue> when;
  };
  std::vector<Way> ways;         // none: messages are written and read in place
  bool gathers = false;          // one receive takes as many messages as there are
  std::string holds;             // of what is granted: how many messages, or `_bytes`, wait between two ends
  std::int64_t frame_bytes = 0;  // what stands around each message
};

struct Facts {
  bool lossless = true;
  bool ordered = true;
  bool redelivers = false;  // a message that is not acknowledged in time comes again, and says so
  bool boundaries = false;
  int copies = 2;
  std::vector<std::string> patterns{"share"};
  std::vector<std::string> dispatches;
  std::vector<std::string> policies;
  std::vector<std::string> acks{"fence"};
  std::vector<std::string> waits{"block", "spin", "spin-then-block"};
  std::uint64_t max_size_bytes = 0;
  std::optional<std::uint64_t> whole_bytes;
  bool crosses_hosts = false;
  unsigned consumers_low = 1;           // 0: messages may be published where nobody is there to take them
  std::string broker;                   // the server that its trials need; empty: none
  std::vector<std::string> durability;  // what an accepted message outlives: "nothing", "server", "machine"
  Cost cost;  // none where a broker is: nobody has probed what that does for a message
};

struct Param {
  std::string name;
  std::string unit;  // "B", "items", "flag" or "choice"
  ParamValue fallback;
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::vector<std::string> choices;
  std::string help;

  static Param bytes(std::string name, std::int64_t fallback, std::int64_t low, std::int64_t high,
                     std::string help) {
    return {std::move(name), "B", fallback, low, high, {}, std::move(help)};
  }
  static Param items(std::string name, std::int64_t fallback, std::int64_t low, std::int64_t high,
                     std::string help) {
    return {std::move(name), "items", fallback, low, high, {}, std::move(help)};
  }
  static Param flag(std::string name, bool fallback, std::string help) {
    return {std::move(name), "flag", std::int64_t{fallback}, 0, 1, {}, std::move(help)};
  }
  static Param choice(std::string name, std::vector<std::string> choices, std::string help) {
    std::string first = choices.front();
    return {std::move(name), "choice", std::move(first), 0, 0, std::move(choices), std::move(help)};
  }
};

struct Description {
  std::string name;
  std::string summary;
  Facts facts;
  std::vector<Param> params;
  std::string reason;  // why it is unavailable here; empty when it is available
  std::string remedy;
};

// The values of a transport's parameters for one trial, defaults filled in and ranges checked.
class Params {
 public:
  Params(const Description& description, const std::map<std::string, std::string>& given);
  std::int64_t number(const std::string& name) const { return std::get<std::int64_t>(values_.at(name)); }
  const std::string& choice(const std::string& name) const { return std::get<std::string>(values_.at(name)); }

 private:
  std::map<std::string, ParamValue> values_;
};

// What the system granted for what was asked, in the words of the parameters.
using Granted = std::map<std::string, ParamValue>;

// One line of transports.def: how main.cpp reaches a mechanism.
struct Entry {
  Description (*describe)();
  int (*run)(const Options& options);
};

}  // namespace queuemark
