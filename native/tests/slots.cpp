// Policies in place: what lies in the slots, when it becomes visible, and to whom.

#include <memory>
#include <span>
#include <vector>

#include "engine/policy_slots.hpp"
#include "tests/check.hpp"
#include "tests/heap_ring.hpp"

using namespace queuemark;

namespace {

constexpr WaitStrategy kSpin{};

// A producer's end over rings of this process, and a reader for each.
struct TestOut {
  TestOut(unsigned count, RingShape shape) {
    for (unsigned i = 0; i < count; ++i) {
      memory.push_back(std::make_unique<test::HeapRing>(shape));
      writers.emplace_back(memory.back()->ring, kSpin);
      readers.emplace_back(memory.back()->ring, kSpin);
    }
  }
  std::span<RingWriter> rings() { return writers; }
  std::span<RingWriter> rings(unsigned stream) { return to_all ? rings() : rings().subspan(stream, 1); }
  std::uint64_t calls = 0, bytes = 0;

  std::vector<std::unique_ptr<test::HeapRing>> memory;
  std::vector<RingWriter> writers;
  std::vector<RingReader> readers;
  bool to_all = false;
};

// How many messages a reader finds, all of which must be the next ones of its stream.
template <class Content>
std::uint64_t visible(TestOut& out, unsigned ring, const Content& content, typename Content::Cursor& next,
                      std::uint64_t due) {
  std::uint64_t count = 0, different = 0;
  while (count < due) {
    const FullSlots slots = out.readers[ring].view(out.calls);
    for (std::uint64_t i = 0; i < slots.count; ++i, next.advance()) {
      different +=
          content.compare(slots.at + i * out.readers[ring].slot_bytes(), content.size(next), next) != 0;
    }
    out.readers[ring].release(slots.count, out.calls);
    count += slots.count;
  }
  CHECK(different == 0);
  return count;
}

// Nothing but what was published can be waited for, so the counts say what a reader would find.
std::uint64_t published(const TestOut& out, unsigned ring) {
  std::uint64_t calls = 0;
  unsigned pauses = 1;
  return out.memory[ring]->ring.counts().published.wait_until([](std::uint64_t) { return true; }, kSpin,
                                                              pauses, calls);
}

Options options_of(unsigned streams, std::uint64_t vector_items) {
  Options options;
  options.consumers = streams;
  options.policy = vector_items ? Policy::vector : Policy::each;
  options.vector_items = vector_items;
  return options;
}

struct Stage {
  explicit Stage(unsigned streams) : shared(streams, streams), pace(shared) { pace.begin(Phase::window); }
  const Shared shared;
  Pace pace;
};

template <class Content>
void each_is_published_by_itself(const Content& content) {
  TestOut out(1, {64, content.largest()});
  Stage stage(1);
  SlotPolicy<true, Framing::size, TestOut, Content> policy(out, content, stage.pace, options_of(1, 0));
  auto cursor = content.at(0, 1, {}), next = cursor;
  for (std::uint64_t sent = 0; sent < 500; sent += 25) {
    CHECK(policy.run(0, cursor, 25) == 25);
    CHECK(published(out, 0) == sent + 25 && stage.pace.count() == sent + 25 && policy.unsent() == 0);
    visible(out, 0, content, next, 25);
  }
  CHECK(cursor.sequence == 500 && out.bytes == 500 * content.largest());
}

// Turns of 7 messages, batches of 16 in a ring of 64: batches go over turns, and over the wrap.
template <class Content>
void vectors_are_published_whole(const Content& content) {
  TestOut out(1, {64, content.largest()});
  Stage stage(1);
  SlotPolicy<false, Framing::size, TestOut, Content> policy(out, content, stage.pace, options_of(1, 16));
  auto cursor = content.at(0, 1, {}), next = cursor;
  std::uint64_t sent = 0, seen = 0;
  for (unsigned turn = 0; turn < 100; ++turn) {
    sent += policy.run(0, cursor, 7);
    CHECK(published(out, 0) == sent / 16 * 16);
    CHECK(stage.pace.count() == sent / 16 * 16 && policy.unsent() == sent % 16);
    seen += visible(out, 0, content, next, published(out, 0) - seen);
  }
  policy.flush();
  CHECK(published(out, 0) == 700 && stage.pace.count() == 700 && policy.unsent() == 0);
  visible(out, 0, content, next, 700 - seen);
  policy.flush();
  CHECK(stage.pace.count() == 700 && out.bytes == 700 * content.largest());
}

// A ring that holds less than a batch: as many as there are slots.
void a_vector_longer_than_the_ring() {
  const FixedContent<0> content(24, 1);
  TestOut out(1, {4, 24});
  Stage stage(1);
  SlotPolicy<false, Framing::size, TestOut, FixedContent<0>> policy(out, content, stage.pace,
                                                                    options_of(1, 64));
  auto cursor = content.at(0, 1, {}), next = cursor;
  for (unsigned turn = 1; turn <= 20; ++turn) {
    CHECK(policy.run(0, cursor, 4) == 4);
    CHECK(published(out, 0) == 4 * turn);
    visible(out, 0, content, next, 4);
  }
}

template <bool kEach>
void every_ring_gets_each_message() {
  const FixedContent<16> content(16, 1);
  TestOut out(3, {32, 16});
  out.to_all = true;
  Stage stage(3);
  Options options = options_of(3, kEach ? 0 : 8);
  options.pattern = Pattern::fanout;
  SlotPolicy<kEach, Framing::size, TestOut, FixedContent<16>> policy(out, content, stage.pace, options);
  auto cursor = content.at(0, 1, {});
  std::vector<FixedContent<16>::Cursor> next(3, cursor);
  for (unsigned turn = 1; turn <= 10; ++turn) {
    CHECK(policy.run(0, cursor, 16) == 16);
    CHECK(stage.pace.count() == 16 * turn);
    for (unsigned ring = 0; ring < 3; ++ring) visible(out, ring, content, next[ring], 16);
  }
  CHECK(out.bytes == 3 * 160 * 16 && policy.unsent() == 0);
}

void lengths_stand_before_messages() {
  const FixedContent<0> content(20, 1);
  TestOut out(1, {8, 24});
  Stage stage(1);
  SlotPolicy<true, Framing::length, TestOut, FixedContent<0>> policy(out, content, stage.pace,
                                                                     options_of(1, 0));
  auto cursor = content.at(0, 1, {}), next = cursor;
  CHECK(policy.run(0, cursor, 5) == 5);
  for (unsigned i = 0; i < 5; ++i, next.advance()) {
    const std::byte* at = out.readers[0].view(out.calls).at;
    CHECK(load32(at) == 20 && !content.compare(at + kLengthBytes, 20, next));
    out.readers[0].release(1, out.calls);
  }
  CHECK(out.bytes == 5 * 24);
}

void damage_is_one_bit() {
  const FixedContent<0> content(16, 1);
  const auto first = content.at(0, 1, {});
  for (std::int64_t bit = 0; bit < 128; ++bit) {
    TestOut out(2, {4, 16});
    out.to_all = true;
    Stage stage(2);
    SlotPolicy<true, Framing::size, TestOut, FixedContent<0>> policy(out, content, stage.pace,
                                                                     options_of(1, 0));
    policy.one(0, first, bit);
    std::byte wanted[16];
    content.write(wanted, first);
    wanted[bit / 8] ^= std::byte{1} << (bit % 8);
    for (RingReader& reader : out.readers)
      CHECK(!std::memcmp(reader.view(out.calls).at, wanted, sizeof wanted));
  }
}

void stopped() {
  const FixedContent<0> content(16, 1);
  TestOut out(1, {4, 16});
  Stage stage(1);
  SlotPolicy<true, Framing::size, TestOut, FixedContent<0>> each(out, content, stage.pace, options_of(1, 0));
  SlotPolicy<false, Framing::size, TestOut, FixedContent<0>> vector(out, content, stage.pace,
                                                                    options_of(1, 2));
  stage.shared.control().stop.store(1);
  auto cursor = content.at(0, 1, {});
  CHECK(each.run(0, cursor, 100) == 0 && vector.run(0, cursor, 100) == 0 && cursor.sequence == 0);
}

}  // namespace

int main() {
  each_is_published_by_itself(FixedContent<16>(16, 1));
  each_is_published_by_itself(FixedContent<0>(137, 1));
  each_is_published_by_itself(SmallContent(3));
  vectors_are_published_whole(FixedContent<16>(16, 1));
  vectors_are_published_whole(FixedContent<64>(64, 1));
  vectors_are_published_whole(FixedContent<0>(137, 1));
  vectors_are_published_whole(SmallContent(1));
  a_vector_longer_than_the_ring();
  every_ring_gets_each_message<true>();
  every_ring_gets_each_message<false>();
  lengths_stand_before_messages();
  damage_is_one_bit();
  stopped();
  return test::verdict();
}
