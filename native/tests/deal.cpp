// The deal's arithmetic, against dealing out one by one; and faults that fall on a message that comes.

#include <vector>

#include "engine/error.hpp"
#include "engine/fault.hpp"
#include "tests/check.hpp"

using namespace queuemark;

namespace {

void one_by_one() {
  for (const unsigned streams : {1u, 2u, 3u, 4u, 32u}) {
    for (const std::uint64_t deal_items : {1, 2, 7, 1000}) {
      std::vector<std::uint64_t> counts(streams);
      for (std::uint64_t items = 0; items < 3000; ++items) {
        for (unsigned stream = 0; stream < streams; ++stream) {
          if (!CHECK(dealt_items(items, stream, streams, deal_items) == counts[stream])) return;
        }
        ++counts[items / deal_items % streams];
      }
    }
  }
}

void faults_fall_on_a_message() {
  for (const FaultKind kind : {FaultKind::flip, FaultKind::drop, FaultKind::duplicate, FaultKind::reorder,
                               FaultKind::kill_consumer, FaultKind::stall_consumer}) {
    for (const Dispatch dispatch : {Dispatch::deal, Dispatch::compete}) {
      for (const unsigned consumers : {1u, 4u}) {
        for (const std::uint64_t items : {1, 2, 3, 5, 1000}) {
          for (std::uint64_t seed = 0; seed < 200; ++seed) {
            Options options;
            options.fault = kind;
            options.dispatch = dispatch;
            options.consumers = consumers;
            options.items = items;
            options.seed = seed;
            const std::uint64_t needed = kind == FaultKind::reorder ? 2 : 1;
            const std::uint64_t deal_items = 2;
            if (items < needed) {
              CHECK_THROWS(UsageError, Fault::draw(options, deal_items));
              continue;
            }
            const Fault fault = Fault::draw(options, deal_items);
            const std::uint64_t there = dealt_items(items, fault.stream, options.streams(), deal_items);
            CHECK(fault.stream < options.streams() && fault.consumer < consumers);
            CHECK(fault.message + needed <= there);
            const Fault again = Fault::draw(options, deal_items);
            CHECK(again.message == fault.message && again.bit_draw == fault.bit_draw);
          }
        }
      }
    }
  }
}

}  // namespace

int main() {
  one_by_one();
  faults_fall_on_a_message();
  return test::verdict();
}
