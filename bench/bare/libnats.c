// The official client of NATS for C, as it is when nothing is asked of it: writes are gathered into 32 KiB by
// a thread of its own, messages are handed to a callback by another one.
//
// publish: one connection publishes, nobody subscribes; it is over when the server has read everything.
// share: N consumers in a queue group count what they get; over when all of it was delivered.
// The last argument is the server's address. Nobody looks at a payload.
//
// needs: nats/nats.h (apt-get install libnats-dev)
// links: nats ssl crypto pthread
#define _GNU_SOURCE
#include <nats/nats.h>
#include <sys/resource.h>

#include "bare.h"

enum { FLUSH_MS = 60 * 1000, LOOK_EVERY = 64 };

struct delivered {
  alignas(64) atomic_uint_fast64_t messages;
  atomic_uint_fast64_t last_ns;
  uint64_t cpu_ns;
};

// ending: everything was published. over: everything was delivered.
struct delivery {
  atomic_uint started, ending, over;
  struct delivered to[CONSUMERS_HIGH];
};

static void require(natsStatus status, const char* what) {
  if (status == NATS_OK) return;
  fprintf(stderr, "libnats: %s: %s\n", what, natsStatus_GetText(status));
  exit(1);
}

static uint64_t cpu_ns(void) {
  struct timespec used;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

static void wait_a_little(void) { nanosleep(&(struct timespec){0, 500 * 1000}, NULL); }

static natsConnection* connected(const char* url) {
  natsConnection* connection = NULL;
  require(natsConnection_ConnectTo(&connection, url), "connect");
  return connection;
}

// The clock is read once in so many messages, and for each when the last one may be near.
static const struct delivery* page_of_callback;

static void count(natsConnection* connection, natsSubscription* subscription, natsMsg* message, void* to) {
  (void)connection, (void)subscription;
  struct delivered* mine = to;
  const uint64_t messages = atomic_load_explicit(&mine->messages, memory_order_relaxed) + 1;
  const bool near_end = atomic_load_explicit(&page_of_callback->ending, memory_order_relaxed);
  if (near_end || messages % LOOK_EVERY == 0)
    atomic_store_explicit(&mine->last_ns, now_ns(), memory_order_relaxed);
  atomic_store_explicit(&mine->messages, messages, memory_order_release);
  natsMsg_Destroy(message);
}

static void consume(const char* url, const char* subject, struct shared* page, struct delivery* delivery,
                    unsigned index) {
  page_of_callback = delivery;
  natsConnection* connection = connected(url);
  natsSubscription* subscription = NULL;
  require(natsConnection_QueueSubscribe(&subscription, connection, subject, "q", count, &delivery->to[index]),
          "subscribe");
  require(natsSubscription_SetPendingLimits(subscription, -1, -1), "lift the limits of a subscription");
  require(natsConnection_FlushTimeout(connection, FLUSH_MS), "flush a subscription");
  announce(page);
  while (!atomic_load(&delivery->started)) wait_a_little();
  const uint64_t before = cpu_ns();
  while (!atomic_load(&delivery->over)) wait_a_little();
  delivery->to[index].cpu_ns = cpu_ns() - before;
}

static uint64_t all_delivered(const struct delivery* delivery, unsigned consumers) {
  uint64_t messages = 0;
  for (unsigned i = 0; i < consumers; i++)
    messages += atomic_load_explicit(&delivery->to[i].messages, memory_order_acquire);
  return messages;
}

static void await_delivery(const struct delivery* delivery, unsigned consumers, uint64_t messages) {
  while (consumers && all_delivered(delivery, consumers) < messages) wait_a_little();
}

static void publish(natsConnection* connection, const char* subject, const char* message,
                    const struct options* o, uint64_t items) {
  for (uint64_t i = 0; i < items; i++)
    require(natsConnection_Publish(connection, subject, message, (int)o->size_bytes), "publish");
  require(natsConnection_FlushTimeout(connection, FLUSH_MS), "flush");
}

static int told(const struct options* o, unsigned consumers, const struct delivery* delivery,
                const struct sending* sending, uint64_t producer_cpu_ns) {
  uint64_t end_ns = consumers ? 0 : sending->end_ns, used_ns = producer_cpu_ns;
  for (unsigned i = 0; i < consumers; i++) {
    const uint64_t last_ns = atomic_load(&delivery->to[i].last_ns);
    if (last_ns > end_ns) end_ns = last_ns;
    used_ns += delivery->to[i].cpu_ns;
  }
  print_counts(&(struct counted){o->items, end_ns - sending->start_ns, used_ns}, sending);
  return 0;
}

int main(int argc, char** argv) {
  const char* mechanisms = "publish|share URL";
  if (argc < 2) usage(mechanisms);
  const char* url = argv[--argc];
  const struct options o = read_options(argc, argv, mechanisms);
  const bool shares = !strcmp(o.mechanism, "share");
  if (!shares && strcmp(o.mechanism, "publish")) usage(mechanisms);
  const unsigned consumers = shares ? o.consumers : 0;
  struct shared* page = share();
  struct delivery* delivery = shared_memory(sizeof *delivery);
  const cpu_set_t allowed = allowed_cpus();
  // As long as the subjects of ours.
  char subject[12];
  snprintf(subject, sizeof subject, "qm.%08d", getpid());
  for (unsigned i = 0; i < consumers; i++) {
    if (!fork_consumer(&allowed, i)) continue;
    consume(url, subject, page, delivery, i);
    return 0;
  }
  pin(&allowed, 0);
  char* message = filled(o.size_bytes, 'x');
  natsConnection* connection = connected(url);
  await_consumers(page, consumers);
  publish(connection, subject, message, &o, o.warmup_items);
  await_delivery(delivery, consumers, o.warmup_items);
  atomic_store(&delivery->started, 1);
  char head[64];
  const size_t frame_bytes =
      (size_t)snprintf(head, sizeof head, "PUB %s %zu\r\n\r\n", subject, o.size_bytes) + o.size_bytes;
  struct sending sending = {.messages = o.items, .bytes = o.items * frame_bytes};
  const uint64_t before = cpu_ns();
  sending.start_ns = now_ns();
  publish(connection, subject, message, &o, o.items);
  sending.end_ns = now_ns();
  const uint64_t used_ns = cpu_ns() - before;
  atomic_store(&delivery->ending, 1);
  await_delivery(delivery, consumers, o.warmup_items + o.items);
  atomic_store(&delivery->over, 1);
  await_children(consumers);
  return told(&o, consumers, delivery, &sending, used_ns);
}
