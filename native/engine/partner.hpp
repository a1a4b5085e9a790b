// The second process of a probe, on a cpu of its own or on the same, and how the two take turns.
//
// It does its work for ever; it ends when the one who started it no longer needs it, or dies
// (PR_SET_PDEATHSIG). Who waits for it looks now and then whether it still lives: a probe never hangs.
#pragma once

#include <atomic>
#include <functional>

#include "engine/clock.hpp"
#include "engine/shared.hpp"

namespace queuemark {

class Partner {
 public:
  // work: never returns; what it throws ends the process, and check() tells it. Throws SystemError.
  Partner(int cpu, const std::function<void()>& work);
  ~Partner();
  Partner(const Partner&) = delete;
  Partner& operator=(const Partner&) = delete;

  // Throws SystemError when it has ended.
  void check();

 private:
  SharedMemory memory_;
  char* complaint_;
  int pid_ = 0;
  bool ended_ = false;
};

// A word that two processes on two cores take turns at, by looking at it again and again.
class Turn {
 public:
  // Even: the first one's turn; odd: the partner's. Each hands over by the next count.
  void give(std::uint32_t count) { count_.store(count, std::memory_order_release); }
  bool is(std::uint32_t count) const {
    // Acquire pairs with the release of give(): what was done in a turn is seen in the next one.
    return count_.load(std::memory_order_acquire) == count;
  }
  void await(std::uint32_t count) const {
    while (!is(count)) cpu_relax();
  }
  void await(std::uint32_t count, Partner& partner) const {
    for (std::uint32_t looks = 1; !is(count); ++looks) {
      cpu_relax();
      if (looks % kLooksPerCheck == 0) partner.check();
    }
  }

 private:
  static constexpr std::uint32_t kLooksPerCheck = 1 << 16;

  alignas(kLine) std::atomic<std::uint32_t> count_{0};
};

// A partner on another core that does its share when it is asked to, and says how long that took.
class Alternating {
 public:
  Alternating(int cpu, const std::function<void()>& share);

  // Has the partner do its share once; returns how long it took.
  Nanoseconds ask();

 private:
  struct Board {
    Turn turn;
    alignas(kLine) Nanoseconds elapsed_ns = 0;
  };

  SharedMemory memory_;
  Board* board_;
  std::uint32_t count_ = 0;
  Partner partner_;
};

}  // namespace queuemark
