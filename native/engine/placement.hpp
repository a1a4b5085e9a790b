// Which cpus the roles of a trial run on (sched_setaffinity(2)).
#pragma once

#include <string>
#include <vector>

#include "engine/options.hpp"

namespace queuemark {

// The cpus that this process may use, ascending.
std::vector<int> allowed_cpus();

// The cpus of worker 0 (the producer), 1, 2, ... (the consumers).
// spread: one cpu after the other, round and round. same: all on the first. free: empty, not pinned.
std::vector<int> cpus_of(unsigned worker, Placement placement, const std::vector<int>& allowed);

// Whether workers have to share a cpu: all are on one, or there are more of them than cpus.
bool crowded(unsigned workers, Placement placement, const std::vector<int>& allowed);

// Throws SystemError.
void pin(const std::vector<int>& cpus);

}  // namespace queuemark
