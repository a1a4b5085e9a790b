// Placement: who runs where, and that pinning is done.

#include "engine/placement.hpp"

#include <sched.h>

#include "tests/check.hpp"

using namespace queuemark;

namespace {

using Cpus = std::vector<int>;

void places() {
  const Cpus allowed{2, 5, 7};
  CHECK(cpus_of(0, Placement::spread, allowed) == Cpus{2});
  CHECK(cpus_of(1, Placement::spread, allowed) == Cpus{5});
  CHECK(cpus_of(3, Placement::spread, allowed) == Cpus{2});
  CHECK(cpus_of(1000, Placement::spread, allowed) == Cpus{5});
  CHECK(cpus_of(0, Placement::same, allowed) == Cpus{2});
  CHECK(cpus_of(9, Placement::same, allowed) == Cpus{2});
  CHECK(cpus_of(9, Placement::free, allowed).empty());
}

void pinned() {
  const Cpus allowed = allowed_cpus();
  if (!CHECK(!allowed.empty())) return;
  for (const int cpu : allowed) {
    pin({});
    pin({cpu});
    CHECK(allowed_cpus() == Cpus{cpu});
    CHECK(sched_getcpu() == cpu);
    pin(allowed);
    CHECK(allowed_cpus() == allowed);
  }
}

}  // namespace

int main() {
  places();
  pinned();
  return test::verdict();
}
