// How the producer turns messages into calls. One class a policy, all with the same four members:
//   run(stream, cursor, count)  sends up to count messages, fewer when the trial is stopped; says how many
//   one(stream, cursor, bit)    sends one message; bit >= 0 damages that bit on its way
//   flush()                     hands everything to the mechanism
//   unsent()                    messages accepted from the loop and not yet by the mechanism
// A policy by which messages linger has, for a producer that waits between messages, also next_flush_ns(),
// the moment when something has lingered enough, and flush_overdue(now).
// Where the mechanism confirms messages one by one, the producer's end has handed_over(messages): it is told
// after each call how many messages that was, and waits as the trial's ack has it.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/clock.hpp"
#include "engine/sequence.hpp"
#include "engine/shared.hpp"

namespace queuemark {

// A message as it goes into a call, behind its length where the mechanism is a byte stream.
template <Framing kFraming, class Content>
class Frame {
 public:
  static constexpr std::size_t kHead = kFraming == Framing::length ? kLengthBytes : 0;

  template <class End>
  Frame(End&, unsigned) {}

  static std::size_t bytes(const Content& content, const typename Content::Cursor& cursor) {
    return kHead + content.size(cursor);
  }
  static std::size_t write(std::byte* into, const Content& content, const typename Content::Cursor& cursor) {
    const std::size_t size = content.size(cursor);
    if constexpr (kHead != 0) store32(into, static_cast<std::uint32_t>(size));
    content.write(into + kHead, cursor);
    return kHead + size;
  }
  static std::size_t largest(const Content& content) { return kHead + content.largest(); }
  static void damage(std::byte* frame, std::uint64_t bit) {
    frame[kHead + bit / 8] ^= std::byte{1} << (bit % 8);
  }
};

// A message in what the protocol of its end has around it. That is the end's to write: envelope(stream) has
//
//   std::size_t around(size) const;                // bytes before and behind a message of that size
//   std::byte* open(std::byte* into, size);        // writes what stands before it; says where it begins
//   std::byte* close(std::byte* behind) const;     // writes what stands behind it; says where that ends
template <class Content, class Envelope>
class EnvelopedFrame {
 public:
  static constexpr std::size_t kHead = 0;  // a message is never parted from its envelope

  template <class End>
  EnvelopedFrame(End& end, unsigned stream) : envelope_(end.envelope(stream)) {}

  std::size_t bytes(const Content& content, const typename Content::Cursor& cursor) const {
    return envelope_.around(content.size(cursor)) + content.size(cursor);
  }
  std::size_t write(std::byte* into, const Content& content, const typename Content::Cursor& cursor) {
    const std::size_t size = content.size(cursor);
    std::byte* const body = envelope_.open(into, size);
    content.write(body, cursor);
    body_ = static_cast<std::size_t>(body - into);
    return static_cast<std::size_t>(envelope_.close(body + size) - into);
  }
  std::size_t largest(const Content& content) const {
    return envelope_.around(content.largest()) + content.largest();
  }
  // The frame that was written last.
  void damage(std::byte* frame, std::uint64_t bit) const {
    frame[body_ + bit / 8] ^= std::byte{1} << (bit % 8);
  }

 private:
  Envelope& envelope_;
  std::size_t body_ = 0;  // where the message begins in the frame that was written last
};

template <Framing kFraming, class End, class Content>
struct FrameFor {
  using Type = Frame<kFraming, Content>;
};
template <class End, class Content>
struct FrameFor<Framing::envelope, End, Content> {
  using Type = EnvelopedFrame<Content, std::remove_reference_t<decltype(std::declval<End&>().envelope(0u))>>;
};
template <Framing kFraming, class End, class Content>
using FrameOf = typename FrameFor<kFraming, End, Content>::Type;

template <class Out>
void tell_handed_over([[maybe_unused]] Out& out, [[maybe_unused]] std::uint64_t messages) {
  if constexpr (requires { out.handed_over(messages); }) out.handed_over(messages);
}

// The producer's stop flag and its published count.
class Pace {
 public:
  Pace(const Shared& shared) : control_(shared.control()), slot_(shared.producer()) {}
  // Relaxed: nothing is read that was stored before the flag; a message more or less is as good.
  bool stopped() const { return control_.stop.load(std::memory_order_relaxed); }
  void begin(Phase phase) {
    phase_ = phase;
    count_ = 0;
    slot_.publish(0, phase_);
  }
  void sent(std::uint64_t messages) { slot_.publish(count_ += messages, phase_); }
  std::uint64_t count() const { return count_; }

