// What one record in a latency histogram costs: values from 1 us to 1 ms, drawn beforehand, many more than a
// cache line's worth of neighbouring buckets, recorded again and again. Prints {"ns_per_record": X,
// "samples": N}.

#include <time.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <vector>

#include "../../native/engine/histogram.hpp"

namespace {

std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

}  // namespace

int main() {
  constexpr std::size_t kValues = 1 << 16, kRounds = 256;
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(3, 6);
  std::vector<std::uint64_t> values(kValues);
  for (std::uint64_t& value : values) value = static_cast<std::uint64_t>(std::pow(10.0, exponent(random)));

  const auto histogram = std::make_unique<queuemark::Histogram<std::uint64_t>>();
  histogram->touch();
  for (const std::uint64_t value : values) histogram->record(value);
  histogram->clear();
  const std::int64_t begun_ns = now_ns();
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (const std::uint64_t value : values) histogram->record(value);
  }
  const double taken_ns = static_cast<double>(now_ns() - begun_ns);
  if (histogram->samples != kValues * kRounds) return 1;
  std::printf("{\"ns_per_record\": %.3f, \"samples\": %zu}\n", taken_ns / (kValues * kRounds),
              kValues * kRounds);
  return 0;
}
