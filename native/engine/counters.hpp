// Hardware counters of one process: what its messages cost in cycles, instructions and cache misses, where
// the machine counts them (perf_event_open(2)).
//
// 1. The events are one group: they count during the same time, so that they can be divided by each other.
// 2. In user and kernel mode where that is allowed, else in user mode alone, and it is said.
// 3. Opened before the window; at each of its edges there is one call. Where nothing could be opened, none.
// 4. Where others needed the counters, too, counts are reckoned up from the time that they ran to the time
//    in which they were to run (the manual's own way), and both are told.
#pragma once

#include <linux/perf_event.h>

#include <array>
#include <cstdint>
#include <string>

#include "engine/clock.hpp"
#include "engine/descriptor.hpp"

namespace queuemark {

struct CountedEvent {
  const char* name;  // in a result
  std::uint32_t type;
  std::uint64_t config;
};

constexpr std::size_t kCountedEvents = 4;
using CountedEvents = std::array<CountedEvent, kCountedEvents>;

constexpr CountedEvents kHardwareEvents{{
    {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
    {"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
    {"cache_references", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES},
    {"cache_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
}};

// What was counted in the window, of one worker or summed over all.
struct EventCounts {
  std::array<std::uint64_t, kCountedEvents> counts{};
  std::array<bool, kCountedEvents> counted{};
  bool user_only = false;
  int error = 0;  // errno of the first event that was not counted; EBUSY: the counters never had time for it
  Nanoseconds enabled_ns = 0;
  Nanoseconds running_ns = 0;

  // An event counts in the sum only where every worker counted it.
  void add(const EventCounts& other);
  // Why something is missing, and what to do about it; empty when nothing is.
  std::string reason() const;
};

class Counters {
 public:
  // Opens them for the calling process; never throws for what cannot be had.
  explicit Counters(const CountedEvents& events = kHardwareEvents);
  void start() const;
  EventCounts read() const;

 private:
  void open(const CountedEvent& event, Descriptor& into);

  std::array<Descriptor, kCountedEvents> events_;
  int leader_ = -1;
  bool user_only_ = false;
  int error_ = 0;
};

}  // namespace queuemark