 private:
  Control& control_;
  Slot& slot_;
  Phase phase_ = Phase::warmup;
  std::uint64_t count_ = 0;
};

// One call a message; with kSplit two: its length, then its body.
template <bool kSplit, Framing kFraming, class Out, class Content>
class CallPolicy {
  using Framed = FrameOf<kFraming, Out, Content>;

 public:
  using Cursor = typename Content::Cursor;
  CallPolicy(Out& out, const Content& content, Pace& pace, const Options& options)
      : out_(out), content_(content), pace_(pace) {
    for (unsigned stream = 0; stream < options.streams(); ++stream) framed_.emplace_back(out, stream);
    frame_.resize(framed_.front().largest(content));
  }

  std::uint64_t run(unsigned stream, Cursor& cursor, std::uint64_t count) {
    Cursor place = cursor;
    std::uint64_t done = 0;
    for (; done < count && !pace_.stopped(); ++done) {
      one(stream, place, -1);
      place.advance();
    }
    cursor = place;
    return done;
  }
  void one(unsigned stream, const Cursor& cursor, std::int64_t bit) {
    Framed& framed = framed_[stream];
    const std::size_t bytes = framed.write(frame_.data(), content_, cursor);
    if (bit >= 0) framed.damage(frame_.data(), static_cast<std::uint64_t>(bit));
    const std::size_t first = kSplit ? Framed::kHead : bytes;
    out_.send(stream, frame_.data(), first);
    if constexpr (kSplit) out_.send(stream, frame_.data() + first, bytes - first);
    tell_handed_over(out_, 1);
    pace_.sent(1);
  }
  void flush() {}
  std::uint64_t unsent() const { return 0; }

 private:
  Out& out_;
  const Content& content_;
  Pace& pace_;
  std::vector<Framed> framed_;
  std::vector<std::byte> frame_;
};

// Messages are gathered, whole ones only, and written when the next does not fit, and at the end; with
// a linger also when the oldest has waited that long. A message larger than the buffer goes by itself.
template <Framing kFraming, class Out, class Content>
class BufferPolicy {
  using Framed = FrameOf<kFraming, Out, Content>;
  struct Buffer {
    Framed framed;
    std::vector<std::byte> bytes = {};
    std::size_t used = 0;
    std::uint64_t messages = 0;
    Nanoseconds oldest_ns = 0;
  };

 public:
  using Cursor = typename Content::Cursor;
  BufferPolicy(Out& out, const Content& content, Pace& pace, const Options& options)
      : out_(out),
        content_(content),
        pace_(pace),
        limit_(options.buffer_bytes),
        linger_ns_(static_cast<Nanoseconds>(options.linger_us) * 1000) {
    for (unsigned stream = 0; stream < options.streams(); ++stream) {
      Buffer& buffer = buffers_.emplace_back(Buffer{Framed(out, stream)});
      // Written once, so that no page of them is touched for the first time in the window.
      buffer.bytes.resize(std::max(limit_, buffer.framed.largest(content)));
    }
  }

  std::uint64_t run(unsigned stream, Cursor& cursor, std::uint64_t count) {
    if (linger_ns_) return run_lingering(stream, cursor, count);
    Buffer& buffer = buffers_[stream];
    std::uint64_t done = 0;
    for (;;) {
      done += fill(buffer, cursor, count - done);
      if (done == count || pace_.stopped()) return done;
      one(stream, cursor, -1);
      cursor.advance();
      ++done;
    }
  }

