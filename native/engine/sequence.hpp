// Finds out what became of every message: arrived once and whole, or lost, repeated, out of order, damaged.
//
// Three ways, by what the mechanism lets a consumer know:
// - Ordered: the consumer is the only one of its stream, so it knows each next message;
// - Competing: a consumer sees some of the messages; each number it saw is one bit in its bitmap,
//   and the parent lays the bitmaps of all consumers over each other at the end;
// - Values: competing consumers and messages too small for a number: counts per value.
// What came for the first time is told to the stamps (stamps.hpp), by its number.
// The fast path compares whole blocks and ORs the differences; only a block with a difference is gone
// through message by message.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "engine/content.hpp"
#include "engine/shared.hpp"
#include "engine/stamps.hpp"

namespace queuemark {

enum class Framing {
  length,    // a byte stream; each message behind its length, 4 bytes
  size,      // a byte stream; all messages have the same size
  boundary,  // the mechanism keeps messages apart
  envelope   // a byte stream with a protocol of its own, which its ends write and read
};

constexpr std::size_t kLengthBytes = 4;

// Numbers that were passed over and may still arrive late, as disjoint ranges.
class Missing {
 public:
  // Each range lies behind those added before.
  void add(Sequence first, Sequence end);
  bool take(Sequence number);  // true when it was missing, and now is not
  std::uint64_t count() const { return count_; }

 private:
  struct Range {
    Sequence first;
    Sequence end;
  };
  // In order, since a stream passes over numbers in order. Where a mechanism loses, gaps are the rule, and
  // adding one must cost no more than a few stores.
  std::deque<Range> ranges_;
  std::uint64_t count_ = 0;
};

// One bit for each number, in memory that the parent can read afterwards.
class Bitmap {
 public:
  explicit Bitmap(std::span<std::byte> memory)
      : words_(reinterpret_cast<std::uint64_t*>(memory.data())), capacity_(memory.size() * 8) {}
  std::uint64_t capacity() const { return capacity_; }
  // True when the bit was already set.
  bool set(Sequence number) {
    const std::uint64_t bit = std::uint64_t{1} << (number % 64);
    std::uint64_t& word = words_[number / 64];
    const bool before = word & bit;
    word |= bit;
    return before;
  }

 private:
  std::uint64_t* words_;
  std::uint64_t capacity_;
};

// What all consumers' bitmaps say together about the numbers below `sent`; no bit is set from `above` on.
struct Coverage {
  std::uint64_t unique = 0;                // numbers that at least one consumer saw
  std::uint64_t beyond = 0;                // numbers that nobody sent
  std::vector<std::uint64_t> seen_before;  // by consumer: numbers that an earlier one had seen too
};
Coverage lay_over(std::span<const std::span<const std::byte>> bitmaps, std::uint64_t sent,
                  std::uint64_t above);

// Counts per value of messages of 1 to 7 bytes; wider ones are counted by their low 16 bits, and the
// sum of their mixed values stands for the rest.
struct ValueTable {
  static std::size_t entries(std::size_t size_bytes) { return size_bytes == 1 ? 256 : 65536; }
  static std::size_t bytes(std::size_t size_bytes) { return entries(size_bytes) * sizeof(std::uint64_t); }
};
struct ValueVerdict {
  std::uint64_t missing = 0;  // values that came too seldom, by how much
  std::uint64_t surplus = 0;  // values that came too often, by how much
  bool sum_differs = false;
};
ValueVerdict compare_values(std::span<const std::span<const std::byte>> tables, std::uint64_t value_sum,
                            std::size_t size_bytes, std::uint64_t sent);

// What the verifiers share: where a stream stands, and how much of it is compared.
struct Stream {
  std::uint64_t seed = 1;
  unsigned index = 0;
  Dealing dealing;
  std::uint64_t sample = 1;
  bool lossless = true;

  std::uint64_t salt(Phase phase) const { return stream_salt(seed, index, phase); }
};

// Where the mechanism may lose, messages of 8 bytes and more tell exactly what became of them. Smaller ones
// are numbers modulo a round of 2^(8 * size): one that lies a little behind is late or repeated, any other is
// ahead, with a gap before it. A gap of about a round or more shows in the final count alone; then the totals
// are given, what arrived and what did not, which are right unless messages were repeated, too.
template <class Content>
class OrderedVerifier {
 public:
  OrderedVerifier(const Content& content, const Stream& stream, Tally& tally, const Arrivals& arrivals = {})
      : content_(content), stream_(stream), tally_(tally), arrivals_(arrivals) {
    begin(Phase::warmup);
  }

