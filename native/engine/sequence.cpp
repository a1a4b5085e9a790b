#include "engine/sequence.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace queuemark {

void Missing::add(Sequence first, Sequence end) {
  if (first >= end) return;
  ranges_.push_back({first, end});
  count_ += end - first;
}

bool Missing::take(Sequence number) {
  const auto behind = [](Sequence wanted, const Range& range) { return wanted < range.first; };
  auto range = std::upper_bound(ranges_.begin(), ranges_.end(), number, behind);
  if (range == ranges_.begin()) return false;
  --range;
  const auto [first, end] = *range;
  if (number >= end) return false;
  range = ranges_.erase(range);
  if (number + 1 < end) range = ranges_.insert(range, {number + 1, end});
  if (first < number) ranges_.insert(range, {first, number});
  --count_;
  return true;
}

Coverage lay_over(std::span<const std::span<const std::byte>> bitmaps, std::uint64_t sent,
                  std::uint64_t above) {
  Coverage coverage;
  coverage.seen_before.assign(bitmaps.size(), 0);
  const std::size_t words = bitmaps.empty() ? 0 : bitmaps.front().size() / sizeof(std::uint64_t);
  // Pages behind the last number were never touched; reading them would only take memory.
  const std::size_t used = std::min<std::size_t>(words, (std::max(sent, above) + 63) / 64);
  for (std::size_t word = 0; word < used; ++word) {
    const std::uint64_t sent_here = sent - std::min<std::uint64_t>(sent, word * 64);
    const std::uint64_t valid = sent_here >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << sent_here) - 1;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < bitmaps.size(); ++i) {
      const std::uint64_t bits = load64(bitmaps[i].data() + word * sizeof(std::uint64_t));
      coverage.beyond += std::popcount(bits & ~valid);
      coverage.seen_before[i] += std::popcount(bits & valid & seen);
      seen |= bits & valid;
    }
    coverage.unique += std::popcount(seen);
  }
  return coverage;
}

namespace {

// How often each low-bits value occurs among the numbers 0 .. sent-1, and the sum of the mixed values.
// Numbers repeat after 2^(8 * size); whole periods are counted once and multiplied.
std::uint64_t expected_value_sum(std::size_t size_bytes, std::uint64_t sent) {
  const std::uint64_t period = std::uint64_t{1} << (8 * size_bytes);
  const auto sum_below = [](std::uint64_t end) {
    std::uint64_t sum = 0;
    for (std::uint64_t value = 0; value < end; ++value) sum += mixed(value);
    return sum;
  };
  const std::uint64_t whole = sent / period, rest = sent % period;
  return (whole ? whole * sum_below(period) : 0) + sum_below(rest);
}

}  // namespace

ValueVerdict compare_values(std::span<const std::span<const std::byte>> tables, std::uint64_t value_sum,
                            std::size_t size_bytes, std::uint64_t sent) {
  ValueVerdict verdict;
  const std::size_t entries = ValueTable::entries(size_bytes);
  for (std::size_t entry = 0; entry < entries; ++entry) {
    const std::uint64_t expected = sent / entries + (entry < sent % entries);
    std::uint64_t found = 0;
    for (const auto& table : tables) found += load64(table.data() + entry * sizeof(std::uint64_t));
    verdict.missing += expected - std::min(expected, found);
    verdict.surplus += found - std::min(expected, found);
  }
  verdict.sum_differs = value_sum != expected_value_sum(size_bytes, sent);
  return verdict;
}

}  // namespace queuemark
