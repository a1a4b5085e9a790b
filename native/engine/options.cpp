#include "engine/options.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "engine/clock.hpp"
#include "engine/error.hpp"

namespace queuemark {
namespace {

constexpr std::uint64_t kConsumersHigh = 1024;
constexpr std::uint64_t kInFlightHigh = 65536;
constexpr std::uint64_t kBufferHighBytes = 16 * 1024 * 1024;
constexpr std::uint64_t kSizeHighBytes = 1u << 30;
constexpr std::uint64_t kMixedSizeLowBytes = 8;  // a sequence number
constexpr std::size_t kMixPartsHigh = 64;
constexpr std::uint64_t kVectorHighItems = 1024;              // IOV_MAX, and the most of sendmmsg(2)
constexpr std::uint64_t kVectorHighBytes = 64 * 1024 * 1024;  // of the largest messages of one call
constexpr double kRateLow = 0.001, kRateHigh = 1e9;           // a message a nanosecond
constexpr std::uint64_t kAckWindowDefault = 64, kAckWindowHigh = 65536;
constexpr std::uint64_t kItemsHigh = std::uint64_t{1} << 47;  // a sequence number has 48 bits

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::uint64_t whole(const std::string& option, const std::string& text, std::uint64_t low,
                    std::uint64_t high) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < low || number > high) {
    throw UsageError(option + " takes a whole number from " + std::to_string(low) + " to " +
                     std::to_string(high) + ", got '" + text + "'");
  }
  return number;
}

double seconds(const std::string& option, const std::string& text, double low) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number) || number < low ||
      number > 86400) {
    throw UsageError(option + " takes seconds, at most 86400, got '" + text + "'");
  }
  return number;
}

double rate(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !(number >= kRateLow) ||
      number > kRateHigh) {
    throw UsageError("--rate takes messages a second, from 0.001 to 1000000000, got '" + text + "'");
  }
  return number;
}

template <class T>
T one_of(const std::string& option, const std::string& text, const std::map<std::string, T>& words) {
  const auto found = words.find(text);
  if (found != words.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [word, meaning] : words) known.push_back(word);
  throw UsageError(option + " takes one of " + joined(known) + ", got '" + text + "'");
}

// Hundredths of a percent, exactly, from a number of percents with at most two decimals.
std::uint32_t hundredths(const std::string& text) {
  const auto point = text.find('.');
  const std::string decimals = point == std::string::npos ? "" : text.substr(point + 1);
  if (decimals.size() > 2 || (point != std::string::npos && decimals.empty())) {
    throw UsageError("a share in --mix takes percents with at most two decimals, got '" + text + "'");
  }
  std::string digits = decimals;
  digits.resize(2, '0');
  return static_cast<std::uint32_t>(100 * whole("a share in --mix", text.substr(0, point), 0, 99) +
                                    whole("a share in --mix", digits, 0, 99));
}

// SIZE:PERCENT,..., smallest size first: a mix is the same however it was written.
void read_mix(Options& options, const std::string& text) {
  std::uint32_t sum = 0;
  for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    end = text.find(',', begin);
    const std::string part = text.substr(begin, end == std::string::npos ? end : end - begin);
    const auto colon = part.find(':');
    if (colon == std::string::npos) {
      throw UsageError("--mix takes SIZE:PERCENT,SIZE:PERCENT,..., got '" + text + "'");
    }
    const std::uint64_t size_bytes =
        whole("a size in --mix", part.substr(0, colon), kMixedSizeLowBytes, kSizeHighBytes);
    const std::uint32_t share = hundredths(part.substr(colon + 1));
    if (!share)
      throw UsageError("--mix has no messages of " + std::to_string(size_bytes) + " bytes at 0 percent");
    options.mix.push_back({size_bytes, share});
    sum += share;
  }
  std::sort(options.mix.begin(), options.mix.end(),
            [](const MixPart& one, const MixPart& other) { return one.size_bytes < other.size_bytes; });
  const auto twice = std::adjacent_find(
      options.mix.begin(), options.mix.end(),
      [](const MixPart& one, const MixPart& other) { return one.size_bytes == other.size_bytes; });
  if (twice != options.mix.end()) {
    throw UsageError("--mix names the size " + std::to_string(twice->size_bytes) + " twice");
  }
  if (options.mix.size() > kMixPartsHigh) {
    throw UsageError("--mix takes at most " + std::to_string(kMixPartsHigh) + " sizes");
  }
  if (sum != kMixPeriod) throw UsageError("the shares in --mix do not add up to 100 percent: '" + text + "'");
}

