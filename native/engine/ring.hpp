// A queue of slots between one writer and one reader, in memory that both processes map.
//
// 1. A message is written and read in its slot; nothing is copied.
// 2. All slots have one length and lie behind each other, so messages of that very length are one block.
// 3. What was filled becomes visible by one store, however much it is, across the wrap too.
// 4. The end is a bit of the count that the reader looks at anyway; it comes behind the last message.
//
// Both ends count slots from 0 on and never wrap the count; only its place in memory wraps. Each end keeps
// what it last saw of the other's count and looks again when that is used up, so the lines of the two counts
// travel between the cores once for many messages.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>

#include "engine/doorbell.hpp"

namespace queuemark {

// Slots that lie behind each other.
template <class Byte>
struct SlotsOf {
  Byte* at = nullptr;
  std::uint64_t count = 0;
};
using FreeSlots = SlotsOf<std::byte>;
using FullSlots = SlotsOf<const std::byte>;

struct RingShape {
  std::uint64_t slots = 1;  // a power of two
  std::size_t slot_bytes = 1;

  // The slots begin on a page of their own, behind the counts.
  static constexpr std::size_t kSlotsAt = 4096;
  std::size_t bytes() const { return kSlotsAt + slots * slot_bytes; }
};

// Stored by the writer: slots ever published, and kClosed; by the reader: slots ever released.
struct RingCounts {
  static constexpr std::uint64_t kClosed = std::uint64_t{1} << 63;

  WatchedCount published;
  WatchedCount released;
};
static_assert(sizeof(RingCounts) <= RingShape::kSlotsAt);

// Where a ring lies; copies mean the same ring.
class Ring {
 public:
  // Makes a ring in fresh memory of shape.bytes() bytes, before anybody else knows of it.
  Ring(std::byte* memory, RingShape shape)
      : shape_(shape), counts_(new (memory) RingCounts), slots_(memory + RingShape::kSlotsAt) {}

  RingShape shape() const { return shape_; }
  RingCounts& counts() const { return *counts_; }
  std::byte* slots() const { return slots_; }

 private:
  RingShape shape_;
  RingCounts* counts_;
  std::byte* slots_;
};

class RingWriter {
 public:
  RingWriter(const Ring& ring, WaitStrategy strategy)
      : counts_(ring.counts()),
        slots_(ring.slots()),
        slot_bytes_(ring.shape().slot_bytes),
        mask_(ring.shape().slots - 1),
        limit_(ring.shape().slots),
        strategy_(strategy) {}

  // Waits until `least` slots are free besides those already filled, which can be all there are at the most;
  // returns the next ones that lie behind each other and are known to be free, up to `most`. Of `least` slots
  // that wrap these are the first part; the second comes without waiting.
  FreeSlots claim(std::uint64_t least, std::uint64_t most, std::uint64_t& calls) {
    if (limit_ - filled_ < least) [[unlikely]]
      wait_for_room(least, calls);
    const std::uint64_t index = filled_ & mask_;
    return {slots_ + index * slot_bytes_, std::min({most, limit_ - filled_, mask_ + 1 - index})};
  }
  void fill(std::uint64_t count) { filled_ += count; }

  // Everything that was filled, at once.
  void publish(std::uint64_t& calls) {
    counts_.published.store(filled_, strategy_.sleeps(), calls);
    published_ = filled_;
  }
  std::uint64_t unpublished() const { return filled_ - published_; }

  // Has slots from claim() filled by write(at) and publishes each by itself, where nothing was unpublished.
  // What is stored for a message are its bytes and the count: while the count's line is away, all stores wait
  // in a row for it, and that row is short.
  template <class Write>
  void publish_each(const FreeSlots& slots, Write&& write, std::uint64_t& calls) {
    const bool ring = strategy_.sleeps();
    const std::size_t slot_bytes = slot_bytes_;
    WatchedCount& published = counts_.published;
    std::uint64_t filled = filled_;
    std::byte* at = slots.at;
    for (std::uint64_t i = 0; i < slots.count; ++i, at += slot_bytes) {
      write(at);
      published.store(++filled, ring, calls);
    }
    filled_ = published_ = filled;
  }

