// Counters: a group of events is counted together, and what is missing is told in words. Events of the
// kernel's own software stand in for those of the hardware, which many machines hide.

#include "engine/counters.hpp"

#include <cerrno>
#include <vector>

#include "tests/check.hpp"

using namespace queuemark;

namespace {

constexpr CountedEvent kTaskClock{"ns", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK};
constexpr CountedEvent kFaults{"faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS};
constexpr CountedEvent kNoSuch{"none", PERF_TYPE_SOFTWARE, 1 << 20};

void work_ns(Nanoseconds duration) {
  const Nanoseconds end = cpu_time_ns() + duration;
  while (cpu_time_ns() < end) cpu_relax();
}

void touch(std::size_t pages) {
  std::vector<char> fresh(pages << 12);
  for (std::size_t page = 0; page < pages; ++page) static_cast<volatile char*>(fresh.data())[page << 12] = 1;
}

bool possible() { return !Counters(CountedEvents{{kTaskClock, kFaults, kTaskClock, kFaults}}).read().error; }

void counted_together() {
  const Counters counters(CountedEvents{{kTaskClock, kFaults, kTaskClock, kFaults}});
  work_ns(2'000'000);
  counters.start();
  const Nanoseconds before = cpu_time_ns();
  touch(100);
  work_ns(1'000'000);
  const EventCounts found = counters.read();
  const Nanoseconds worked = cpu_time_ns() - before;
  CHECK(!found.error);
  CHECK(found.counted == (std::array{true, true, true, true}));
  CHECK(found.running_ns == found.enabled_ns);
  CHECK(found.enabled_ns >= 1'000'000);
  CHECK_THAT(found.counts[0] >= 1'000'000 && found.counts[0] <= static_cast<std::uint64_t>(worked) + 100'000,
             std::to_string(found.counts[0]) + " of " + std::to_string(worked));
  CHECK(found.counts[1] >= 100);
  CHECK(found.counts[1] == found.counts[3]);
}

void one_is_missing() {
  const Counters counters(CountedEvents{{kNoSuch, kTaskClock, kNoSuch, kFaults}});
  counters.start();
  touch(10);
  const EventCounts found = counters.read();
  CHECK(found.counted == (std::array{false, true, false, true}));
  CHECK(found.error == ENOENT || found.error == EINVAL);
  CHECK(found.counts[1] > 0);
  CHECK(found.counts[3] >= 10);
  CHECK(found.reason().starts_with("not available here: "));
}

void all_are_missing() {
  const Counters counters(CountedEvents{{kNoSuch, kNoSuch, kNoSuch, kNoSuch}});
  counters.start();
  const EventCounts found = counters.read();
  CHECK(found.counted == (std::array<bool, kCountedEvents>{}));
  CHECK(found.enabled_ns == 0);
  CHECK(!found.reason().empty());
}

void summed() {
  EventCounts one{{1, 2, 3, 4}, {true, true, true, true}, false, 0, 10, 10};
  const EventCounts other{{10, 20, 30, 40}, {true, false, true, true}, true, ENOENT, 20, 5};
  one.add(other);
  CHECK(one.counts == (std::array<std::uint64_t, kCountedEvents>{11, 22, 33, 44}));
  CHECK(one.counted == (std::array{true, false, true, true}));
  CHECK(one.user_only && one.error == ENOENT && one.enabled_ns == 30 && one.running_ns == 15);
}

void said() {
  EventCounts found;
  CHECK(found.reason().empty());
  found.user_only = true;
  CHECK(found.reason().starts_with("in user mode alone: "));
  for (const int error : {ENOENT, EACCES, EPERM, ENOSYS, EBUSY, EMFILE}) {
    found.error = error;
    CHECK_THAT(found.reason().starts_with("not available here: "), found.reason());
  }
}

}  // namespace

int main() {
  all_are_missing();
  summed();
  said();
  if (test::failures) return test::verdict();
  if (!possible()) {
    std::fprintf(stderr, "perf_event_open is not permitted here (kernel.perf_event_paranoid, seccomp)\n");
    return 77;
  }
  counted_together();
  one_is_missing();
  return test::verdict();
}
