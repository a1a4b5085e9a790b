#include "engine/counters.hpp"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "engine/error.hpp"

namespace queuemark {
namespace {

// What a read of a group's leader brings (PERF_FORMAT_GROUP); values in the order in which they were opened.
struct GroupRead {
  std::uint64_t events;
  std::uint64_t enabled_ns;
  std::uint64_t running_ns;
  std::uint64_t values[kCountedEvents];
};

bool forbidden(int error) { return error == EACCES || error == EPERM; }

std::uint64_t reckoned_up(std::uint64_t count, const GroupRead& group) {
  if (group.running_ns == group.enabled_ns) return count;
  const auto share = static_cast<long double>(group.enabled_ns) / static_cast<long double>(group.running_ns);
  return static_cast<std::uint64_t>(static_cast<long double>(count) * share);
}

constexpr const char* kPermit = "sysctl -w kernel.perf_event_paranoid=1";

std::string why_missing(int error) {
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case EOPNOTSUPP:
      return "the processor has no such counters, or the virtual machine hides them; measure on the bare "
             "machine, or have the hypervisor pass them on";
    case EACCES:
    case EPERM:
      return std::string("the system forbids it (kernel.perf_event_paranoid, or a container's filter); ") +
             kPermit + ", or give the container CAP_PERFMON";
    case ENOSYS:
      return "the kernel has no perf_event_open, or a filter (seccomp) hides it; allow the call";
    case EBUSY:
      return "others use the counters; end other profilers, or: sysctl -w kernel.nmi_watchdog=0";
    default:
      return system_said("open a hardware counter", error);
  }
}

}  // namespace

void EventCounts::add(const EventCounts& other) {
  for (std::size_t i = 0; i < kCountedEvents; ++i) {
    counts[i] += other.counts[i];
    counted[i] = counted[i] && other.counted[i];
  }
  user_only = user_only || other.user_only;
  if (!error) error = other.error;
  enabled_ns += other.enabled_ns;
  running_ns += other.running_ns;
}

std::string EventCounts::reason() const {
  if (error) return "not available here: " + why_missing(error);
  if (!user_only) return {};
  return std::string("in user mode alone: the system forbids counting in the kernel; ") + kPermit;
}

Counters::Counters(const CountedEvents& events) {
  for (std::size_t i = 0; i < kCountedEvents; ++i) open(events[i], events_[i]);
}

void Counters::open(const CountedEvent& event, Descriptor& into) {
  perf_event_attr wanted{};
  wanted.size = sizeof wanted;
  wanted.type = event.type;
  wanted.config = event.config;
  wanted.disabled = leader_ < 0;  // the others follow their leader
  wanted.exclude_kernel = wanted.exclude_hv = user_only_;
  wanted.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  const auto number =
      static_cast<int>(syscall(SYS_perf_event_open, &wanted, 0, -1, leader_, PERF_FLAG_FD_CLOEXEC));
  if (number >= 0) {
    into = Descriptor(number);
    if (leader_ < 0) leader_ = number;
  } else if (leader_ < 0 && !user_only_ && forbidden(errno)) {
    user_only_ = true;
    open(event, into);
  } else if (!error_) {
    error_ = errno;
  }
}

void Counters::start() const {
  if (leader_ >= 0) ioctl(leader_, PERF_EVENT_IOC_ENABLE, 0);
}

EventCounts Counters::read() const {
  EventCounts found;
  found.error = error_;
  if (leader_ < 0) return found;
  found.user_only = user_only_;
  GroupRead group{};
  if (::read(leader_, &group, sizeof group) < 0) {
    found.error = errno;
    return found;
  }
  found.enabled_ns = static_cast<Nanoseconds>(group.enabled_ns);
  found.running_ns = static_cast<Nanoseconds>(group.running_ns);
  if (group.enabled_ns && !group.running_ns) {
    found.error = EBUSY;
    return found;
  }
  const std::uint64_t* value = group.values;
  for (std::size_t i = 0; i < kCountedEvents; ++i) {
    if (events_[i].number() < 0) continue;
    found.counts[i] = reckoned_up(*value++, group);
    found.counted[i] = true;
  }
  return found;
}

}  // namespace queuemark
