// What the bare programs share: options, pinning, the page with the clock and the counts, and the end.
// Read as C by all of them but one, which is C++.
//
// 1. The caller is the producer, on the first allowed cpu; consumer i is a child on cpu (i + 1) mod n.
// 2. The window opens at the first send after a common start, which every consumer has announced from an
//    open channel after the warm-up; it closes at the last receive of the slowest consumer, the end included.
// 3. A call that fails ends the program with a line on stderr and a status that is not 0. A child dies with
//    its parent, and the whole after 60 s.
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
#include <atomic>
using std::atomic_uint, std::atomic_uint_fast64_t;
using std::memory_order_acquire, std::memory_order_relaxed, std::memory_order_release;
#else
#include <stdatomic.h>
#endif

enum { CONSUMERS_HIGH = 1024, HEADER_BYTES = 4, SOCKET_READ_BYTES = 256 * 1024, DEADLINE_S = 60 };

struct counts {
  alignas(64) uint64_t messages;
  uint64_t end_ns;
  atomic_uint marked;
};

struct shared {
  atomic_uint ready;
  struct counts consumer[CONSUMERS_HIGH];
};

// What the producer did in the window: messages and bytes that its calls took, a copy for each consumer that
// gets one.
struct sending {
  uint64_t start_ns, end_ns;
  uint64_t messages, bytes, calls;
};

struct options {
  const char* mechanism;
  uint64_t items, warmup_items;
  size_t size_bytes;
  unsigned consumers, depth, vector;
  bool nodelay;
};

__attribute__((noreturn)) static inline void refuse(const char* what) {
  fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
  exit(1);
}

__attribute__((noreturn)) static inline void fail(const char* what) {
  fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
  exit(1);
}

__attribute__((noreturn)) static inline void usage(const char* mechanisms) {
  fprintf(stderr,
          "usage: %s %s --items N [--size BYTES] [--warmup ITEMS] [--consumers N] [--depth N] [--vector N] "
          "[--nodelay]\n",
          program_invocation_short_name, mechanisms);
  exit(2);
}

static inline uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t read_number(const char* text, uint64_t low, uint64_t high, const char* mechanisms) {
  char* end;
  errno = 0;
  const uint64_t value = strtoull(text, &end, 10);
  if (errno || *end || end == text || *text == '-' || value < low || value > high) usage(mechanisms);
  return value;
}

static inline struct options read_options(int argc, char** argv, const char* mechanisms) {
  // clang-format off
  static const struct option known[] = {
      {"size", 1, 0, 's'},  {"items", 1, 0, 'n'},  {"warmup", 1, 0, 'w'},  {"consumers", 1, 0, 'c'},
      {"depth", 1, 0, 'd'}, {"vector", 1, 0, 'v'}, {"nodelay", 0, 0, 'N'}, {0, 0, 0, 0}};
  struct options o;
  memset(&o, 0, sizeof o);
  o.size_bytes = 16;
  o.consumers = o.vector = 1;
  o.depth = 10;
  for (int letter; (letter = getopt_long(argc, argv, "", known, NULL)) != -1;) {
    switch (letter) {
      case 's': o.size_bytes = read_number(optarg, 1, 65532, mechanisms); break;
      case 'n': o.items = read_number(optarg, 1, UINT64_MAX / 65536, mechanisms); break;
      case 'w': o.warmup_items = read_number(optarg, 0, UINT64_MAX / 65536, mechanisms); break;
      case 'c': o.consumers = (unsigned)read_number(optarg, 1, CONSUMERS_HIGH, mechanisms); break;
      case 'd': o.depth = (unsigned)read_number(optarg, 1, 1 << 20, mechanisms); break;
      case 'v': o.vector = (unsigned)read_number(optarg, 1, 1024, mechanisms); break;
      case 'N': o.nodelay = true; break;
      default: usage(mechanisms);
    }
  }
  // clang-format on
  if (optind + 1 != argc || !o.items) usage(mechanisms);
  o.mechanism = argv[optind];
  return o;
}

// Role 0 is the producer, role i + 1 consumer i.
static inline void pin(const cpu_set_t* allowed, unsigned role) {
  int wanted = (int)(role % (unsigned)CPU_COUNT(allowed));
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, allowed) || wanted--) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one)) fail("sched_setaffinity");
    return;
  }
}