  // Nothing comes after this.
  void close(std::uint64_t& calls) {
    counts_.published.store(filled_ | RingCounts::kClosed, strategy_.sleeps(), calls);
  }

  std::uint64_t slots() const { return mask_ + 1; }
  std::size_t slot_bytes() const { return slot_bytes_; }

 private:
  [[gnu::noinline]] void wait_for_room(std::uint64_t least, std::uint64_t& calls) {
    // The acquire in there pairs with the release in RingReader::release(): who writes into a slot does so
    // after it was read.
    limit_ = mask_ + 1 +
             counts_.released.wait_until(
                 [&](std::uint64_t released) { return released + mask_ + 1 - filled_ >= least; }, strategy_,
                 pauses_, calls);
  }

  RingCounts& counts_;
  std::byte* slots_;
  std::size_t slot_bytes_;
  std::uint64_t mask_;
  std::uint64_t filled_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t limit_;  // slots below this count are free, as far as the writer knows
  WaitStrategy strategy_;
  unsigned pauses_ = 1;
};

class RingReader {
 public:
  RingReader(const Ring& ring, WaitStrategy strategy)
      : counts_(ring.counts()),
        slots_(ring.slots()),
        slot_bytes_(ring.shape().slot_bytes),
        mask_(ring.shape().slots - 1),
        block_(std::max<std::uint64_t>(
            1, std::min<std::uint64_t>(kBlockBytes / slot_bytes_, ring.shape().slots / kBlocks))),
        strategy_(strategy) {}

  // Waits until there is a message; returns those that lie behind each other, up to a block. None: the end.
  FullSlots view(std::uint64_t& calls) {
    if (seen_ == released_) [[unlikely]]
      wait_for_messages(calls);
    const std::uint64_t index = released_ & mask_;
    return {slots_ + index * slot_bytes_, std::min({block_, seen_ - released_, mask_ + 1 - index})};
  }

  // Waits until view() returns at once, or for a moment at the longest; says whether it does.
  bool comes_by(bool sleeps, Nanoseconds moment, std::uint64_t& calls) {
    if (seen_ != released_) return true;
    // Nobody is woken by a writer whose reader does not sleep elsewhere.
    return counts_.published.comes_by([&](std::uint64_t count) { return count != released_; },
                                      sleeps && strategy_.sleeps(), moment, calls);
  }

  // Gives the first slots of what view() returned back to the writer, who sleeps on until half of the ring
  // is free: to be woken for a few would have it sleep again at once.
  void release(std::uint64_t count, std::uint64_t& calls) {
    released_ += count;
    const bool half_free = seen_ - released_ <= (mask_ + 1) / 2;
    counts_.released.store(released_, strategy_.sleeps() && half_free, calls);
  }

  std::size_t slot_bytes() const { return slot_bytes_; }

 private:
  // So much is read before the writer learns of it: enough to make its look at the count rare, and little
  // enough that it has room while the reader works.
  static constexpr std::size_t kBlockBytes = 16 * 1024;
  static constexpr std::uint64_t kBlocks = 4;

  [[gnu::noinline]] void wait_for_messages(std::uint64_t& calls) {
    // The acquire in there pairs with the release in RingWriter::publish(): who reads a slot reads what was
    // written before it was published. A closed ring's count differs from every count of slots.
    seen_ = counts_.published.wait_until([&](std::uint64_t count) { return count != released_; }, strategy_,
                                         pauses_, calls) &
            ~RingCounts::kClosed;
  }

  RingCounts& counts_;
  const std::byte* slots_;
  std::size_t slot_bytes_;
  std::uint64_t mask_;
  std::uint64_t released_ = 0;
  std::uint64_t seen_ = 0;  // slots below this count are full
  std::uint64_t block_;
  WaitStrategy strategy_;
  unsigned pauses_ = 1;
};

}  // namespace queuemark
