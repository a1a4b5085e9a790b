// Schedules: when each message is due, to the nanosecond and without drift; nothing is ever early.

#include "engine/schedule.hpp"

#include "tests/check.hpp"

using namespace queuemark;

namespace {

// n / rate in nanoseconds, for a rate given in thousandths.
std::uint64_t exactly(Sequence number, std::uint64_t rate_thousandths) {
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(number) * 1'000'000'000'000 /
                                    rate_thousandths);
}

void the_last_is_due_as_exactly_as_the_first() {
  for (const std::uint64_t thousandths : {1ul, 333ul, 3'000ul, 7'000ul, 33'300ul, 10'000'000ul,
                                          1'000'000'000ul, 2'718'281'828ul, 1'000'000'000'000ul}) {
    const Schedule schedule(static_cast<double>(thousandths) / 1000);
    CHECK(schedule.due(0) == 0);
    for (Sequence number = 1; exactly(number, thousandths) < 100'000'000'000'000; number = number * 3 + 1) {
      const auto due = static_cast<std::uint64_t>(schedule.due(number));
      const std::uint64_t wanted = exactly(number, thousandths);
      CHECK_THAT(due <= wanted + 1 && wanted <= due + 1,
                 std::to_string(thousandths) + "/" + std::to_string(number));
    }
  }
}

void no_message_is_counted_before_it_is_due() {
  test::Dice dice(5);
  for (int round = 0; round < 20'000; ++round) {
    const Schedule schedule(0.5 + static_cast<double>(dice.below(1'000'000'000)) / 3);
    const Sequence first = dice.below(1'000'000);
    const Nanoseconds elapsed = schedule.due(first) + static_cast<Nanoseconds>(dice.below(1'000'000));
    const std::uint64_t most = 1 + dice.below(5000);
    const std::uint64_t count = schedule.due_by(elapsed, first, most);
    CHECK(count >= 1 && count <= most && schedule.due(first + count - 1) <= elapsed);
    // A nanosecond's fraction may hide one; more would be a delay of our making.
    CHECK(count == most || schedule.due(first + count) + 1 >= elapsed);
  }
}

void waiting_is_never_too_short() {
  for (const bool crowded : {false, true}) {
    for (const Wait wait : {Wait::block, Wait::spin, Wait::spin_then_block}) {
      const Pacer pacer(wait, crowded);
      for (const Nanoseconds ahead : {-1'000'000, 0, 1, 1'000, 99'000, 101'000, 700'000}) {
        const Nanoseconds moment = now_ns() + ahead;
        const Nanoseconds told = pacer.wait_until(moment);
        CHECK(told >= moment && now_ns() >= told);
      }
    }
  }
}

}  // namespace

int main() {
  the_last_is_due_as_exactly_as_the_first();
  no_message_is_counted_before_it_is_due();
  waiting_is_never_too_short();
  return test::verdict();
}
