// Competing consumers: bitmaps laid over each other, and the verifier that fills them.

#include <map>
#include <set>

#include "engine/sequence.hpp"
#include "tests/check.hpp"

using namespace queuemark;
using test::Dice;

namespace {

constexpr std::size_t kMapBytes = 64;  // 512 numbers
using Memory = std::vector<std::byte>;

std::vector<std::span<const std::byte>> views(const std::vector<Memory>& memories) {
  return {memories.begin(), memories.end()};
}

// Random numbers seen by random consumers, against sets.
void laid_over() {
  Dice dice(3);
  for (int round = 0; round < 2000; ++round) {
    const std::size_t consumers = 1 + dice.below(5);
    const std::uint64_t sent = dice.below(513);
    std::vector<Memory> memories(consumers, Memory(kMapBytes));
    std::set<Sequence> unique, before;
    std::vector<std::uint64_t> seen_before(consumers);
    std::uint64_t beyond = 0, above = 0;
    for (std::size_t i = 0; i < consumers; ++i) {
      Bitmap bitmap(memories[i]);
      std::set<Sequence> own;
      for (std::uint64_t take = dice.below(200); take; --take) {
        const Sequence number = dice.below(round % 4 ? std::max<std::uint64_t>(1, sent) : 512);
        CHECK(bitmap.set(number) == !own.insert(number).second);
        above = std::max(above, number + 1);
      }
      for (const Sequence number : own) {
        if (number >= sent) {
          ++beyond;
        } else if (!unique.insert(number).second) {
          ++seen_before[i];
        }
      }
    }
    const Coverage coverage = lay_over(views(memories), sent, above);
    CHECK(coverage.unique == unique.size());
    CHECK(coverage.beyond == beyond);
    CHECK(coverage.seen_before == seen_before);
  }
}

void the_edges_of_words() {
  for (const Sequence number : {0, 1, 63, 64, 65, 127, 511}) {
    std::vector<Memory> memories(2, Memory(kMapBytes));
    for (Memory& memory : memories) CHECK(!Bitmap(memory).set(number));
    CHECK(Bitmap(memories[0]).set(number));
    const Coverage within = lay_over(views(memories), number + 1, number + 1);
    CHECK(within.unique == 1 && within.beyond == 0);
    CHECK(within.seen_before == (std::vector<std::uint64_t>{0, 1}));
    const Coverage without = lay_over(views(memories), number, number + 1);
    CHECK(without.unique == 0 && without.beyond == 2);
  }
}

class Consumer {
 public:
  explicit Consumer(std::size_t size, std::uint64_t sample = 1)
      : memory(kMapBytes),
        content_(size, 8),
        stream_{8, 0, {0, 1, 1000}, sample},
        verifier_(content_, stream_, tally, memory) {
    verifier_.begin(Phase::window);
  }
  void take(Sequence number, std::int64_t bit = -1) {
    std::vector<std::byte> bytes(content_.largest());
    content_.write(bytes.data(), content_.at(number, stream_.salt(Phase::window), stream_.dealing));
    if (bit >= 0) bytes[static_cast<std::size_t>(bit) / 8] ^= std::byte{1} << (bit % 8);
    CHECK(verifier_.take<Framing::size>(bytes.data(), bytes.size()) == bytes.size());
  }
  void take_bytes(const std::vector<std::byte>& bytes) { verifier_.message(bytes.data(), bytes.size()); }
  Tally tally;
  Memory memory;

 private:
  FixedContent<0> content_;
  Stream stream_;
  CompetingVerifier<FixedContent<0>> verifier_;
};

void what_one_of_them_sees() {
  Consumer consumer(24);
  for (const Sequence number : {3, 4, 9, 200}) consumer.take(number);
  CHECK(consumer.tally.messages == 4 && consumer.tally.checked == 4);
  CHECK(!consumer.tally.duplicated && !consumer.tally.reordered && !consumer.tally.corrupted);
  consumer.take(4);
  CHECK(consumer.tally.duplicated == 1);
  consumer.take(100);
  CHECK(consumer.tally.reordered == 1);
  consumer.take(511);
  CHECK(!consumer.tally.corrupted);
  consumer.take(512);  // beyond what the bitmap was made for
  CHECK(consumer.tally.corrupted == 1);
  consumer.take_bytes(std::vector<std::byte>(23));
  consumer.take_bytes({});
  CHECK(consumer.tally.corrupted == 3);
}

void every_flip() {
  for (const std::size_t size : {8, 9, 40}) {
    for (std::size_t bit = 0; bit < 8 * size; ++bit) {
      Consumer consumer(size);
      consumer.take(70, static_cast<std::int64_t>(bit));
      CHECK(consumer.tally.corrupted == 1);
    }
  }
}

void a_sample() {
  Consumer consumer(24, 10);
  for (Sequence number = 0; number < 100; ++number) consumer.take(number);
  CHECK(consumer.tally.checked == 10 && !consumer.tally.corrupted);
  consumer.take(110, 190);
  CHECK(consumer.tally.corrupted == 1);
  consumer.take(111, 3);  // the number itself is checked of each
  CHECK(consumer.tally.corrupted == 2);
}

}  // namespace

int main() {
  laid_over();
  the_edges_of_words();
  what_one_of_them_sees();
  every_flip();
  a_sample();
  return test::verdict();
}