  void one(unsigned stream, const Cursor& cursor, std::int64_t bit) {
    Buffer& buffer = buffers_[stream];
    if (buffer.used + buffer.framed.bytes(content_, cursor) > limit_) flush(stream);
    std::byte* frame = buffer.bytes.data() + buffer.used;
    buffer.used += buffer.framed.write(frame, content_, cursor);
    ++buffer.messages;
    if (bit >= 0) buffer.framed.damage(frame, static_cast<std::uint64_t>(bit));
    if (buffer.used > limit_) flush(stream);
  }

  void flush() {
    for (unsigned stream = 0; stream < buffers_.size(); ++stream) flush(stream);
  }

  std::uint64_t unsent() const {
    std::uint64_t sum = 0;
    for (const Buffer& buffer : buffers_) sum += buffer.messages;
    return sum;
  }

  // INT64_MAX when nothing lingers.
  Nanoseconds next_flush_ns() const {
    Nanoseconds next = INT64_MAX;
    if (!linger_ns_) return next;
    for (const Buffer& buffer : buffers_) {
      if (buffer.messages) next = std::min(next, buffer.oldest_ns + linger_ns_);
    }
    return next;
  }
  void flush_overdue(Nanoseconds now) {
    if (!linger_ns_) return;
    for (unsigned stream = 0; stream < buffers_.size(); ++stream) {
      Buffer& buffer = buffers_[stream];
      if (!buffer.messages) continue;
      if (!buffer.oldest_ns) buffer.oldest_ns = now;
      if (now - buffer.oldest_ns >= linger_ns_) flush(stream);
    }
  }

 private:
  // Appends messages while they fit. The only loop that runs once a message.
  std::uint64_t fill(Buffer& buffer, Cursor& cursor, std::uint64_t count) {
    std::byte* at = buffer.bytes.data() + buffer.used;
    std::uint64_t added = 0;
    if constexpr (Content::kOneSize) {
      const std::size_t frame = buffer.framed.largest(content_);
      const std::uint64_t fitting = buffer.used < limit_ ? (limit_ - buffer.used) / frame : 0;
      added = std::min(count, fitting);
      Cursor place = cursor;
      for (std::uint64_t i = 0; i < added; ++i, at += frame) {
        buffer.framed.write(at, content_, place);
        place.advance();
      }
      cursor = place;
    } else {
      std::byte* const end = buffer.bytes.data() + limit_;
      while (added < count &&
             static_cast<std::ptrdiff_t>(buffer.framed.bytes(content_, cursor)) <= end - at) {
        at += buffer.framed.write(at, content_, cursor);
        cursor.advance();
        ++added;
      }
    }
    buffer.used = static_cast<std::size_t>(at - buffer.bytes.data());
    buffer.messages += added;
    return added;
  }

  std::uint64_t run_lingering(unsigned stream, Cursor& cursor, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      if (pace_.stopped()) return i;
      one(stream, cursor, -1);
      cursor.advance();
      flush_overdue(now_ns());
    }
    return count;
  }

  void flush(unsigned stream) {
    Buffer& buffer = buffers_[stream];
    if (!buffer.used) return;
    out_.send(stream, buffer.bytes.data(), buffer.used);
    tell_handed_over(out_, buffer.messages);
    pace_.sent(buffer.messages);
    buffer.used = 0;
    buffer.messages = 0;
    buffer.oldest_ns = 0;
  }

  Out& out_;
  const Content& content_;
  Pace& pace_;
  std::size_t limit_;
  Nanoseconds linger_ns_;
  std::vector<Buffer> buffers_;
};

// N messages a call: one element of a vectored write for each, or one datagram of many that go at once
// (writev(2), sendmmsg(2)).
template <Framing kFraming, class Out, class Content>
class VectorPolicy {
  using Framed = FrameOf<kFraming, Out, Content>;
  struct Batch {
    Framed framed;
    std::vector<std::byte> bytes = {};
    std::vector<iovec> elements = {};
    std::size_t messages = 0;
  };

