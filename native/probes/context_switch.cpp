// What it costs to go from one process to another on the same core: half of a round trip of a byte over two
// pipes, less what writing and reading that byte cost without anybody sleeping (McVoy, Staelin: lmbench,
// USENIX 1996).

#include <fcntl.h>

#include <algorithm>

#include "engine/descriptor.hpp"
#include "engine/partner.hpp"
#include "engine/probe.hpp"

namespace queuemark {
namespace {

class BytePipe {
 public:
  BytePipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw_system("make a pipe");
    read_end_ = Descriptor(ends[0]);
    write_end_ = Descriptor(ends[1]);
  }
  void put() const {
    if (write(write_end_.number(), "", 1) != 1) throw_system("write to a pipe");
  }
  void take() const {
    char byte;
    if (read(read_end_.number(), &byte, 1) != 1) throw_system("read from a pipe");
  }

 private:
  Descriptor read_end_, write_end_;
};

std::vector<double> switches(const Probing& probing) {
  const BytePipe there, back;
  const double calls_ns = [&] {
    std::vector<double> rounds = ns_of_one(probing.span_ns() / 2, [&] {
      there.put();
      there.take();
    });
    std::nth_element(rounds.begin(), rounds.begin() + rounds.size() / 2, rounds.end());
    return rounds[rounds.size() / 2];
  }();
  Partner partner(probing.cpu(), [&] {
    for (;;) {
      there.take();
      back.put();
    }
  });
  std::vector<double> rounds = ns_of_one(probing.span_ns(), [&] {
    there.put();
    back.take();
  });
  for (double& round : rounds) round = std::max(round / 2 - calls_ns, 0.0);
  return rounds;
}

void run(const Probing& probing) {
  probing.attempt({}, ProbeUnit::ns, [&] { return switches(probing); });
}

}  // namespace

extern const Probe context_switch_probe;
const Probe context_switch_probe{"context-switch", false, run};

}  // namespace queuemark