  void begin(Phase phase) {
    arrivals_.begin(phase);
    salt_ = stream_.salt(phase);
    next_ = content_.at(0, salt_, stream_.dealing);
    pending_.reset();
    missing_ = {};
    misshapen_ = 0;
  }

  // A receive call has returned: what is to be taken are so many bytes, or messages.
  template <Framing kFraming>
  void received(std::size_t bytes) {
    if constexpr (kFraming == Framing::boundary) {
      arrivals_.received(next_.sequence, bytes, 1);
    } else {
      constexpr std::size_t kHead = kFraming == Framing::length ? kLengthBytes : 0;
      arrivals_.received(next_.sequence, bytes,
                         kHead + (Content::kOneSize ? content_.largest() : kSequenceBytes));
    }
  }

  // Takes whole messages from the front of a byte stream and returns the bytes taken.
  template <Framing kFraming>
  std::size_t take(const std::byte* from, std::size_t bytes) {
    constexpr std::size_t kHead = kFraming == Framing::length ? kLengthBytes : 0;
    if (tally_.torn) return bytes;
    std::size_t done = 0;
    if constexpr (Content::kOneSize) {
      const std::size_t frame = kHead + content_.largest();
      // One message at a time is the rule where each is a call; a division would be its dearest step.
      const std::size_t count = bytes < 2 * frame ? bytes >= frame : bytes / frame;
      if (take_block<kHead>(from, count)) done = count * frame;
    }
    while (bytes - done >= kHead) {
      std::size_t length = content_.size(next_);
      if constexpr (kHead != 0) {
        length = load32(from + done);
        if (length > content_.largest()) return tear(bytes);
      }
      if (bytes - done - kHead < length) break;
      message(from + done + kHead, length);
      done += kHead + length;
    }
    return done;
  }

  // Takes `count` messages of the one size there is, which lie behind each other.
  void messages(const std::byte* from, std::uint64_t count) {
    if constexpr (Content::kOneSize) {
      if (take_block<0>(from, count)) return;
    }
    for (; count; --count, from += content_.largest()) message(from, content_.largest());
  }

  void message(const std::byte* from, std::size_t length) {
    if (pending_) settle(from, length);
    ++tally_.messages;
    tally_.message_bytes += length;
    const bool body = due(next_.sequence);
    if (!content_.compare_number(from, length, next_) && !(body && content_.compare_body(from, next_))) {
      tally_.checked += body;
      arrivals_.took(next_.sequence, 1);
      next_.advance();
      return;
    }
    const auto claim = content_.claim(from, length, salt_, stream_.dealing, next_.sequence, true);
    if (!claim && is_straggler(from, length)) {
      --tally_.messages;
      tally_.message_bytes -= length;
      return;
    }
    tally_.checked += claim.has_value();
    misshapen_ += !claim;
    if (!Content::kProves && claim) {
      pending_ = not_too_late(claim->sequence);
      pending_ns_ = arrivals_.received_ns();
    } else {
      believe(claim ? std::optional(claim->sequence) : std::nullopt);
    }
  }

  // The stream has ended; the producer says how many messages it put into it.
  void finish(std::uint64_t dealt, std::size_t bytes_left_over) {
    if (pending_) {
      const bool last_of_all = next_.sequence + 1 == dealt;
      arrivals_.set_received_ns(pending_ns_);
      believe(last_of_all ? std::nullopt : pending_);
      pending_.reset();
    }
    if (bytes_left_over) tally_.torn = true;
    if (went_round(dealt)) return count_totals(dealt);
    if (next_.sequence < dealt) missing_.add(next_.sequence, dealt);
    if (next_.sequence > dealt) tally_.corrupted += next_.sequence - dealt;
    tally_.lost = missing_.count();
  }

  bool clean() const {
    if (!stream_.lossless) return !tally_.torn && !(Content::kProves ? tally_.corrupted : misshapen_);
    return !pending_ && !missing_.count() && !tally_.corrupted && !tally_.duplicated && !tally_.reordered &&
           !tally_.torn;
  }

