#include "engine/schedule.hpp"

#include <sys/prctl.h>
#include <time.h>

#include <cerrno>

namespace queuemark {

Pacer::Pacer(Wait wait, bool crowded)
    : spins_(!crowded),
      sleeps_above_ns_(crowded              ? 0
                       : wait == Wait::spin ? INT64_MAX
                                            : kSpinNs) {
  // By default the kernel may let a sleeper lie 50 us longer, to wake several at once (prctl(2)).
  prctl(PR_SET_TIMERSLACK, 1);
}

Nanoseconds Pacer::sleep_until(Nanoseconds moment) {
  const timespec until{moment / 1'000'000'000, moment % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
  return now_ns();
}

}  // namespace queuemark