 public:
  using Cursor = typename Content::Cursor;
  VectorPolicy(Out& out, const Content& content, Pace& pace, const Options& options)
      : out_(out), content_(content), pace_(pace), capacity_(options.vector_items) {
    for (unsigned stream = 0; stream < options.streams(); ++stream) {
      Batch& batch = batches_.emplace_back(Batch{Framed(out, stream)});
      const std::size_t largest = batch.framed.largest(content), stride = (largest + 7) / 8 * 8;
      batch.bytes.resize(capacity_ * stride);
      batch.elements.resize(capacity_);
      for (std::size_t i = 0; i < capacity_; ++i) {
        batch.elements[i] = {batch.bytes.data() + i * stride, largest};
      }
    }
  }

  std::uint64_t run(unsigned stream, Cursor& cursor, std::uint64_t count) {
    Batch& batch = batches_[stream];
    std::uint64_t done = 0;
    while (done < count && !pace_.stopped()) {
      const std::uint64_t added = std::min<std::uint64_t>(count - done, capacity_ - batch.messages);
      Cursor place = cursor;
      for (std::uint64_t i = 0; i < added; ++i) {
        append(batch, place);
        place.advance();
      }
      cursor = place;
      done += added;
      if (batch.messages == capacity_) flush(stream);
    }
    return done;
  }
  void one(unsigned stream, const Cursor& cursor, std::int64_t bit) {
    Batch& batch = batches_[stream];
    std::byte* frame = append(batch, cursor);
    if (bit >= 0) batch.framed.damage(frame, static_cast<std::uint64_t>(bit));
    if (batch.messages == capacity_) flush(stream);
  }
  void flush() {
    for (unsigned stream = 0; stream < batches_.size(); ++stream) flush(stream);
  }
  std::uint64_t unsent() const {
    std::uint64_t sum = 0;
    for (const Batch& batch : batches_) sum += batch.messages;
    return sum;
  }

 private:
  std::byte* append(Batch& batch, const Cursor& cursor) {
    iovec& element = batch.elements[batch.messages++];
    const auto frame = static_cast<std::byte*>(element.iov_base);
    const std::size_t bytes = batch.framed.write(frame, content_, cursor);
    if constexpr (!Content::kOneSize) element.iov_len = bytes;
    return frame;
  }

  // What was taken before a call failed is not unsent.
  void flush(unsigned stream) {
    Batch& batch = batches_[stream];
    const std::span<const iovec> all(batch.elements.data(), batch.messages);
    for (std::size_t done = 0; done < all.size();) {
      const std::size_t taken = out_.send_many(stream, all.subspan(done));
      done += taken;
      batch.messages -= taken;
      tell_handed_over(out_, taken);
      pace_.sent(taken);
    }
  }

  Out& out_;
  const Content& content_;
  Pace& pace_;
  std::size_t capacity_;
  std::vector<Batch> batches_;
};

// Calls `use` with the policy that the options ask for; what a transport's facts exclude was refused before.
template <Framing kFraming, class Out, class Content, class Use>
void with_policy(Out& out, const Content& content, Pace& pace, const Options& options, Use&& use) {
  switch (options.policy) {
    case Policy::each: {
      CallPolicy<false, kFraming, Out, Content> policy(out, content, pace, options);
      return use(policy);
    }
    case Policy::split: {
      if constexpr (kFraming == Framing::length) {
        CallPolicy<true, kFraming, Out, Content> policy(out, content, pace, options);
        return use(policy);
      }
      break;
    }
    case Policy::vector: {
      if constexpr (requires(std::span<const iovec> messages) { out.send_many(0u, messages); }) {
        VectorPolicy<kFraming, Out, Content> policy(out, content, pace, options);
        return use(policy);
      }
      break;
    }
    case Policy::buffer: {
      if constexpr (kFraming != Framing::boundary) {
        BufferPolicy<kFraming, Out, Content> policy(out, content, pace, options);
        return use(policy);
      }
      break;
    }
  }
  throw UsageError("this policy is not possible here");
}

}  // namespace queuemark
