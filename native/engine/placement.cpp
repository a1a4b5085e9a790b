#include "engine/placement.hpp"

#include <sched.h>

#include "engine/error.hpp"

namespace queuemark {

std::vector<int> allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) throw_system("read the cpus that this process may use");
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

std::vector<int> cpus_of(unsigned worker, Placement placement, const std::vector<int>& allowed) {
  switch (placement) {
    case Placement::spread:
      return {allowed[worker % allowed.size()]};
    case Placement::same:
      return {allowed.front()};
    case Placement::free:
      break;
  }
  return {};
}

bool crowded(unsigned workers, Placement placement, const std::vector<int>& allowed) {
  return placement == Placement::same || workers > allowed.size();
}

void pin(const std::vector<int>& cpus) {
  if (cpus.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) throw_system("pin to cpu " + std::to_string(cpus.front()));
}

}  // namespace queuemark