void read_policy(Options& options, const std::string& text) {
  const auto colon = text.find(':');
  options.policy = one_of<Policy>("--policy", text.substr(0, colon),
                                  {{"each", Policy::each},
                                   {"split", Policy::split},
                                   {"buffer", Policy::buffer},
                                   {"vector", Policy::vector}});
  const bool valued = colon != std::string::npos;
  const bool buffers = options.policy == Policy::buffer, gathers = options.policy == Policy::vector;
  if (valued != (buffers || gathers)) {
    throw UsageError("--policy takes each, split, buffer:BYTES or vector:N, got '" + text + "'");
  }
  const std::string value = valued ? text.substr(colon + 1) : "";
  if (buffers) options.buffer_bytes = whole("--policy buffer", value, 1, kBufferHighBytes);
  if (gathers) options.vector_items = whole("--policy vector", value, 1, kVectorHighItems);
}

// A mix has its sizes from itself; the largest, when said too, is the same.
void settle_mix(Options& options, bool sized) {
  if (options.mix.empty()) return;
  if (options.own_messages()) throw UsageError("--mix and --messages exclude each other");
  const std::uint64_t largest = options.mix.back().size_bytes;
  if (sized && options.size_bytes != largest) {
    throw UsageError("--size " + std::to_string(options.size_bytes) + " is not the largest size of --mix, " +
                     std::to_string(largest));
  }
  options.size_bytes = largest;
}

void read_verify(Options& options, const std::string& text) {
  if (text == "full") {
    options.sample = 1;
  } else if (text.rfind("sample:", 0) == 0) {
    options.sample = whole("--verify sample", text.substr(7), 1, kItemsHigh);
  } else {
    throw UsageError("--verify takes full or sample:K, got '" + text + "'");
  }
}

void read_param(Options& options, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) throw UsageError("-P takes NAME=VALUE, got '" + text + "'");
  options.params[text.substr(0, equals)] = text.substr(equals + 1);
}

void read_run_id(Options& options, const std::string& text) {
  const bool fine = !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return c == '-' || std::isalnum(static_cast<unsigned char>(c));
  });
  if (!fine) throw UsageError("--run-id takes at most 64 letters, digits and '-', got '" + text + "'");
  options.run_id = text;
}

std::string ipv4_address(const std::string& option, const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) == 1) return text;
  throw UsageError(option + " takes an IPv4 address, got '" + text + "'");
}

const Description& known(const std::string& name, const std::vector<Description>& descriptions) {
  std::vector<std::string> names;
  for (const auto& description : descriptions) {
    if (description.name == name) return description;
    names.push_back(description.name);
  }
  throw UsageError("unknown transport '" + name + "'; known: " + joined(names));
}

void require(const std::string& what, const std::string& value, const std::vector<std::string>& offered,
             const std::string& transport) {
  if (std::find(offered.begin(), offered.end(), value) == offered.end()) {
    throw UsageError(transport + " cannot do " + what + " " + value + "; it offers " + joined(offered));
  }
}

// Where nothing is said of it.
std::string preferred_ack(const Facts& facts) {
  const bool fences = std::ranges::find(facts.acks, "fence") != facts.acks.end();
  const std::string first = fences ? "fence" : facts.acks.front();
  return first == "window" ? "window:" + std::to_string(kAckWindowDefault) : first;
}

