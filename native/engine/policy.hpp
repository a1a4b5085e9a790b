// How the producer turns messages into calls. One class a policy, all with the same four members:
//   run(stream, cursor, count)  sends up to count messages, fewer when the trial is stopped; says how many
//   one(stream, cursor, bit)    sends one message; bit >= 0 damages that bit on its way
//   flush()                     hands everything to the mechanism
//   unsent()                    messages accepted from the loop and not yet by the mechanism
// A policy by which messages linger has, for a producer that waits between messages, also next_flush_ns(),
// the moment when something has lingered enough, and flush_overdue(now).
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <span>
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
  using Framed = Frame<kFraming, Content>;

 public:
  using Cursor = typename Content::Cursor;
  CallPolicy(Out& out, const Content& content, Pace& pace, const Options&)
      : out_(out), content_(content), pace_(pace), frame_(Framed::largest(content)) {}

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
    const std::size_t bytes = Framed::write(frame_.data(), content_, cursor);
    if (bit >= 0) Framed::damage(frame_.data(), static_cast<std::uint64_t>(bit));
    const std::size_t first = kSplit ? Framed::kHead : bytes;
    out_.send(stream, frame_.data(), first);
    if constexpr (kSplit) out_.send(stream, frame_.data() + first, bytes - first);
    pace_.sent(1);
  }
  void flush() {}
  std::uint64_t unsent() const { return 0; }

 private:
  Out& out_;
  const Content& content_;
  Pace& pace_;
  std::vector<std::byte> frame_;
};

// Messages are gathered, whole ones only, and written when the next does not fit, and at the end; with
// a linger also when the oldest has waited that long. A message larger than the buffer goes by itself.
template <Framing kFraming, class Out, class Content>
class BufferPolicy {
  using Framed = Frame<kFraming, Content>;
  struct Buffer {
    std::vector<std::byte> bytes;
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
        capacity_(std::max<std::size_t>(options.buffer_bytes, Framed::largest(content))),
        limit_(options.buffer_bytes),
        linger_ns_(static_cast<Nanoseconds>(options.linger_us) * 1000),
        buffers_(options.streams()) {
    // Written once, so that no page of them is touched for the first time in the window.
    for (Buffer& buffer : buffers_) buffer.bytes.resize(capacity_);
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
    if (buffer.used + Framed::kHead + content_.size(cursor) > limit_) flush(stream);
    std::byte* frame = buffer.bytes.data() + buffer.used;
    buffer.used += Framed::write(frame, content_, cursor);
    ++buffer.messages;
    if (bit >= 0) Framed::damage(frame, static_cast<std::uint64_t>(bit));
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
      const std::size_t frame = Framed::largest(content_);
      const std::uint64_t fitting = buffer.used < limit_ ? (limit_ - buffer.used) / frame : 0;
      added = std::min(count, fitting);
      Cursor place = cursor;
      for (std::uint64_t i = 0; i < added; ++i, at += frame) {
        Framed::write(at, content_, place);
        place.advance();
      }
      cursor = place;
    } else {
      std::byte* const end = buffer.bytes.data() + limit_;
      while (added < count &&
             static_cast<std::ptrdiff_t>(Framed::kHead + content_.size(cursor)) <= end - at) {
        at += Framed::write(at, content_, cursor);
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
    pace_.sent(buffer.messages);
    buffer.used = 0;
    buffer.messages = 0;
    buffer.oldest_ns = 0;
  }

  Out& out_;
  const Content& content_;
  Pace& pace_;
  std::size_t capacity_;
  std::size_t limit_;
  Nanoseconds linger_ns_;
  std::vector<Buffer> buffers_;
};

// N messages a call: one element of a vectored write for each, or one datagram of many that go at once
// (writev(2), sendmmsg(2)).
template <Framing kFraming, class Out, class Content>
class VectorPolicy {
  using Framed = Frame<kFraming, Content>;
  struct Batch {
    std::vector<std::byte> bytes;
    std::vector<iovec> elements;
    std::size_t messages = 0;
  };

 public:
  using Cursor = typename Content::Cursor;
  VectorPolicy(Out& out, const Content& content, Pace& pace, const Options& options)
      : out_(out), content_(content), pace_(pace), capacity_(options.vector_items) {
    const std::size_t stride = (Framed::largest(content) + 7) / 8 * 8;
    batches_.resize(options.streams());
    for (Batch& batch : batches_) {
      batch.bytes.resize(capacity_ * stride);
      batch.elements.resize(capacity_);
      for (std::size_t i = 0; i < capacity_; ++i) {
        batch.elements[i] = {batch.bytes.data() + i * stride, Framed::largest(content)};
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
    if (bit >= 0) Framed::damage(frame, static_cast<std::uint64_t>(bit));
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
    const std::size_t bytes = Framed::write(frame, content_, cursor);
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
