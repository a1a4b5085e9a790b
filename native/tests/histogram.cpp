// The histogram: each value in its bucket, found slowly here; sums of several; the least, the most and
// beyond.

#include "engine/histogram.hpp"

#include <memory>
#include <vector>

#include "engine/content.hpp"
#include "tests/check.hpp"

using namespace queuemark;

namespace {

// By the definition: a bucket for each value below 2048, then 1024 a doubling, each twice as wide as before.
std::vector<std::uint64_t> lowest_of_each() {
  std::vector<std::uint64_t> lowest;
  for (std::uint64_t value = 0; value < 2048; ++value) lowest.push_back(value);
  for (std::uint64_t begin = 2048, width = 2; lowest.size() < Buckets::kCount; begin *= 2, width *= 2) {
    for (std::uint64_t i = 0; i < 1024; ++i) lowest.push_back(begin + i * width);
  }
  return lowest;
}

void every_bucket_begins_and_ends_where_it_must() {
  const std::vector<std::uint64_t> lowest = lowest_of_each();
  CHECK(lowest.size() == Buckets::kCount);
  bool same = true;
  for (std::size_t bucket = 0; bucket < lowest.size(); ++bucket) {
    if (lowest[bucket] > Buckets::kHighNs) break;
    same = same && Buckets::of(lowest[bucket]) == bucket;
    if (bucket) same = same && Buckets::of(lowest[bucket] - 1) == bucket - 1;
  }
  CHECK(same);
  CHECK(Buckets::of(Buckets::kHighNs - 1) < lowest.size() && Buckets::kHighNs * 2 > lowest.back());
}

template <class Counter>
void what_is_recorded_is_told() {
  const auto histogram = std::make_unique<Histogram<Counter>>();
  HistogramSum empty;
  empty.add(*histogram);
  CHECK(empty.samples() == 0 && empty.least_ns() == 0 && empty.most_ns() == 0 && empty.sum_ns() == 0);
  CHECK(empty.pairs().empty());
  for (const std::uint64_t value : {5u, 5u, 7u, 3000u, 3001u}) histogram->record(value);
  HistogramSum sum;
  sum.add(*histogram);
  CHECK(sum.samples() == 5 && sum.least_ns() == 5 && sum.most_ns() == 3001 && sum.sum_ns() == 6018);
  // 3000 and 3001 share bucket 2048 + 952 / 2.
  CHECK((sum.pairs() == std::vector<std::uint64_t>{5, 2, 1, 1, 2524 - 8, 2}));
  histogram->touch();
  CHECK(histogram->samples == 5 && histogram->counts[5] == 2 && histogram->counts[0] == 0);
  histogram->clear();
  CHECK(histogram->samples == 0 && histogram->counts[5] == 0 && histogram->least_inverted == 0);
}

void sums_are_exact() {
  std::vector<std::unique_ptr<Histogram<std::uint64_t>>> parts;
  const auto whole = std::make_unique<Histogram<std::uint64_t>>();
  std::uint64_t drawn = 1;
  for (int part = 0; part < 3; ++part) {
    parts.push_back(std::make_unique<Histogram<std::uint64_t>>());
    for (int i = 0; i < 10'000; ++i) {
      drawn = mixed(drawn);
      const std::uint64_t value = drawn >> (20 + drawn % 44);
      parts.back()->record(value);
      whole->record(value);
    }
  }
  HistogramSum one, many;
  one.add(*whole);
  for (const auto& part : parts) many.add(*part);
  CHECK(one.samples() == 30'000 && many.samples() == one.samples() && many.sum_ns() == one.sum_ns());
  CHECK(many.least_ns() == one.least_ns() && many.most_ns() == one.most_ns());
  CHECK(many.pairs() == one.pairs());
}

void extremes() {
  const auto histogram = std::make_unique<Histogram<std::uint64_t>>();
  histogram->record(0);
  histogram->record(UINT64_MAX - 1);
  CHECK(histogram->counts[0] == 1 && histogram->counts[Buckets::of(Buckets::kHighNs)] == 1);
  HistogramSum sum;
  sum.add(*histogram);
  CHECK(sum.least_ns() == 0 && sum.most_ns() == UINT64_MAX - 1 && sum.sum_ns() == INT64_MAX);
  CHECK((sum.pairs() == std::vector<std::uint64_t>{0, 1, Buckets::of(Buckets::kHighNs) - 1, 1}));
}

void a_full_bucket_of_32_bits_takes_no_more() {
  const auto histogram = std::make_unique<Histogram<std::uint32_t>>();
  histogram->counts[9] = UINT32_MAX - 1;
  histogram->record(9);
  histogram->record(9);
  CHECK(histogram->counts[9] == UINT32_MAX && histogram->samples == 1 && histogram->sum_ns == 9);
}

}  // namespace

int main() {
  every_bucket_begins_and_ends_where_it_must();
  what_is_recorded_is_told<std::uint64_t>();
  what_is_recorded_is_told<std::uint32_t>();
  sums_are_exact();
  extremes();
  a_full_bucket_of_32_bits_takes_no_more();
  return test::verdict();
}