// As read_policy.
void read_ack(Options& options, const std::string& text, const Facts& facts) {
  const auto colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const bool valued = colon != std::string::npos;
  options.ack =
      one_of<Ack>("--ack", name,
                  {{"none", Ack::none}, {"fence", Ack::fence}, {"each", Ack::each}, {"window", Ack::each}});
  if (valued != (name == "window")) {
    throw UsageError("--ack takes none, fence, each or window:N, got '" + text + "'");
  }
  if (valued) options.ack_window = whole("--ack window", text.substr(colon + 1), 1, kAckWindowHigh);
  require("ack", name, facts.acks, options.transport);
}

// Where nothing is said of it: what the transport names first, and where messages are not to be shared, a way
// of their own to each consumer.
std::string preferred_dispatch(const Facts& facts, Pattern pattern) {
  const auto& offered = facts.dispatches;
  const bool deals = std::find(offered.begin(), offered.end(), "deal") != offered.end();
  return pattern != Pattern::share && deals ? "deal" : offered.front();
}

void check_pingpong(const Options& options) {
  if (!options.pingpong()) {
    if (options.in_flight > 1) throw UsageError("--in-flight goes with --pattern pingpong");
    return;
  }
  if (options.policy != Policy::each && options.policy != Policy::split) {
    throw UsageError(
        "--pattern pingpong takes a message a call, --policy each or split: a reply that waits "
        "for others would be waited for");
  }
  if (options.stamp_every > 1) {
    throw UsageError("--stamp-every does not go with --pattern pingpong: every round trip is timed");
  }
  if (options.ack == Ack::each) {
    throw UsageError("--pattern pingpong takes --ack fence or none: each reply confirms its request");
  }
  if (options.competing() && options.consumers > 1) {
    throw UsageError(
        "--pattern pingpong with --dispatch compete takes one consumer: whose reply comes next "
        "could not be told");
  }
}

// Messages that nobody is there to take.
void check_unreceived(const Options& options, const Facts& facts) {
  if (options.consumers < facts.consumers_low) {
    throw UsageError("--consumers takes a whole number from " + std::to_string(facts.consumers_low) +
                     " on: " + options.transport + " has nowhere to put what nobody takes");
  }
  if (options.consumers) return;
  if (options.pingpong())
    throw UsageError("--pattern pingpong takes consumers that reply, got --consumers 0");
  if (options.fault != FaultKind::none) {
    throw UsageError("--inject takes consumers that notice the fault, got --consumers 0");
  }
}

void check_broker(const Options& options, const Facts& facts) {
  if (facts.broker.empty() == options.server.empty()) return;
  if (facts.broker.empty()) throw UsageError(options.transport + " needs no broker; leave --server out");
  throw UsageError(options.transport + " needs a broker; name one that runs, with --server URL");
}

// What the words of the command line mean together, and for this transport.
void check(const Options& options, const Facts& facts, const std::string& dispatch, const std::string& policy,
           const std::string& wait, bool placed) {
  require("dispatch", dispatch, facts.dispatches, options.transport);
  require("policy", policy.substr(0, policy.find(':')), facts.policies, options.transport);
  require("wait", wait, facts.waits, options.transport);
  if (!options.own_messages() && options.size_bytes > facts.max_size_bytes) {
    throw UsageError("--size " + std::to_string(options.size_bytes) + " is above the largest message of " +
                     options.transport + " here, " + std::to_string(facts.max_size_bytes) + " bytes");
  }
  if (!options.own_messages()) options.require_fitting_vector(options.size_bytes);
  const std::uint64_t written =
      std::max({options.size_bytes, options.buffer_bytes, options.size_bytes * options.vector_items});
  if (facts.whole_bytes && options.consumers > 1 && options.one_size() && written > *facts.whole_bytes) {
    throw UsageError(options.transport + " with several consumers keeps a write whole only up to " +
                     std::to_string(*facts.whole_bytes) +
                     " bytes; take smaller messages, a smaller buffer or a shorter vector");
  }
  if (options.fans_out() && options.competing()) {
    throw UsageError("--pattern fanout needs --dispatch deal: what competes for a message gets it alone");
  }
  check_pingpong(options);
  check_unreceived(options, facts);
  check_broker(options, facts);
  if (placed && !facts.crosses_hosts) {
    throw UsageError(
        options.transport +
        " stays on one host: --producer-address, --consumer-address and --consumer-netns go with "
        "transports that cross hosts");
  }
  if (options.linger_us && options.policy != Policy::buffer) {
    throw UsageError("--linger-us goes with --policy buffer:BYTES");
  }
  if (options.fault == FaultKind::reorder && options.competing() && options.consumers > 1) {
    throw UsageError(
        "--inject reorder: where several consumers compete nobody can see the order of two "
        "messages that different consumers took; use --consumers 1");
  }
}

}  // namespace

