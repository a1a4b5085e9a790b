// How fast memory is copied, by how much of it there is: within a core, and by one core of what another has
// just written. Sizes below those of the caches tell what each of them gives; the largest what memory gives.

#include <cstring>

#include "engine/partner.hpp"
#include "engine/probe.hpp"

namespace queuemark {
namespace {

constexpr std::size_t kKibibyte = 1024;
constexpr std::size_t kSizes[] = {4 * kKibibyte, 32 * kKibibyte, 256 * kKibibyte, 4096 * kKibibyte,
                                  65536 * kKibibyte};
constexpr std::size_t kQuickHighBytes = 4096 * kKibibyte;

ProbeParams params(std::size_t bytes, const char* cores) {
  return {{"bytes", static_cast<std::int64_t>(bytes)}, {"cores", cores}};
}

std::vector<double> within_a_core(const Probing& probing, std::size_t bytes) {
  const SharedMemory from(bytes, "a probe's source"), to(bytes, "a probe's target");
  std::memset(from.data(), 1, bytes);
  return as_bytes_per_s(ns_of_one(probing.span_ns(),
                                  [&] {
                                    std::memcpy(to.data(), from.data(), bytes);
                                    // The copy is not left out, although nobody reads it.
                                    asm volatile("" ::"r"(to.data()) : "memory");
                                  }),
                        bytes);
}

// The reader's time alone; the writer writes every byte anew before each reading.
std::vector<double> across_cores(const Probing& probing, std::size_t bytes) {
  const SharedMemory from(bytes, "a probe's source"), to(bytes, "a probe's target");
  std::memset(to.data(), 1, bytes);
  const std::function<void()> copy = [&] {
    std::memcpy(to.data(), from.data(), bytes);
    asm volatile("" ::"r"(to.data()) : "memory");
  };
  Alternating reader(*probing.other_cpu(), copy);
  int round = 0;
  return as_bytes_per_s(rounds_of(probing.span_ns(),
                                  [&] {
                                    std::memset(from.data(), ++round, bytes);
                                    return static_cast<double>(reader.ask());
                                  }),
                        bytes);
}

void run(const Probing& probing) {
  for (const std::size_t bytes : kSizes) {
    if (probing.quick() && bytes > kQuickHighBytes) continue;
    probing.attempt(params(bytes, "one"), ProbeUnit::bytes_per_s,
                    [&] { return within_a_core(probing, bytes); });
    probing.attempt(params(bytes, "two"), ProbeUnit::bytes_per_s, [&] {
      if (!probing.other_cpu()) throw Unavailable(kOneCpu, "");
      return across_cores(probing, bytes);
    });
  }
}

}  // namespace

extern const Probe copy_probe;
const Probe copy_probe{"copy", true, run};

}  // namespace queuemark
