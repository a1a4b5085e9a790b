// How long it takes to wake a sleeping process: half of a round trip in which each side sleeps until the
// other one wakes it (futex(2)). On another core that is what a sleeping cpu needs to come back, too; on the
// same core it is a switch.

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/partner.hpp"
#include "engine/probe.hpp"

namespace queuemark {
namespace {

class Bell {
 public:
  void ring(std::uint32_t count) {
    count_.store(count, std::memory_order_release);
    call(FUTEX_WAKE, 1, nullptr);
  }
  // Looks now and then whether there still is anybody to ring it.
  template <class Check>
  void await(std::uint32_t count, Check&& check) {
    constexpr timespec kPatience{0, 100'000'000};
    for (std::uint32_t now = 0; (now = count_.load(std::memory_order_acquire)) != count;) {
      if (call(FUTEX_WAIT, now, &kPatience) != 0 && errno == ETIMEDOUT) check();
    }
  }

 private:
  long call(int operation, std::uint32_t value, const timespec* timeout) {
    return syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&count_), operation, value, timeout, nullptr,
                   0);
  }
  alignas(kLine) std::atomic<std::uint32_t> count_{0};
};

struct Bells {
  Bell ours, theirs;
};

std::vector<double> wake_ups(const Probing& probing, int cpu) {
  const SharedMemory memory(sizeof(Bells), "a probe's futexes");
  Bells& bells = *new (memory.data()) Bells;
  Partner partner(cpu, [&] {
    for (std::uint32_t count = 1;; ++count) {
      bells.theirs.await(count, [] {});
      bells.ours.ring(count);
    }
  });
  std::uint32_t count = 0;
  std::vector<double> rounds = ns_of_one(probing.span_ns(), [&] {
    bells.theirs.ring(++count);
    bells.ours.await(count, [&] { partner.check(); });
  });
  for (double& round : rounds) round /= 2;
  return rounds;
}

void run(const Probing& probing) {
  probing.attempt({{"cores", "one"}}, ProbeUnit::ns, [&] { return wake_ups(probing, probing.cpu()); });
  probing.attempt({{"cores", "two"}}, ProbeUnit::ns, [&] {
    if (!probing.other_cpu()) throw Unavailable(kOneCpu, "");
    return wake_ups(probing, *probing.other_cpu());
  });
}

}  // namespace

extern const Probe futex_probe;
const Probe futex_probe{"futex", true, run};

}  // namespace queuemark
