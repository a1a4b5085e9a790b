// Loaded into a runner (LD_PRELOAD), answers for the kernel what a machine with hardware counters would, or
// one that has none or forbids them. COUNTERS names which:
//
// counted     all four events: 1000 cycles, 2000 instructions, 300 references, 40 misses of each process
// user-only   the same, but not for who asks for the kernel's share, too
// shared      the same, but they ran for a quarter of the time
// starved     they are opened and never run
// no-cache    there are no cache events
// missing     there are none at all
// forbidden   nobody may count
// no-call     there is no such system call
//
// A group holds zeros until it is enabled: who never starts it gets nothing to read.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EVENTS = 4, ENABLED_NS = 4000 };

static struct {
  uint64_t events, enabled_ns, running_ns, values[EVENTS];
} group;
static int leader = -1;

static bool is(const char* machine) {
  const char* asked = getenv("COUNTERS");
  return asked && !strcmp(asked, machine);
}

static int refused(int error) {
  errno = error;
  return -1;
}

static uint64_t count_of(uint64_t event) {
  switch (event) {
    case PERF_COUNT_HW_CPU_CYCLES:
      return 1000;
    case PERF_COUNT_HW_INSTRUCTIONS:
      return 2000;
    case PERF_COUNT_HW_CACHE_REFERENCES:
      return 300;
    case PERF_COUNT_HW_CACHE_MISSES:
      return 40;
    default:
      abort();
  }
}

static int opened(const struct perf_event_attr* wanted, long pid, long cpu, long of_group) {
  const uint64_t format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  const uint64_t count = count_of(wanted->config);
  if (is("missing")) return refused(ENOENT);
  if (is("forbidden")) return refused(EACCES);
  if (is("no-call")) return refused(ENOSYS);
  if (is("user-only") && !wanted->exclude_kernel) return refused(EACCES);
  if (is("no-cache") && count < 1000) return refused(ENOENT);
  // One process, wherever it runs; one group; nothing counted before it is asked for.
  if (wanted->type != PERF_TYPE_HARDWARE || wanted->read_format != format || pid != 0 || cpu != -1) abort();
  if (of_group != leader || wanted->disabled != (leader < 0)) abort();
  const int end = memfd_create("counter", MFD_CLOEXEC);
  if (leader < 0) {
    leader = end;
    if (pwrite(leader, &group, sizeof group, 0) != sizeof group) abort();
  }
  group.values[group.events++] = count;
  return end;
}

int ioctl(int end, unsigned long request, ...) {
  if (end != leader || request != PERF_EVENT_IOC_ENABLE) return refused(ENOTTY);
  group.enabled_ns = ENABLED_NS;
  group.running_ns = is("starved") ? 0 : is("shared") ? ENABLED_NS / 4 : ENABLED_NS;
  if (pwrite(leader, &group, sizeof group, 0) != sizeof group) abort();
  return 0;
}

long syscall(long number, ...) {
  static long (*pass_on)(long, ...);
  if (!pass_on) *(void**)&pass_on = dlsym(RTLD_NEXT, "syscall");
  long words[6];
  va_list more;
  va_start(more, number);
  for (int i = 0; i < 6; i++) words[i] = va_arg(more, long);
  va_end(more);
  if (number != SYS_perf_event_open) {
    return pass_on(number, words[0], words[1], words[2], words[3], words[4], words[5]);
  }
  return opened((const struct perf_event_attr*)words[0], (int)words[1], (int)words[2], (int)words[3]);
}
