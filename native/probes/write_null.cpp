// A write of one byte that goes nowhere: what a call on a file descriptor costs (null(4)).

#include <fcntl.h>

#include "engine/descriptor.hpp"
#include "engine/probe.hpp"

namespace queuemark {
namespace {

void run(const Probing& probing) {
  probing.attempt({}, ProbeUnit::ns, [&] {
    const Descriptor null(open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (null.number() < 0) throw_system("open /dev/null");
    return ns_of_one(probing.span_ns(), [&] {
      if (write(null.number(), "", 1) != 1) throw_system("write to /dev/null");
    });
  });
}

}  // namespace

extern const Probe write_null_probe;
const Probe write_null_probe{"write-null", true, run};

}  // namespace queuemark
