// The lines that a runner prints: docs/reference/runner-contract.md, queuemark/model/events.py.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/fault.hpp"
#include "engine/histogram.hpp"
#include "engine/json.hpp"
#include "engine/options.hpp"
#include "engine/shared.hpp"
#include "engine/transport.hpp"

namespace queuemark {

enum class State { ok, failed, unavailable };

struct ConsumerResult {
  std::vector<int> cpus;
  std::optional<std::uint64_t> dealt;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  Nanoseconds window_ns = 0;
  Tally tally;
};

struct MadeFault {
  std::string name;
  std::optional<unsigned> consumer;
  std::uint64_t message = 0;
};

struct LatencyResult {
  const char* kind = "one-way";
  std::uint64_t every = 1;
  std::uint64_t missed = 0;
  HistogramSum histogram;
  std::optional<HistogramSum> raw;  // of a paced trial, as `pacing`
  std::uint64_t raw_every = 1;
  std::optional<HistogramSum> pacing;
};

struct ProgressPoint {
  Nanoseconds elapsed_ns;
  std::uint64_t delivered;
};

struct TrialResult {
  State state = State::failed;
  bool performed = false;  // else it was not even begun
  std::string reason;
  std::string remedy;
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t round_trips = 0;
  Nanoseconds window_ns = 0;
  Nanoseconds send_window_ns = 0;
  Nanoseconds outside_ns = 0;
  std::uint64_t peak_memory_bytes = 0;
  bool oversubscribed = false;
  std::optional<MadeFault> injected;
  Granted granted;
  std::vector<int> producer_cpus;
  Tally producer;
  std::optional<EventCounts> events;  // summed over the workers; none of a trial that was cut off
  std::vector<ConsumerResult> consumers;
  std::optional<LatencyResult> latency;
  std::vector<ProgressPoint> progress;
};

std::string ready_event(const Options& options, int producer_pid, const std::vector<int>& consumer_pids,
                        const Granted& granted);
std::string tick_event(Nanoseconds elapsed_ns, std::uint64_t sent, std::uint64_t delivered);
std::string result_event(const std::string& run_id, std::uint64_t seed, const TrialResult& result);
std::string listing(const std::vector<Description>& descriptions);

// Writes one line to standard output at once. Throws SystemError: an event that nobody gets is not an event.
void print_line(const std::string& line);

}  // namespace queuemark
