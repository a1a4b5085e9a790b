// How long messages take: when each was sent, when it came, and what lies between.
//
// 1. Messages carry no time: one of a single byte can be stamped, and the content stays what it was. The
// producer
//    writes the time of one message in so many on a board in shared memory, before it hands the message on;
//    the consumer looks there when that message has come, by the message's number.
// 2. When a paced message was to be sent follows from its number: no stamp is needed, every message has a
// latency.
// 3. The board forgets: what a later message has written over is counted as missed, never guessed.
// 4. The time of arrival is that at which the receive call returned, one for all that it brought.
//
// Times on the board, and all that is reckoned here, are nanoseconds since the window opened.
#pragma once

#include <atomic>
#include <optional>
#include <span>
#include <vector>

#include "engine/clock.hpp"
#include "engine/histogram.hpp"
#include "engine/schedule.hpp"
#include "engine/shared.hpp"

namespace queuemark {

// The stamps of one stream. An entry is one word, so none is ever seen half written: 48 bits of time, which
// is 78 hours, and 16 bits that say which of the messages that share the entry it is of.
class StampBoard {
 public:
  StampBoard() = default;
  // entries: a power of two of them, fresh memory.
  explicit StampBoard(std::span<std::atomic<std::uint64_t>> entries)
      : entries_(entries.data()), bits_(static_cast<unsigned>(std::bit_width(entries.size())) - 1) {}

  // ordinal: the message's place among those that are stamped.
  void write(std::uint64_t ordinal, Nanoseconds sent_ns) const {
    // Relaxed: the message follows, and whatever hands that over hands over what was stored before.
    entry(ordinal).store(tag(ordinal) | (static_cast<std::uint64_t>(sent_ns) & kTimeMask),
                         std::memory_order_relaxed);
  }
  std::optional<Nanoseconds> read(std::uint64_t ordinal) const {
    const std::uint64_t word = entry(ordinal).load(std::memory_order_relaxed);
    if ((word & ~kTimeMask) != tag(ordinal)) return std::nullopt;
    return static_cast<Nanoseconds>(word & kTimeMask);
  }

 private:
  static constexpr unsigned kTimeBits = 48;
  static constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << kTimeBits) - 1;

  std::atomic<std::uint64_t>& entry(std::uint64_t ordinal) const {
    return entries_[ordinal & ((std::uint64_t{1} << bits_) - 1)];
  }
  // Never that of an entry that nobody has written yet.
  std::uint64_t tag(std::uint64_t ordinal) const { return ((ordinal >> bits_) + 1) << kTimeBits; }

  std::atomic<std::uint64_t>* entries_ = nullptr;
  unsigned bits_ = 0;
};

// What a consumer measures. Its pages are taken as far as values come to lie in them.
struct Arrived {
  std::uint64_t missed;
  Histogram<std::uint64_t> latency;
  Histogram<std::uint32_t> raw;
};
static_assert(sizeof(Arrived) <= 512 * 1024 && sizeof(Arrived) % sizeof(std::uint64_t) == 0);

// What the producer measures: by how much it was late, where it is paced; where it is replied to, the round
// trips and, where both, those from the actual sending.
struct Departed {
  Histogram<std::uint32_t> pacing;
  Histogram<std::uint32_t> round_trip;
  Histogram<std::uint32_t> raw;
};
static_assert(sizeof(Departed) <= 512 * 1024);

// The memory of one trial for all this, and what its ends agree on.
class Stamping {
 public:
  // every: one message in so many of a stream is stamped, its first among them.
  Stamping(const Options& options, std::uint64_t every);

  // Whether a consumer knows the number of what it gets.
  static bool possible(const Options& options);
  // gathers: messages reach the mechanism many at a time, or without any call.
  static std::uint64_t chosen_every(const Options& options, bool gathers);

  std::uint64_t every() const { return every_; }
  const std::optional<Schedule>& schedule() const { return schedule_; }
  StampBoard board(unsigned stream) const;
  Arrived& arrived(unsigned consumer) const { return arrived_[consumer]; }
  Departed& departed() const { return *departed_; }