Options Options::read(const std::vector<std::string>& arguments,
                      const std::vector<Description>& descriptions) {
  if (arguments.empty()) throw UsageError("trial needs the name of a transport; see: queuemark-runner list");
  Options options;
  options.transport = arguments.front();
  const Description& description = known(options.transport, descriptions);
  options.lossless = description.facts.lossless;
  std::string policy = "each", wait = "block";
  std::optional<std::string> dispatched, acked;
  bool timed = false, sized = false, placed = false;

  const std::map<std::string, std::function<void(const std::string&)>> readers{
      {"--run-id", [&](const auto& text) { read_run_id(options, text); }},
      {"--size",
       [&](const auto& text) {
         options.size_bytes = whole("--size", text, 1, kSizeHighBytes);
         sized = true;
       }},
      {"--mix", [&](const auto& text) { read_mix(options, text); }},
      {"--consumers",
       [&](const auto& text) {
         options.consumers = static_cast<unsigned>(whole("--consumers", text, 0, kConsumersHigh));
       }},
      {"--pattern",
       [&](const auto& text) {
         options.pattern = one_of<Pattern>(
             "--pattern", text,
             {{"share", Pattern::share}, {"fanout", Pattern::fanout}, {"pingpong", Pattern::pingpong}});
         require("pattern", text, description.facts.patterns, options.transport);
       }},
      {"--dispatch", [&](const auto& text) { dispatched = text; }},
      {"--policy", [&](const auto& text) { policy = text; }},
      {"--linger-us",
       [&](const auto& text) { options.linger_us = whole("--linger-us", text, 0, 1'000'000); }},
      {"--in-flight",
       [&](const auto& text) { options.in_flight = whole("--in-flight", text, 1, kInFlightHigh); }},
      {"--ack", [&](const auto& text) { acked = text; }},
      {"--wait", [&](const auto& text) { wait = text; }},
      {"--placement",
       [&](const auto& text) {
         options.placement = one_of<Placement>(
             "--placement", text,
             {{"spread", Placement::spread}, {"same", Placement::same}, {"free", Placement::free}});
       }},
      {"--items", [&](const auto& text) { options.items = whole("--items", text, 1, kItemsHigh); }},
      {"--duration",
       [&](const auto& text) {
         options.duration_s = seconds("--duration", text, 1e-6);
         timed = true;
       }},
      {"--warmup", [&](const auto& text) { options.warmup_s = seconds("--warmup", text, 0); }},
      {"--rate", [&](const auto& text) { options.rate_per_s = rate(text); }},
      {"--stamp-every",
       [&](const auto& text) { options.stamp_every = whole("--stamp-every", text, 1, kItemsHigh); }},
      {"--seed", [&](const auto& text) { options.seed = whole("--seed", text, 0, INT64_MAX); }},
      {"--verify", [&](const auto& text) { read_verify(options, text); }},
      {"--messages", [&](const auto& text) { options.messages_path = text; }},
      {"--messages-format",
       [&](const auto& text) {
         options.messages_format = one_of<MessagesFormat>(
             "--messages-format", text, {{"lines", MessagesFormat::lines}, {"u32", MessagesFormat::u32}});
       }},
      {"--inject",
       [&](const auto& text) {
         options.fault_name = text;
         options.fault = one_of<FaultKind>("--inject", text,
                                           {{"flip", FaultKind::flip},
                                            {"drop", FaultKind::drop},
                                            {"duplicate", FaultKind::duplicate},
                                            {"reorder", FaultKind::reorder},
                                            {"kill-consumer", FaultKind::kill_consumer},
                                            {"stall-consumer", FaultKind::stall_consumer}});
       }},
      {"--stall", [&](const auto& text) { options.stall_s = seconds("--stall", text, 0.05); }},
      {"--deadline", [&](const auto& text) { options.deadline_s = seconds("--deadline", text, 0.05); }},
      {"--parent",
       [&](const auto& text) {
         options.parent_pid = static_cast<int>(whole("--parent", text, 1, INT32_MAX));
       }},
      {"--producer-address",
       [&](const auto& text) {
         options.producer_address = ipv4_address("--producer-address", text);
         placed = true;
       }},
      {"--consumer-address",
       [&](const auto& text) {
         options.consumer_address = ipv4_address("--consumer-address", text);
         placed = true;
       }},
      {"--consumer-netns",
       [&](const auto& text) {
         options.consumer_netns = text;
         placed = true;
       }},
      {"--server", [&](const auto& text) { options.server = text; }},
      {"--role",
       [&](const auto& text) {
         if (text == "producer" || text == "consumer") {
           throw UsageError("--role " + text +
                            " is reserved for trials across hosts, which this version of "
                            "the runner does not make; leave it out or write --role all");
         }
         one_of<int>("--role", text, {{"all", 0}});
       }},
      {"-P", [&](const auto& text) { read_param(options, text); }},
  };

  for (std::size_t i = 1; i < arguments.size(); i += 2) {
    const auto reader = readers.find(arguments[i]);
    if (reader == readers.end()) {
      throw UsageError("unknown option '" + arguments[i] + "'; see: queuemark-runner --help");
    }
    if (i + 1 == arguments.size()) throw UsageError(arguments[i] + " needs a value");
    reader->second(arguments[i + 1]);
  }
  if (timed && options.items) throw UsageError("--items and --duration exclude each other");
  settle_mix(options, sized);
  read_policy(options, policy);
  read_ack(options, acked.value_or(preferred_ack(description.facts)), description.facts);
  options.wait = one_of<Wait>(
      "--wait", wait,
      {{"block", Wait::block}, {"spin", Wait::spin}, {"spin-then-block", Wait::spin_then_block}});
  const std::string dispatch = dispatched.value_or(preferred_dispatch(description.facts, options.pattern));
  options.dispatch =
      one_of<Dispatch>("--dispatch", dispatch, {{"deal", Dispatch::deal}, {"compete", Dispatch::compete}});
  if (options.run_id.empty()) {
    options.run_id = "run-" + std::to_string(getpid()) + "-" + std::to_string(now_ns());
  }
  check(options, description.facts, dispatch, policy, wait, placed);
  static_cast<void>(Params(description, options.params));
  return options;
}