 private:
  // A message of the warm-up that another route brought into the window.
  bool is_straggler(const std::byte* from, std::size_t length) const {
    const std::uint64_t before = stream_.salt(Phase::warmup);
    if (stream_.lossless || !Content::kProves || salt_ == before) return false;
    return content_.claim(from, length, before, stream_.dealing, 0, true).has_value();
  }

  // Whether numbers that repeat may have been taken for each other's: the stream does not end where it must.
  bool went_round([[maybe_unused]] std::uint64_t dealt) const {
    if constexpr (Content::kProves) {
      return false;
    } else {
      if (stream_.lossless) return false;
      return next_.sequence > dealt || dealt - next_.sequence > content_.mask() - late_high();
    }
  }

  // Numbers by which a small message may be late; a lossless mechanism has no gaps to take for lateness.
  std::uint64_t late_high() const { return stream_.lossless ? content_.mask() : content_.mask() / 16; }

  Sequence not_too_late([[maybe_unused]] Sequence claimed) const {
    if constexpr (!Content::kProves) {
      if (claimed + late_high() < next_.sequence) return claimed + content_.mask() + 1;
    }
    return claimed;
  }

  void count_totals(std::uint64_t dealt) {
    tally_.duplicated = tally_.messages - std::min(tally_.messages, dealt);
    tally_.lost = dealt - std::min(tally_.messages, dealt);
    tally_.reordered = 0;
    tally_.corrupted = misshapen_;
    arrivals_.discard();
  }

  bool due(Sequence number) const { return stream_.sample == 1 || number % stream_.sample == 0; }

  // All of `count` frames at once, or none when any of them differs.
  template <std::size_t kHead>
  bool take_block(const std::byte* from, std::size_t count) {
    const std::size_t size = content_.largest(), frame = kHead + size;
    if (pending_) return false;
    auto cursor = next_;
    std::uint64_t difference = 0;
    const std::byte* at = from;
    if (stream_.sample == 1) {
      for (std::size_t i = 0; i < count; ++i, at += frame) {
        if constexpr (kHead != 0) difference |= load32(at) ^ size;
        difference |= content_.compare(at + kHead, size, cursor);
        cursor.advance();
      }
    } else {
      for (std::size_t i = 0; i < count; ++i, at += frame) {
        if constexpr (kHead != 0) difference |= load32(at) ^ size;
        difference |= content_.compare_number(at + kHead, size, cursor);
        if (due(cursor.sequence)) difference |= content_.compare_body(at + kHead, cursor);
        cursor.advance();
      }
    }
    if (difference) return false;
    tally_.checked += sampled(next_.sequence, count);
    arrivals_.took(next_.sequence, count);
    next_ = cursor;
    tally_.messages += count;
    tally_.message_bytes += count * size;
    return true;
  }

  // How many of `count` numbers from `first` on are due.
  std::uint64_t sampled(Sequence first, std::uint64_t count) const {
    if (stream_.sample == 1) return count;
    const auto below = [this](Sequence end) { return (end + stream_.sample - 1) / stream_.sample; };
    return below(first + count) - below(first);
  }

  // What the message before turns out to be, now that the one behind it is known (small messages only):
  // if that one continues as though the doubtful one had been in place, it was damaged on its way.
  void settle(const std::byte* from, std::size_t length) {
    auto after = next_;
    after.advance();
    const bool in_place = !content_.compare(from, length, after);
    const Nanoseconds now_came_ns = arrivals_.received_ns();
    arrivals_.set_received_ns(pending_ns_);
    believe(in_place ? std::nullopt : pending_);
    arrivals_.set_received_ns(now_came_ns);
    pending_.reset();
  }

  void believe(std::optional<Sequence> number) {
    const Sequence expected = next_.sequence;
    if (!number) {
      ++tally_.corrupted;
      next_.advance();
    } else if (*number >= expected) {
      missing_.add(expected, *number);
      arrivals_.took(*number, 1);
      next_ = content_.at(*number + 1, salt_, stream_.dealing);
    } else if (missing_.take(*number)) {
      ++tally_.reordered;
      arrivals_.took_late(*number);
    } else {
      ++tally_.duplicated;
    }
  }

  std::size_t tear(std::size_t bytes) {
    tally_.torn = true;
    return bytes;
  }

