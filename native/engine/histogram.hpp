// Times in nanoseconds, counted in buckets of three significant digits from 1 ns to an hour.
//
// The buckets are those of HdrHistogram for the bounds 1 ns and 1 h and 3 digits: values below 2048 have one
// each, and each doubling from there on has 1024. What is above an hour counts in an hour's. How many, the
// least, the most and the sum are exact besides.
//
// A worker counts in memory that it shares with the parent, which adds the workers' histograms up: nothing is
// rounded by that. Fresh memory is an empty histogram, and its pages are taken as values come to lie in them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

namespace queuemark {

struct Buckets {
  static constexpr std::size_t kCount = 33'792;
  static constexpr unsigned kHalfBits = 10;  // 1024 buckets a doubling
  static constexpr std::uint64_t kHighNs = 3'600'000'000'000;

  // No branch: of values below 2048, which are not shifted, the bucket is the value.
  static constexpr std::size_t of(std::uint64_t ns) {
    const std::uint64_t value = std::min(ns, kHighNs);
    const auto shift = static_cast<unsigned>(std::bit_width(value | ((2u << kHalfBits) - 1))) - kHalfBits - 1;
    return (static_cast<std::size_t>(shift) << kHalfBits) + (value >> shift);
  }
};
static_assert(Buckets::of(0) == 0 && Buckets::of(2047) == 2047 && Buckets::of(2048) == 2048);
static_assert(Buckets::of(UINT64_MAX) == Buckets::of(Buckets::kHighNs));

// Counter: 64 bits, or 32 where memory is short: then a bucket that is full takes no more samples.
template <class Counter>
struct Histogram {
  std::uint64_t samples;
  std::uint64_t sum_ns;
  std::uint64_t most_ns;
  std::uint64_t least_inverted;  // the complement, whose beginning is 0, too
  Counter counts[Buckets::kCount];

  void record(std::uint64_t ns) {
    Counter& count = counts[Buckets::of(ns)];
    if constexpr (sizeof(Counter) < sizeof(std::uint64_t)) {
      if (count == std::numeric_limits<Counter>::max()) [[unlikely]]
        return;
    }
    ++count;
    ++samples;
    sum_ns += ns;
    most_ns = std::max(most_ns, ns);
    least_inverted = std::max(least_inverted, ~ns);
  }

  // Takes the pages now, so that no sample has to wait for one.
  void touch() {
    for (std::size_t i = 0; i < Buckets::kCount; i += 4096 / sizeof(Counter)) {
      static_cast<volatile Counter&>(counts[i]) = counts[i];
    }
  }
  void clear() { *this = {}; }
};

// What several histograms count together.
class HistogramSum {
 public:
  template <class Counter>
  void add(const Histogram<Counter>& part) {
    if (!part.samples) return;
    samples_ += part.samples;
    sum_ns_ += part.sum_ns;
    most_ns_ = std::max(most_ns_, part.most_ns);
    least_ns_ = std::min(least_ns_, ~part.least_inverted);
    for (std::size_t i = 0; i < Buckets::kCount; ++i) counts_[i] += part.counts[i];
  }

  std::uint64_t samples() const { return samples_; }
  std::uint64_t least_ns() const { return samples_ ? least_ns_ : 0; }
  std::uint64_t most_ns() const { return most_ns_; }
  // As large as documents can hold; more would be centuries.
  std::uint64_t sum_ns() const {
    return static_cast<std::uint64_t>(std::min<unsigned __int128>(sum_ns_, INT64_MAX));
  }

  // In pairs: how many empty buckets lie before one that is not, and what that one counts.
  std::vector<std::uint64_t> pairs() const {
    std::vector<std::uint64_t> told;
    std::uint64_t empty = 0;
    for (const std::uint64_t count : counts_) {
      if (!count) {
        ++empty;
        continue;
      }
      told.push_back(empty);
      told.push_back(count);
      empty = 0;
    }
    return told;
  }

 private:
  std::uint64_t samples_ = 0;
  unsigned __int128 sum_ns_ = 0;
  std::uint64_t most_ns_ = 0;
  std::uint64_t least_ns_ = UINT64_MAX;
  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(Buckets::kCount);
};

}  // namespace queuemark