void Options::require_fitting_vector(std::uint64_t largest_bytes) const {
  if (policy != Policy::vector || largest_bytes <= kVectorHighBytes / vector_items) return;
  throw UsageError("--policy vector:" + std::to_string(vector_items) + " with messages of " +
                   std::to_string(largest_bytes) + " bytes has more than " +
                   std::to_string(kVectorHighBytes) +
                   " bytes in a call; take a shorter vector or smaller messages");
}

Params::Params(const Description& description, const std::map<std::string, std::string>& given) {
  std::vector<std::string> names;
  for (const auto& param : description.params) {
    values_[param.name] = param.fallback;
    names.push_back(param.name);
  }
  for (const auto& [name, text] : given) {
    const auto param = std::find_if(description.params.begin(), description.params.end(),
                                    [&](const Param& each) { return each.name == name; });
    if (param == description.params.end()) {
      throw UsageError(description.name + " has no parameter '" + name + "'; it has " + joined(names));
    }
    if (param->unit == "choice") {
      require("parameter " + name, text, param->choices, description.name);
      values_[name] = text;
    } else {
      values_[name] =
          static_cast<std::int64_t>(whole("parameter " + name, text, static_cast<std::uint64_t>(param->low),
                                          static_cast<std::uint64_t>(param->high)));
    }
  }
}

}  // namespace queuemark
