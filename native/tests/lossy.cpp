// Where a mechanism may lose: marks are told from messages, and what was lost is counted to the last message.

#include <set>
#include <vector>

#include "engine/mark.hpp"
#include "engine/sequence.hpp"
#include "tests/check.hpp"

using namespace queuemark;
using test::Dice;

namespace {

constexpr std::uint64_t kSeed = 23;
const Stream kStream{kSeed, 1, {1, 2, 1000}, 1, false};

template <class Content>
std::vector<std::byte> message(const Content& content, Sequence number, Phase phase) {
  const auto cursor = content.at(number, kStream.salt(phase), kStream.dealing);
  std::vector<std::byte> made(content.size(cursor));
  content.write(made.data(), cursor);
  return made;
}

// What a consumer counts of `numbers`, when the producer says that it dealt so many.
template <class Content>
Tally counted(const Content& content, const std::vector<Sequence>& numbers, Sequence dealt) {
  Tally tally;
  OrderedVerifier<Content> verifier(content, kStream, tally);
  verifier.begin(Phase::window);
  for (const Sequence number : numbers) {
    const auto bytes = message(content, number, Phase::window);
    verifier.message(bytes.data(), bytes.size());
  }
  verifier.finish(dealt, 0);
  return tally;
}

std::vector<Sequence> survivors(Dice& dice, Sequence dealt, std::uint64_t longest_gap) {
  std::vector<Sequence> numbers;
  for (Sequence number = 0; number < dealt;) {
    for (std::uint64_t run = 1 + dice.below(40); run && number < dealt; --run) numbers.push_back(number++);
    number += dice.below(longest_gap + 1);
  }
  return numbers;
}

// No mark is a message, whatever the size, and no message is a mark.
void marks_are_no_messages() {
  for (std::size_t size = 1; size <= 40; ++size) {
    const Marks marks(size);
    CHECK(marks.bytes() != size);
    for (const Mark mark : {Mark::probed, Mark::warmed_up, Mark::end}) {
      const auto datagram = marks.datagram(mark);
      CHECK(marks.read(datagram.data(), marks.bytes()) == mark);
      CHECK(marks.read(datagram.data(), size) == Mark::none);
      auto damaged = datagram;
      damaged[2] ^= std::byte{1};
      CHECK(marks.read(damaged.data(), marks.bytes()) == Mark::none);
    }
  }
  // Messages of several sizes may have the length of a mark; their bytes are none.
  const FixedContent<0> content(12, kSeed);
  for (Sequence number = 0; number < 100'000; ++number) {
    CHECK(Marks(4).read(message(content, number, Phase::window).data(), 12) == Mark::none);
  }
}

void every_loss_is_counted() {
  Dice dice(1);
  for (int round = 0; round < 200; ++round) {
    const Sequence dealt = 1 + dice.below(3000);
    const FixedContent<0> content(8 + dice.below(60), kSeed);
    const auto numbers = survivors(dice, dealt, 700);
    const Tally tally = counted(content, numbers, dealt);
    CHECK(tally.messages == numbers.size() && tally.lost == dealt - numbers.size());
    CHECK(!tally.duplicated && !tally.reordered && !tally.corrupted && tally.checked == numbers.size());
  }
}

// A late message is no loss; a second one is a repetition.
void late_and_repeated_ones() {
  Dice dice(2);
  const FixedContent<16> content(16, kSeed);
  for (int round = 0; round < 200; ++round) {
    const Sequence dealt = 100 + dice.below(1000);
    auto numbers = survivors(dice, dealt, 30);
    for (int moved = 0; moved < 20; ++moved) {
      std::swap(numbers[dice.below(numbers.size())], numbers[dice.below(numbers.size())]);
      numbers.push_back(numbers[dice.below(numbers.size())]);
    }
    const std::set<Sequence> unique(numbers.begin(), numbers.end());
    const Tally tally = counted(content, numbers, dealt);
    CHECK(tally.lost == dealt - unique.size() && tally.duplicated == numbers.size() - unique.size());
    CHECK(!tally.corrupted);
  }
}

// Numbers modulo 2^(8 * size): the totals are right whatever is lost, more than a round included.
void small_messages_keep_their_totals() {
  Dice dice(3);
  for (std::size_t size = 1; size < 8; ++size) {
    const SmallContent content(size);
    for (int round = 0; round < 60; ++round) {
      const Sequence dealt = 1 + dice.below(6000);
      const auto numbers = survivors(dice, dealt, round % 2 ? 100 : 1500);
      const Tally tally = counted(content, numbers, dealt);
      CHECK_THAT(tally.messages - tally.duplicated + tally.lost == dealt, std::to_string(size) + " B");
      CHECK_THAT(tally.lost == dealt - numbers.size() && !tally.corrupted,
                 std::to_string(size) + " B, " + std::to_string(dealt) + " dealt, lost " +
                     std::to_string(tally.lost) + " of " + std::to_string(dealt - numbers.size()));
    }
  }
}

// One gap and a short rest: too short for the final count to show that a number was taken for an earlier one.
void one_gap_before_the_end(Sequence rest) {
  const SmallContent content(1);
  for (Sequence gap = 1; gap < 1000; ++gap) {
    std::vector<Sequence> numbers;
    for (Sequence number = 0; number < 300; ++number) numbers.push_back(number);
    for (Sequence number = 0; number < rest; ++number) numbers.push_back(300 + gap + number);
    const Tally tally = counted(content, numbers, 300 + gap + rest);
    CHECK_THAT(tally.lost == gap && !tally.duplicated && !tally.corrupted,
               std::to_string(gap) + " lost, counted " + std::to_string(tally.lost) + " and " +
                   std::to_string(tally.duplicated) + " duplicated");
  }
}

// What another route brings too late belongs to the warm-up, and is neither delivered nor damage.
void a_straggler_of_the_warm_up() {
  const FixedContent<0> content(32, kSeed);
  Tally tally;
  OrderedVerifier verifier(content, kStream, tally);
  verifier.begin(Phase::window);
  for (const auto& [number, phase] : {std::pair{Sequence{0}, Phase::window},
                                      {Sequence{7}, Phase::warmup},
                                      {Sequence{0}, Phase::warmup},
                                      {Sequence{1}, Phase::window}}) {
    const auto bytes = message(content, number, phase);
    verifier.message(bytes.data(), bytes.size());
  }
  verifier.finish(2, 0);
  CHECK(tally.messages == 2 && !tally.lost && !tally.corrupted && tally.message_bytes == 64);
}

// Loss in the warm-up is no fault of it; damage is.
void a_clean_warm_up() {
  const FixedContent<0> content(32, kSeed);
  for (const bool damage : {false, true}) {
    Tally tally;
    OrderedVerifier verifier(content, kStream, tally);
    for (const Sequence number : {0, 5, 9}) {
      auto bytes = message(content, number, Phase::warmup);
      if (damage) bytes[20] ^= std::byte{4};
      verifier.message(bytes.data(), bytes.size());
    }
    CHECK(verifier.clean() == !damage);
  }
}

}  // namespace

int main() {
  for (const Sequence rest : {1, 2, 5, 15, 16, 30, 300}) one_gap_before_the_end(rest);
  marks_are_no_messages();
  every_loss_is_counted();
  late_and_repeated_ones();
  small_messages_keep_their_totals();
  a_straggler_of_the_warm_up();
  a_clean_warm_up();
  return test::verdict();
}
