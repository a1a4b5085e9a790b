// The command line of one trial (docs/reference/runner-contract.md), read and checked.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/transport.hpp"

namespace queuemark {

enum class Pattern { share, fanout, pingpong };
enum class Policy { each, split, buffer, vector };
enum class Wait { block, spin, spin_then_block };
enum class Placement { spread, same, free };
enum class Dispatch { deal, compete };
enum class Ack { none, fence, each };
enum class FaultKind { none, flip, drop, duplicate, reorder, kill_consumer, stall_consumer };
enum class MessagesFormat { lines, u32 };

// Messages of one size in a mix of sizes: so many hundredths of a percent of all.
struct MixPart {
  std::uint64_t size_bytes;
  std::uint32_t hundredths;
};
constexpr std::uint32_t kMixPeriod = 10'000;  // what all parts of a mix add up to

struct Options {
  std::string transport;
  std::string run_id;
  std::uint64_t size_bytes = 64;  // of the largest, where sizes are mixed
  std::vector<MixPart> mix;       // empty: all messages have one size
  unsigned consumers = 1;
  Pattern pattern = Pattern::share;
  Dispatch dispatch = Dispatch::deal;
  Policy policy = Policy::each;
  std::uint64_t buffer_bytes = 0;
  std::uint64_t vector_items = 0;
  std::uint64_t linger_us = 0;
  std::uint64_t in_flight = 1;  // pingpong: requests on their way at once
  Ack ack = Ack::fence;
  std::uint64_t ack_window = 1;  // with Ack::each: messages that may wait for it at once
  Wait wait = Wait::block;
  Placement placement = Placement::spread;
  std::uint64_t items = 0;  // 0: for duration_s
  double duration_s = 0.2;
  double warmup_s = 0.01;
  std::optional<double> rate_per_s;  // messages offered a second, in sum; none: as many as are taken
  std::uint64_t stamp_every = 0;     // 0: chosen by the policy and the rate
  std::uint64_t seed = 1;
  std::uint64_t sample = 1;  // the content of one message in so many is compared
  std::string messages_path;
  MessagesFormat messages_format = MessagesFormat::lines;
  FaultKind fault = FaultKind::none;
  std::string fault_name;
  double stall_s = 5;
  double deadline_s = 600;
  int parent_pid = 0;
  // Where the ends are, for transports that cross hosts. consumer_netns: the path of the network namespace
  // that the consumers' ends are made in; empty: this one.
  std::string producer_address = "127.0.0.1";
  std::string consumer_address = "127.0.0.1";
  std::string consumer_netns;
  std::string server;  // where the broker is, for transports that need one
  std::map<std::string, std::string> params;
  bool lossless = true;  // as the transport's facts have it

  // Throws UsageError. `arguments` begins behind the word `trial`.
  static Options read(const std::vector<std::string>& arguments,
                      const std::vector<Description>& descriptions);

  // Throws UsageError when one call of the policy `vector` would have too much of messages this large. How
  // large a person's own are shows only in their file.
  void require_fitting_vector(std::uint64_t largest_bytes) const;

  // The most messages that are sent: competing consumers mark what they saw in bitmaps, and a timed trial's
  // are made for this many a second (memory is taken only as far as numbers come); its producer stops there.
  std::uint64_t items_high() const {
    constexpr double kNumbersPerSecond = 250e6;
    if (items) return items;
    return static_cast<std::uint64_t>((duration_s < 0.5 ? 1.0 : 2 * duration_s) * kNumbersPerSecond);
  }

  bool own_messages() const { return !messages_path.empty(); }
  // Whether a receiver can tell messages apart by counting bytes.
  bool one_size() const { return !own_messages() && mix.empty(); }
  // Messages too small for a number, of which only values can be counted where consumers compete.
  bool bare_values() const { return one_size() && size_bytes < 8; }

  bool competing() const { return dispatch == Dispatch::compete; }
  bool fans_out() const { return pattern == Pattern::fanout; }
  // Each message is a request, and whoever gets it replies.
  bool pingpong() const { return pattern == Pattern::pingpong; }
  // How many consumers each message is for.
  unsigned copies() const { return fans_out() || !consumers ? consumers : 1; }
  // Numberings: one a consumer where messages are dealt; one for all where they compete, or all get the same.
  unsigned streams() const { return competing() || fans_out() || !consumers ? 1 : consumers; }
  unsigned stream_of(unsigned consumer) const { return streams() == 1 ? 0 : consumer; }
};

}  // namespace queuemark
