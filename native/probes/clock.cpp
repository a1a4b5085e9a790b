// What it costs to read the clock, and the smallest step that it shows (clock_gettime(2)).

#include "engine/probe.hpp"

namespace queuemark {
namespace {

// From one reading to the first that differs from it.
double step_ns() {
  const Nanoseconds before_ns = now_ns();
  Nanoseconds after_ns = before_ns;
  while (after_ns == before_ns) after_ns = now_ns();
  return static_cast<double>(after_ns - before_ns);
}

void run(const Probing& probing) {
  volatile Nanoseconds read_ns = 0;
  probing.tell({{"of", "cost"}}, ProbeUnit::ns, ns_of_one(probing.span_ns(), [&] { read_ns = now_ns(); }));
  probing.tell({{"of", "resolution"}}, ProbeUnit::ns, rounds_of(probing.span_ns() / 4, step_ns));
}

}  // namespace

extern const Probe clock_probe;
const Probe clock_probe{"clock", true, run};

}  // namespace queuemark
