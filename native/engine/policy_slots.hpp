// Policies of mechanisms whose slots are written in place: there is no frame to build and no call to make.
// The members are those of policy.hpp. A producer brings, instead of send():
//
//   std::span<RingWriter> rings(stream);  // the stream's ring
//   std::span<RingWriter> rings();        // all, for messages that every consumer gets
//   std::uint64_t calls = 0, bytes = 0;
#pragma once

#include <algorithm>
#include <span>

#include "engine/policy.hpp"
#include "engine/ring.hpp"

namespace queuemark {

template <class Out>
concept InPlace = requires(Out& out) { out.rings(0u); };

// `each`: every message is published by itself. `vector:N`: N of a stream at once, by one store, wherever its
// turns end; as many as there are slots where those are fewer.
template <bool kEach, Framing kFraming, class Out, class Content>
class SlotPolicy {
  using Framed = Frame<kFraming, Content>;

 public:
  using Cursor = typename Content::Cursor;
  SlotPolicy(Out& out, const Content& content, Pace& pace, const Options& options)
      : out_(out),
        content_(content),
        pace_(pace),
        streams_(options.streams()),
        batch_(kEach ? 1 : std::min(options.vector_items, out.rings(0).front().slots())) {}

  std::uint64_t run(unsigned stream, Cursor& cursor, std::uint64_t count) {
    const std::span<RingWriter> rings = out_.rings(stream);
    std::uint64_t done = 0;
    while (done < count && !pace_.stopped()) {
      if constexpr (kEach) {
        done += rings.size() == 1 ? publish_each(rings.front(), cursor, std::min(count - done, kEachRun))
                                  : put(rings, cursor, 1, -1);
      } else {
        done += put(rings, cursor, std::min(count - done, batch_ - rings.front().unpublished()), -1);
      }
    }
    return done;
  }

  void one(unsigned stream, const Cursor& cursor, std::int64_t bit) {
    Cursor place = cursor;
    put(out_.rings(stream), place, 1, bit);
  }

  void flush() {
    for (unsigned stream = 0; stream < streams_; ++stream) publish(out_.rings(stream));
  }

  std::uint64_t unsent() const {
    std::uint64_t sum = 0;
    for (unsigned stream = 0; stream < streams_; ++stream) sum += out_.rings(stream).front().unpublished();
    return sum;
  }

 private:
  // After so many messages the stop flag is looked at and the count is told: neither is part of a message.
  static constexpr std::uint64_t kEachRun = 64;

  // Messages one by one into slots that are known to be free, one at the least.
  std::uint64_t publish_each(RingWriter& ring, Cursor& cursor, std::uint64_t most) {
    const FreeSlots slots = ring.claim(1, most, out_.calls);
    Cursor place = cursor;
    std::size_t bytes = 0;
    ring.publish_each(
        slots,
        [&](std::byte* at) {
          bytes += Framed::write(at, content_, place);
          place.advance();
        },
        out_.calls);
    out_.bytes += bytes;
    cursor = place;
    pace_.sent(slots.count);
    return slots.count;
  }

  // The same messages into every ring, published when the batch is full. bit >= 0 damages the first one.
  std::uint64_t put(std::span<RingWriter> rings, Cursor& cursor, std::uint64_t count, std::int64_t bit) {
    Cursor after = cursor;
    for (RingWriter& ring : rings) after = fill(ring, cursor, count, bit);
    cursor = after;
    if (rings.front().unpublished() == batch_) publish(rings);
    return count;
  }

  Cursor fill(RingWriter& ring, Cursor place, std::uint64_t count, std::int64_t bit) {
    while (count) {
      const FreeSlots slots = ring.claim(count, count, out_.calls);
      write(slots, ring.slot_bytes(), place);
      if (bit >= 0) [[unlikely]]
        Framed::damage(slots.at, static_cast<std::uint64_t>(bit));
      ring.fill(slots.count);
      count -= slots.count;
    }
    return place;
  }

  // Holds the only loop that runs once a message. Where all messages have one size they fill their slots.
  void write(const FreeSlots& slots, std::size_t slot_bytes, Cursor& place) {
    if constexpr (kFraming == Framing::size && Content::kOneSize) {
      content_.write_run(slots.at, place, slots.count);
      out_.bytes += slots.count * content_.largest();
    } else {
      std::byte* at = slots.at;
      for (std::uint64_t i = 0; i < slots.count; ++i, at += slot_bytes) {
        out_.bytes += Framed::write(at, content_, place);
        place.advance();
      }
    }
  }

  void publish(std::span<RingWriter> rings) {
    const std::uint64_t messages = rings.front().unpublished();
    if (!messages) return;
    for (RingWriter& ring : rings) ring.publish(out_.calls);
    pace_.sent(messages);
  }

  Out& out_;
  const Content& content_;
  Pace& pace_;
  unsigned streams_;
  std::uint64_t batch_;
};

// Preferred to the one in policy.hpp, where the producer writes in place.
template <Framing kFraming, InPlace Out, class Content, class Use>
void with_policy(Out& out, const Content& content, Pace& pace, const Options& options, Use&& use) {
  if (options.policy == Policy::each) {
    SlotPolicy<true, kFraming, Out, Content> policy(out, content, pace, options);
    return use(policy);
  }
  if (options.policy == Policy::vector) {
    SlotPolicy<false, kFraming, Out, Content> policy(out, content, pace, options);
    return use(policy);
  }
  throw UsageError("this policy is not possible here");
}

}  // namespace queuemark
