// A system call that does nothing: what crossing into the kernel and back costs (getppid(2), which no library
// answers by itself).

#include <sys/syscall.h>
#include <unistd.h>

#include "engine/probe.hpp"

namespace queuemark {
namespace {

void run(const Probing& probing) {
  probing.tell({}, ProbeUnit::ns, ns_of_one(probing.span_ns(), [] { syscall(SYS_getppid); }));
}

}  // namespace

extern const Probe syscall_probe;
const Probe syscall_probe{"syscall", true, run};

}  // namespace queuemark
