// Messages too small for a number, taken by competing consumers: counts per value against the sender's.

#include "engine/sequence.hpp"
#include "tests/check.hpp"

using namespace queuemark;
using test::Dice;

namespace {

// Several consumers that share one stream of small messages at random.
class Consumers {
 public:
  explicit Consumers(std::size_t size_bytes, std::size_t count = 3)
      : size_(size_bytes), content_(size_bytes), tallies_(count), memories_(count) {
    for (auto& memory : memories_) memory.resize(ValueTable::bytes(size_bytes));
  }
  void take(std::uint64_t value) {
    const std::size_t who = dice_.below(memories_.size());
    ValueVerifier verifier(content_, tallies_[who], memories_[who]);
    verifier.begin(Phase::window);
    verifier.message(reinterpret_cast<const std::byte*>(&value), size_);
  }
  ValueVerdict verdict(std::uint64_t sent) const {
    const std::vector<std::span<const std::byte>> tables(memories_.begin(), memories_.end());
    std::uint64_t sum = 0;
    for (const Tally& tally : tallies_) sum += tally.value_sum;
    return compare_values(tables, sum, size_, sent);
  }

 private:
  std::size_t size_;
  SmallContent content_;
  std::vector<Tally> tallies_;
  std::vector<std::vector<std::byte>> memories_;
  Dice dice_{1};
};

bool clean(const ValueVerdict& verdict) {
  return !verdict.missing && !verdict.surplus && !verdict.sum_differs;
}

void no_false_alarm() {
  for (std::size_t size = 1; size < 8; ++size) {
    for (const std::uint64_t sent : {0, 1, 255, 256, 257, 65535, 65536, 70001}) {
      Consumers consumers(size);
      for (std::uint64_t number = 0; number < sent; ++number) consumers.take(number);
      CHECK_THAT(clean(consumers.verdict(sent)), std::to_string(size) + " B, " + std::to_string(sent));
      CHECK(!clean(consumers.verdict(sent + 1)));
    }
  }
}

void single_faults() {
  constexpr std::uint64_t kSent = 700;
  for (std::size_t size = 1; size < 8; ++size) {
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{256}, kSent - 1}) {
      Consumers dropped(size), repeated(size);
      for (std::uint64_t number = 0; number < kSent; ++number) {
        if (number != at) dropped.take(number);
        repeated.take(number);
      }
      repeated.take(at);
      CHECK(dropped.verdict(kSent).missing == 1 && dropped.verdict(kSent).surplus == 0);
      CHECK(repeated.verdict(kSent).missing == 0 && repeated.verdict(kSent).surplus == 1);
      for (std::size_t bit = 0; bit < 8 * size; ++bit) {
        Consumers damaged(size);
        for (std::uint64_t number = 0; number < kSent; ++number) {
          damaged.take(number == at ? number ^ (std::uint64_t{1} << bit) : number);
        }
        const ValueVerdict verdict = damaged.verdict(kSent);
        CHECK(!clean(verdict) && verdict.missing == verdict.surplus);
        // Above the 16 bits that are counted the sum of all alone shows it.
        CHECK(bit < 16 ? verdict.missing == 1 : verdict.missing == 0 && verdict.sum_differs);
      }
    }
  }
}

// Two damages of the high bits that cancel each other out in a plain sum do not in this one.
void damages_do_not_cancel() {
  Consumers consumers(4);
  for (std::uint64_t number = 0; number < 100; ++number) {
    consumers.take(number == 10   ? number + (1 << 20)
                   : number == 20 ? number + (1 << 21) - (1 << 20)
                                  : number);
  }
  CHECK(consumers.verdict(100).sum_differs);
}

void of_another_length() {
  const SmallContent content(3);
  Tally tally;
  std::vector<std::byte> memory(ValueTable::bytes(3)), bytes(4);
  ValueVerifier verifier(content, tally, memory);
  verifier.begin(Phase::window);
  verifier.message(bytes.data(), 2);
  verifier.message(bytes.data(), 4);
  CHECK(tally.corrupted == 2 && tally.checked == 0);
}

void warm_up_leaves_nothing() {
  const SmallContent content(1);
  Tally tally;
  std::vector<std::byte> memory(ValueTable::bytes(1)), bytes(1);
  ValueVerifier verifier(content, tally, memory);
  verifier.begin(Phase::warmup);
  verifier.message(bytes.data(), 1);
  CHECK(load64(memory.data()) == 0 && tally.value_sum == 0 && tally.messages == 1);
}

}  // namespace

int main() {
  no_false_alarm();
  single_faults();
  damages_do_not_cancel();
  of_another_length();
  warm_up_leaves_nothing();
  return test::verdict();
}
