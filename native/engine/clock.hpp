// One clock for everything: CLOCK_MONOTONIC, the same for all processes of one host (clock_gettime(2)).
#pragma once

#include <time.h>

#include <cstdint>

namespace queuemark {

using Nanoseconds = std::int64_t;

inline Nanoseconds now_ns() {
  timespec at{};
  clock_gettime(CLOCK_MONOTONIC, &at);
  return Nanoseconds{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
}

// User and system time of this process so far.
inline Nanoseconds cpu_time_ns() {
  timespec at{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
  return Nanoseconds{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
}

inline void sleep_ns(Nanoseconds duration) {
  const timespec span{duration / 1'000'000'000, duration % 1'000'000'000};
  nanosleep(&span, nullptr);
}

// Tells the core that this is a waiting loop, so that its sibling and the memory system get a rest.
inline void cpu_relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace queuemark
