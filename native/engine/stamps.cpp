#include "engine/stamps.hpp"

#include <bit>
#include <cmath>

namespace queuemark {
namespace {

// As many stamped messages as may be under way: a pipe of 1 MiB holds a million of one byte.
constexpr std::uint64_t kEntriesHigh = 65'536, kEntriesLow = 1024, kEntriesOfAll = 1u << 20;
constexpr std::uint64_t kEntriesChosen = 16'384;

// A message that is a call takes about a microsecond, the clock and the board a twentieth of that at the
// most; one that is gathered takes a few nanoseconds.
constexpr std::uint64_t kEveryCall = 64, kEveryGathered = 4096;
// Paced messages are stamped each, as far as that is no part of what they cost.
constexpr double kStampsPerSecond = 1e6;

std::uint64_t entries_of(const Options& options) {
  const std::uint64_t share = std::bit_floor(kEntriesOfAll / options.streams());
  const bool chosen = !options.stamp_every && !options.rate_per_s;
  return std::clamp(share, kEntriesLow, chosen ? kEntriesChosen : kEntriesHigh);
}

// One behind the other; each is as long as whole words.
std::size_t bytes_of(const Options& options, std::uint64_t entries) {
  return options.consumers * sizeof(Arrived) + entries * options.streams() * sizeof(std::uint64_t) +
         sizeof(Departed);
}

std::uint64_t distance(Nanoseconds from, Nanoseconds to) {
  return static_cast<std::uint64_t>(std::max<Nanoseconds>(0, to - from));
}

}  // namespace

Stamping::Stamping(const Options& options, std::uint64_t every)
    : every_(every),
      entries_(entries_of(options)),
      memory_(bytes_of(options, entries_), "the trial's latencies") {
  if (options.rate_per_s) schedule_.emplace(*options.rate_per_s);
  // Fresh memory is what all of these begin as.
  arrived_ = reinterpret_cast<Arrived*>(memory_.data());
  boards_ = reinterpret_cast<std::atomic<std::uint64_t>*>(arrived_ + options.consumers);
  departed_ = reinterpret_cast<Departed*>(boards_ + entries_ * options.streams());
}

bool Stamping::possible(const Options& options) {
  return options.consumers && !(options.competing() && options.consumers > 1 && options.bare_values());
}

std::uint64_t Stamping::chosen_every(const Options& options, bool gathers) {
  // The clock is read at both ends of a round trip anyway.
  if (options.pingpong()) return 1;
  if (options.stamp_every) return options.stamp_every;
  if (!options.rate_per_s) return gathers ? kEveryGathered : kEveryCall;
  return std::bit_ceil(static_cast<std::uint64_t>(std::ceil(*options.rate_per_s / kStampsPerSecond)));
}

StampBoard Stamping::board(unsigned stream) const {
  return StampBoard({boards_ + stream * entries_, entries_});
}

Arrivals::Arrivals(const Stamping& stamping, const Dealing& dealing, Arrived& into, const Control& control)
    : into_(&into),
      control_(&control),
      board_(stamping.board(dealing.stream)),
      every_(stamping.every()),
      schedule_(stamping.schedule()),
      dealing_(dealing) {
  if (!schedule_) return;
  into.latency.touch();
  into.raw.touch();
}

void Arrivals::discard() {
  if (!into_) return;
  into_->missed += into_->latency.samples;
  into_->latency.clear();
  into_->raw.clear();
}

void Arrivals::record(Sequence first, std::uint64_t count) {
  const std::uint64_t ordinal = (first + every_ - 1) / every_;
  if (!schedule_ && ordinal * every_ >= first + count) {
    next_ = ordinal * every_;
    return;
  }
  // Acquire pairs with the producer's release: it opens the window before it sends the first of its messages.
  if (!opened_ns_) opened_ns_ = control_->window_open_ns.load(std::memory_order_acquire);
  const Nanoseconds elapsed_ns = received_ns() - opened_ns_;
  if (schedule_) {
    record_due(first, count, elapsed_ns);
    record_stamped(ordinal, first + count, elapsed_ns, into_->raw);
    next_ = first + count;
  } else {
    next_ = record_stamped(ordinal, first + count, elapsed_ns, into_->latency);
  }
}

// The numbers of a stream follow each other among all messages of the producer as long as its turn lasts.
void Arrivals::record_due(Sequence first, std::uint64_t count, Nanoseconds elapsed_ns) {
  Sequence number = dealing_.streams == 1 ? first : dealing_.global(first);
  std::uint64_t left_in_turn =
      dealing_.streams == 1 ? UINT64_MAX : dealing_.deal_items - first % dealing_.deal_items;
  for (; count; --count) {
    into_->latency.record(distance(schedule_->due(number), elapsed_ns));
    ++number;
    if (--left_in_turn == 0) {
      left_in_turn = dealing_.deal_items;
      number += (dealing_.streams - 1) * dealing_.deal_items;
    }
  }
}

template <class Counter>
Sequence Arrivals::record_stamped(std::uint64_t ordinal, Sequence end, Nanoseconds elapsed_ns,
                                  Histogram<Counter>& histogram) {
  for (; ordinal * every_ < end; ++ordinal) {
    const std::optional<Nanoseconds> sent_ns = board_.read(ordinal);
    if (sent_ns) {
      histogram.record(distance(*sent_ns, elapsed_ns));
    } else {
      ++into_->missed;
    }
  }
  return ordinal * every_;
}

}  // namespace queuemark
