// A count that one process stores and another waits for, in memory that both map; who waits may sleep, and is
// then woken by a doorbell (futex(2)).
//
// A call is made only to sleep, and only for a sleeper. Nobody oversleeps: the waiter says in `sleeps_` that
// it will sleep and looks at the count once more; the other end stores the count and then looks at `sleeps_`.
// These four are sequentially consistent, so they have one order, and in it either the store comes before
// that last look, which sees it, or `sleeps_` was set before it was looked at, and the bell is rung. The
// kernel compares `sleeps_` once more before it lets anybody sleep, so a bell that rings in between is heard.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>

#include "engine/clock.hpp"
#include "engine/error.hpp"
#include "engine/shared.hpp"

namespace queuemark {

// How long an end looks again and again before it sleeps.
struct WaitStrategy {
  static constexpr Nanoseconds kForever = INT64_MAX;

  Nanoseconds spin_ns = kForever;
  bool gathers = true;  // what many messages gain by is worth more than what one of them waits

  bool sleeps() const { return spin_ns != kForever; }

  // Looks until `come` says so; false when the time is up before. pauses: before each look, kept by the
  // caller. gain(): how far the other end has come since before the first look.
  //
  // Each look takes the count's line away from the one who is about to store to it. Who finds at the first
  // look that the other end has moved, or by more than one, is on its heels and slows it down for a few
  // messages; so the next time it looks later, up to some microseconds, and finds many. Where single ones
  // come, after many looks, it looks sooner. Where the time of each message is asked for, nobody looks later.
  template <class Come, class Gain>
  bool spin(Come&& come, Gain&& gain, unsigned& pauses) const {
    if (!spin_ns) return false;
    const Nanoseconds end_ns = sleeps() ? now_ns() + spin_ns : kForever;
    for (unsigned looks = 1;; ++looks) {
      for (unsigned i = 0; i < pauses; ++i) cpu_relax();
      if (come()) {
        if (!gathers) return true;
        if (looks == 1 || gain() > 1) {
          pauses = std::min(2 * pauses, kPausesHigh);
        } else if (looks > kLooksHigh) {
          pauses = std::max(pauses / 2, 1u);
        }
        return true;
      }
      if (sleeps() && now_ns() >= end_ns) return false;
    }
  }

 private:
  static constexpr unsigned kPausesHigh = 256, kLooksHigh = 4;
};

class WatchedCount {
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "a lock would be one process's own");
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t), "futex(2) takes a plain word");

 public:
  // `ring`: the other end may be asleep. Every call is counted.
  void store(std::uint64_t count, bool ring, std::uint64_t& calls) {
    if (!ring) {
      // Release pairs with the loads in wait_until(): who sees the count sees all that was done before.
      count_.store(count, std::memory_order_release);
      return;
    }
    // Pairs with the last look in sleep_until(), as told above; it releases as well.
    count_.store(count, std::memory_order_seq_cst);
    if (sleeps_.load(std::memory_order_seq_cst)) [[unlikely]]
      wake(calls);
  }

  // Waits until `enough(count)`, and returns that count. pauses: see WaitStrategy::spin. Throws SystemError.
  template <class Enough>
  std::uint64_t wait_until(Enough&& enough, WaitStrategy strategy, unsigned& pauses, std::uint64_t& calls) {
    std::uint64_t count = 0;
    const auto come = [&] {
      // Acquire pairs with store()'s release. As the last look before sleeping it is one of the four that
      // have one order; a sequentially consistent load costs no more than an acquiring one.
      count = count_.load(std::memory_order_seq_cst);
      return enough(count);
    };
    if (come()) return count;
    const auto gain = [&, before = count] { return count - before; };
    if (!strategy.spin(come, gain, pauses)) sleep_until(come, calls);
    return count;
  }

  // Waits until `enough(count)`, or for a moment at the longest; says whether it is enough. Throws
  // SystemError.
  template <class Enough>
  bool comes_by(Enough&& enough, bool sleeps, Nanoseconds moment, std::uint64_t& calls) {
    const auto come = [&] { return enough(count_.load(std::memory_order_seq_cst)); };
    while (!come()) {
      const Nanoseconds left = moment - now_ns();
      if (left <= 0) return false;
      if (!sleeps) {
        cpu_relax();
        continue;
      }
      // As in sleep_until().
      sleeps_.store(1, std::memory_order_seq_cst);
      if (!come()) sleep(calls, left);
      sleeps_.store(0, std::memory_order_relaxed);
    }
    return true;
  }

 private:
  template <class Come>
  void sleep_until(Come& come, std::uint64_t& calls) {
    do {
      // Pairs with the load of sleeps_ in store().
      sleeps_.store(1, std::memory_order_seq_cst);
      if (come()) break;
      sleep(calls);
    } while (!come());
    // Relaxed: who still sees the 1 makes a needless call, no more.
    sleeps_.store(0, std::memory_order_relaxed);
  }

  // Between processes, so not FUTEX_PRIVATE. most_ns: the longest; 0: until it is woken.
  void sleep(std::uint64_t& calls, Nanoseconds most_ns = 0) {
    const timespec most{most_ns / 1'000'000'000, most_ns % 1'000'000'000};
    ++calls;
    if (syscall(SYS_futex, &sleeps_, FUTEX_WAIT, 1, most_ns ? &most : nullptr, nullptr, 0) >= 0) return;
    if (errno != EAGAIN && errno != EINTR && errno != ETIMEDOUT)
      throw_system("sleep until the other end of the ring moves (futex)");
  }

  // Takes the sleeper's word back, so that each sleep is ended by one call and not by every store until the
  // sleeper is up. Sequentially consistent: it must not be seen before the count that it announces.
  void wake(std::uint64_t& calls) {
    if (!sleeps_.exchange(0, std::memory_order_seq_cst)) return;
    ++calls;
    if (syscall(SYS_futex, &sleeps_, FUTEX_WAKE, 1, nullptr, nullptr, 0) < 0) {
      throw_system("wake the other end of the ring (futex)");
    }
  }

  alignas(kLine) std::atomic<std::uint64_t> count_{0};
  alignas(kLine) std::atomic<std::uint32_t> sleeps_{0};
};

}  // namespace queuemark
