// When each message of a paced trial is due, and the waiting for it.
#pragma once

#include <cstdint>

#include "engine/clock.hpp"
#include "engine/content.hpp"
#include "engine/options.hpp"

namespace queuemark {

// Message n is due n / rate after the window's opening. The interval is held in nanoseconds and 2^64ths of
// one, so the last of 2^47 messages is due as exactly as the first: nothing is added up.
class Schedule {
 public:
  explicit Schedule(double rate_per_s) : Schedule(1e9L / static_cast<long double>(rate_per_s), Interval{}) {}

  // Nanoseconds after the opening.
  Nanoseconds due(Sequence number) const {
    const auto parts = static_cast<unsigned __int128>(number) * fraction_;
    return static_cast<Nanoseconds>(number * whole_ns_ + static_cast<std::uint64_t>(parts >> 64));
  }
  // How many of the messages from `first` on, which is due, are due by then; `most` at the most, perhaps too
  // few.
  std::uint64_t due_by(Nanoseconds elapsed_ns, Sequence first, std::uint64_t most) const {
    if (most == 1) return 1;
    const auto spare = static_cast<long double>(elapsed_ns - due(first)) / interval_ns();
    std::uint64_t count = most;
    if (spare < static_cast<long double>(most - 1)) count = static_cast<std::uint64_t>(spare) + 1;
    while (count > 1 && due(first + count - 1) > elapsed_ns) --count;
    return count;
  }
  Nanoseconds interval_high_ns() const { return static_cast<Nanoseconds>(whole_ns_) + 1; }

 private:
  struct Interval {};
  Schedule(long double interval_ns, Interval)
      : whole_ns_(static_cast<std::uint64_t>(interval_ns)),
        fraction_(static_cast<std::uint64_t>((interval_ns - static_cast<long double>(whole_ns_)) * kOne)) {}
  long double interval_ns() const {
    return static_cast<long double>(whole_ns_) + static_cast<long double>(fraction_) / kOne;
  }
  static constexpr long double kOne = 18446744073709551616.0L;  // 2^64

  std::uint64_t whole_ns_;
  std::uint64_t fraction_;
};

// Waits for a moment. While much time is left it sleeps, the rest it spins: waking up takes longer than a
// message may be late. Where others need the cpu it only sleeps, since whoever is to receive may be one of
// them; where the trial's ends spin it only spins.
class Pacer {
 public:
  Pacer(Wait wait, bool crowded);

  // The time, which is `moment` or later.
  Nanoseconds wait_until(Nanoseconds moment) const {
    Nanoseconds now = now_ns();
    if (moment - now > sleeps_above_ns_) now = sleep_until(moment - (spins_ ? kSpinNs : 0));
    while (now < moment) {
      cpu_relax();
      now = now_ns();
    }
    return now;
  }

  // Who waits for something besides may sleep so long, and has to look again and again from then on.
  Nanoseconds sleeps_until(Nanoseconds moment) const {
    return sleeps_above_ns_ == INT64_MAX ? 0 : moment - (spins_ ? kSpinNs : 0);
  }

 private:
  static constexpr Nanoseconds kSpinNs = 100'000;

  static Nanoseconds sleep_until(Nanoseconds moment);

  bool spins_;
  Nanoseconds sleeps_above_ns_;
};

}  // namespace queuemark