  const Content& content_;
  Stream stream_;
  Tally& tally_;
  std::uint64_t salt_ = 0;
  typename Content::Cursor next_{};
  Arrivals arrivals_;
  std::optional<Sequence> pending_;
  Nanoseconds pending_ns_ = 0;  // when it came
  Missing missing_;
  std::uint64_t misshapen_ = 0;  // messages that make no claim, whatever their number
};

// Consumers that take from one queue: each sees an increasing part of the numbers.
template <class Content>
class CompetingVerifier {
 public:
  CompetingVerifier(const Content& content, const Stream& stream, Tally& tally, std::span<std::byte> memory,
                    const Arrivals& arrivals = {})
      : content_(content), stream_(stream), tally_(tally), bitmap_(memory), arrivals_(arrivals) {
    begin(Phase::warmup);
  }

  // Warm-up leaves no bits: its conservation is the fence that ends it.
  void begin(Phase phase) {
    arrivals_.begin(phase);
    salt_ = stream_.salt(phase);
    record_ = phase == Phase::window;
    above_ = 0;
  }

  template <Framing kFraming>
  void received(std::size_t bytes) {
    arrivals_.received(bytes);
  }

  template <Framing kFraming>
  std::size_t take(const std::byte* from, std::size_t bytes) {
    static_assert(kFraming != Framing::length, "competing readers would tear a length from its message");
    const std::size_t size = content_.largest();
    std::size_t done = 0;
    for (; bytes - done >= size; done += size) message(from + done, size);
    return done;
  }

  void message(const std::byte* from, std::size_t length) {
    ++tally_.messages;
    tally_.message_bytes += length;
    const bool body = stream_.sample == 1 || (load_number(from, length) % stream_.sample == 0);
    const auto claim = content_.claim(from, length, salt_, stream_.dealing, above_, body);
    if (!claim || (record_ && claim->sequence >= bitmap_.capacity())) {
      ++tally_.corrupted;
      return;
    }
    tally_.checked += body;
    if (record_ && bitmap_.set(claim->sequence)) {
      ++tally_.duplicated;
    } else if (claim->sequence < above_) {
      ++tally_.reordered;
      arrivals_.took_late(claim->sequence);
    } else {
      arrivals_.took(claim->sequence, 1);
    }
    if (claim->sequence >= above_) above_ = claim->sequence + 1;
  }

  void finish(std::uint64_t, std::size_t bytes_left_over) {
    if (bytes_left_over) tally_.torn = true;
    tally_.above = above_;
  }
  bool clean() const { return !tally_.corrupted && !tally_.duplicated && !tally_.reordered; }

 private:
  static Sequence load_number(const std::byte* from, std::size_t length) {
    return length < kSequenceBytes ? 0 : load64(from) & kNumberMask;
  }

  const Content& content_;
  Stream stream_;
  Tally& tally_;
  Bitmap bitmap_;
  Arrivals arrivals_;
  std::uint64_t salt_ = 0;
  Sequence above_ = 0;  // all numbers seen so far are below
  bool record_ = false;
};

// Consumers that take messages of 1 to 7 bytes from one queue.
class ValueVerifier {
 public:
  ValueVerifier(const SmallContent& content, Tally& tally, std::span<std::byte> memory)
      : content_(content),
        tally_(tally),
        counts_(reinterpret_cast<std::uint64_t*>(memory.data())),
        low_(ValueTable::entries(content.largest()) - 1) {}

  void begin(Phase phase) { record_ = phase == Phase::window; }

  // Messages without a number have no stamp that could be found.
  template <Framing kFraming>
  void received(std::size_t) {}

  template <Framing kFraming>
  std::size_t take(const std::byte* from, std::size_t bytes) {
    const std::size_t size = content_.largest();
    std::size_t done = 0;
    for (; bytes - done >= size; done += size) message(from + done, size);
    return done;
  }

  void message(const std::byte* from, std::size_t length) {
    ++tally_.messages;
    tally_.message_bytes += length;
    if (length != content_.largest()) {
      ++tally_.corrupted;
      return;
    }
    ++tally_.checked;
    if (!record_) return;
    const std::uint64_t value = content_.value(from);
    ++counts_[value & low_];
    tally_.value_sum += mixed(value);
  }

  void finish(std::uint64_t, std::size_t bytes_left_over) {
    if (bytes_left_over) tally_.torn = true;
  }
  bool clean() const { return !tally_.corrupted; }

 private:
  const SmallContent& content_;
  Tally& tally_;
  std::uint64_t* counts_;
  std::uint64_t low_;
  bool record_ = false;
};

}  // namespace queuemark