 private:
  std::uint64_t every_;
  std::optional<Schedule> schedule_;
  std::uint64_t entries_;  // of one stream
  SharedMemory memory_;
  Departed* departed_;
  Arrived* arrived_;
  std::atomic<std::uint64_t>* boards_;
};

// The producer's side. In the warm-up nothing is stamped.
class Stamps {
 public:
  Stamps(const Stamping* stamping, unsigned streams) : streams_(streams) {
    if (!stamping) return;
    every_ = stamping->every();
    for (unsigned stream = 0; stream < streams; ++stream) streams_[stream].board = stamping->board(stream);
  }

  void open() {
    if (!every_) return;
    for (Stream& stream : streams_) stream.next = 0;
  }
  // Whether the stream's message of that number is to be stamped before it is sent.
  bool due(unsigned stream, Sequence number) const { return streams_[stream].next == number; }
  // Messages from that one on, the first not looked at, until the next that is to be stamped.
  std::uint64_t run(unsigned stream, Sequence number) const { return streams_[stream].next - number; }
  void write(unsigned stream, Nanoseconds sent_ns) {
    Stream& of = streams_[stream];
    of.board.write(of.ordinal++, sent_ns);
    of.next += every_;
  }

 private:
  struct Stream {
    Sequence next = UINT64_MAX;
    std::uint64_t ordinal = 0;
    StampBoard board;
  };
  std::vector<Stream> streams_;
  std::uint64_t every_ = 0;
};

// The consumer's side: told of every receive call and of every message that came for the first time.
class Arrivals {
 public:
  Arrivals() = default;  // measures nothing
  Arrivals(const Stamping& stamping, const Dealing& dealing, Arrived& into, const Control& control);

  // In the warm-up nothing is looked up.
  void begin(Phase phase) { next_ = into_ && phase == Phase::window ? 0 : UINT64_MAX; }

  // A receive call has returned. What it brought begins with that number and is so many bytes; no message has
  // fewer than `least`. The clock is read when one of them has a stamp, or is due.
  void received(Sequence first, std::size_t bytes, std::size_t least) {
    const std::uint64_t before = next_ > first ? next_ - first : 0;
    received_ns_ = before < bytes && (before + 1) * least <= bytes ? now_ns() : 0;
  }
  // Which numbers it brought is not known yet.
  void received(std::size_t bytes) {
    const bool worth_it = next_ != UINT64_MAX && (schedule_ || bytes >= kWorthBytes);
    received_ns_ = worth_it ? now_ns() : 0;
  }

  // Messages that follow each other, numbered no lower than all before.
  void took(Sequence first, std::uint64_t count) {
    if (first + count > next_) [[unlikely]]
      record(first, count);
  }
  // One whose number was passed over before.
  void took_late(Sequence number) {
    if (next_ == UINT64_MAX) return;
    const Sequence next = next_;
    record(number, 1);
    next_ = std::max(next, next_);
  }

  // When the messages of this moment came; for one whose number shows only later.
  Nanoseconds received_ns() {
    if (!received_ns_ && next_ != UINT64_MAX) received_ns_ = now_ns();
    return received_ns_;
  }
  void set_received_ns(Nanoseconds at) { received_ns_ = at; }

  // The numbers were no true ones: none of the samples stands.
  void discard();

 private:
  // So much takes longer to look through than the clock takes to be read.
  static constexpr std::size_t kWorthBytes = 16 * 1024;

  [[gnu::noinline]] void record(Sequence first, std::uint64_t count);
  void record_due(Sequence first, std::uint64_t count, Nanoseconds elapsed_ns);
  // Those that are stamped, from that one on and below `end`; says which is the next.
  template <class Counter>
  Sequence record_stamped(std::uint64_t ordinal, Sequence end, Nanoseconds elapsed_ns,
                          Histogram<Counter>& histogram);

  Sequence next_ = UINT64_MAX;  // the first that has a sample yet to come
  Nanoseconds received_ns_ = 0;
  Arrived* into_ = nullptr;
  const Control* control_ = nullptr;
  Nanoseconds opened_ns_ = 0;
  StampBoard board_;
  std::uint64_t every_ = 1;
  std::optional<Schedule> schedule_;
  Dealing dealing_;
};

}  // namespace queuemark