static inline char* filled(size_t bytes, int value) {
  void* buffer = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  if (!buffer) fail("aligned_alloc");
  return (char*)memset(buffer, value, bytes);
}

static inline struct sockaddr_in loopback(void) {
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// ends[0] is read, ends[1] written: one connection over 127.0.0.1, made by the reader as ours is, or a pair
// of Unix stream sockets.
static inline void open_sockets(const struct options* o, int ends[2]) {
  if (!strcmp(o->mechanism, "unix")) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) fail("socketpair");
    return;
  }
  struct sockaddr_in address = loopback();
  socklen_t length = sizeof address;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || bind(listener, (struct sockaddr*)&address, length) || listen(listener, 1))
    fail("listen");
  if (getsockname(listener, (struct sockaddr*)&address, &length)) fail("getsockname");
  ends[0] = socket(AF_INET, SOCK_STREAM, 0);
  if (ends[0] < 0 || connect(ends[0], (struct sockaddr*)&address, length)) fail("connect");
  ends[1] = accept(listener, NULL, NULL);
  if (ends[1] < 0 || close(listener)) fail("accept");
  const int on = 1;
  if (o->nodelay && setsockopt(ends[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)) fail("TCP_NODELAY");
}

// Zeroed, every page of it there, and common to this process and its children.
static inline void* shared_memory(size_t bytes) {
  const int how = MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE;
  void* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, how, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  return memory;
}

static inline struct shared* share(void) {
  alarm(DEADLINE_S);
  return (struct shared*)shared_memory(sizeof(struct shared));
}

static inline cpu_set_t allowed_cpus(void) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed)) fail("sched_getaffinity");
  return allowed;
}

// True in the child, which is consumer `index`, pinned and bound to its parent's life.
static inline bool fork_consumer(const cpu_set_t* allowed, unsigned index) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child > 0) return false;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent) fail("parent is gone");
  alarm(DEADLINE_S);
  pin(allowed, index + 1);
  return true;
}

// The common start, which all pass together: a consumer that ran ahead would take another's end of the
// warm-up.
static inline void announce(struct shared* page) {
  atomic_fetch_add_explicit(&page->ready, 1, memory_order_release);
}

static inline void await_consumers(const struct shared* page, unsigned consumers) {
  while (atomic_load_explicit(&page->ready, memory_order_acquire) < consumers) sched_yield();
}

static inline void await_children(unsigned consumers) {
  for (unsigned i = 0; i < consumers; i++) {
    int status;
    if (wait(&status) < 0) fail("wait");
    if (!status) continue;
    fprintf(stderr, "a consumer ended with wait status %d\n", status);
    exit(1);
  }
}

// What arrived, from the first send to the last receive; cpu_ns: of all workers, where the program counts it.
struct counted {
  uint64_t messages, window_ns, cpu_ns;
};

static inline void print_counts(const struct counted* counted, const struct sending* sending) {
  printf("{\"messages\":%" PRIu64 ",\"window_ns\":%" PRIu64 ",\"sent\":%" PRIu64
         ",\"send_window_ns\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"calls_sent\":%" PRIu64
         ",\"cpu_ns\":%" PRIu64 "}\n",
         counted->messages, counted->window_ns, sending->messages, sending->end_ns - sending->start_ns,
         sending->bytes, sending->calls, counted->cpu_ns);
}

// lossy: what did not arrive was lost, and is no error.
static inline int report(const struct options* o, const struct shared* page, const struct sending* sending,
                         bool lossy) {
  await_children(o->consumers);
  uint64_t messages = 0, end_ns = 0;
  for (unsigned i = 0; i < o->consumers; i++) {
    messages += page->consumer[i].messages;
    if (page->consumer[i].end_ns > end_ns) end_ns = page->consumer[i].end_ns;
  }
  const struct counted counted = {messages, end_ns - sending->start_ns, 0};
  print_counts(&counted, sending);
  if (messages == sending->messages || (lossy && messages < sending->messages)) return 0;
  return fprintf(stderr, "%" PRIu64 " messages arrived, %" PRIu64 " were sent\n", messages,
                 sending->messages),
         1;
}
