// How long a cache line takes from one core to another: half of a round trip of a word that two processes
// store in turns and look at until it has changed.

#include "engine/partner.hpp"
#include "engine/probe.hpp"

namespace queuemark {
namespace {

std::vector<double> hops(const Probing& probing) {
  const SharedMemory memory(sizeof(Turn), "a probe's cache line");
  Turn& turn = *new (memory.data()) Turn;
  Partner partner(*probing.other_cpu(), [&] {
    for (std::uint32_t mine = 1;; mine += 2) {
      turn.await(mine);
      turn.give(mine + 1);
    }
  });
  std::uint32_t count = 0;
  std::vector<double> rounds = ns_of_one(probing.span_ns(), [&] {
    turn.give(count + 1);
    turn.await(count += 2, partner);
  });
  for (double& round : rounds) round /= 2;
  return rounds;
}

void run(const Probing& probing) {
  probing.attempt({}, ProbeUnit::ns, [&] {
    if (!probing.other_cpu()) throw Unavailable(kOneCpu, "");
    return hops(probing);
  });
}

}  // namespace

extern const Probe cache_line_probe;
const Probe cache_line_probe{"cache-line", true, run};

}  // namespace queuemark
