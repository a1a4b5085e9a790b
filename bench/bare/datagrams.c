// Datagrams, dealt a thousand to each consumer in turn: the ceiling for `each` and `vector:N`.
//
// udp: two sockets on 127.0.0.1 a consumer, connected to each other; dgram, seqpacket: a pair of Unix
// sockets. One send(2) a message and one recv(2), or sendmmsg(2) of up to --vector messages, fewer at the end
// of a turn, and recvmmsg(2) of what is there, up to as many. Default socket buffers.
//
// The payload is written once, before the start, and nobody looks at it. UDP alone may lose: there each
// message carries its number, and the consumer counts what came by it.
#define _GNU_SOURCE
#include "bare.h"

enum { DEAL_ITEMS = 1000, VECTOR_HIGH = 1024, NUMBER_BYTES = 8 };

// A mark is one byte, which is no message's length: behind the warm-up, and behind the last message.
enum { MARK_BYTES = 1, MARK_WARM = 1, MARK_END = 2 };
enum { PATIENCE_NS = 50 * 1000, PATIENCE_HIGH_NS = 5 * 1000 * 1000 };

// The messages of one call, prepared once: one behind the other, with the headers that point at them.
struct batch {
  char* messages;
  unsigned count;
  size_t size_bytes;
  struct iovec pieces[VECTOR_HIGH];
  struct mmsghdr headers[VECTOR_HIGH];
};

struct connections {
  unsigned count;
  bool lossy;
  int in[CONSUMERS_HIGH], out[CONSUMERS_HIGH];
  uint64_t next[CONSUMERS_HIGH];  // the number of the next message to each
};

static struct batch* batch_of(const struct options* o) {
  static struct batch made;
  made.messages = filled(o->vector * o->size_bytes, 'x');
  made.count = o->vector;
  made.size_bytes = o->size_bytes;
  for (unsigned i = 0; i < made.count; i++) {
    made.pieces[i] = (struct iovec){made.messages + i * o->size_bytes, o->size_bytes};
    made.headers[i].msg_hdr.msg_iov = &made.pieces[i];
    made.headers[i].msg_hdr.msg_iovlen = 1;
  }
  return &made;
}

// ---- the sockets

static int bound_socket(void) {
  const struct sockaddr_in address = loopback();
  const int made = socket(AF_INET, SOCK_DGRAM, 0);
  if (made < 0 || bind(made, (const struct sockaddr*)&address, sizeof address)) fail("bind");
  return made;
}

static void connect_to(int from, int to) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  if (getsockname(to, (struct sockaddr*)&address, &length)) fail("getsockname");
  if (connect(from, (const struct sockaddr*)&address, length)) fail("connect");
}

static void open_pair(const struct options* o, int ends[2]) {
  if (!strcmp(o->mechanism, "udp")) {
    ends[0] = bound_socket();
    ends[1] = bound_socket();
    connect_to(ends[0], ends[1]);
    connect_to(ends[1], ends[0]);
    return;
  }
  const int type = !strcmp(o->mechanism, "seqpacket") ? SOCK_SEQPACKET : SOCK_DGRAM;
  if (socketpair(AF_UNIX, type, 0, ends)) fail("socketpair");
}

static void open_all(const struct options* o, struct connections* made) {
  made->count = o->consumers;
  made->lossy = !strcmp(o->mechanism, "udp");
  for (unsigned i = 0; i < made->count; i++) {
    int ends[2];
    open_pair(o, ends);
    made->in[i] = ends[0];
    made->out[i] = ends[1];
  }
}

// ---- the producer

static void number(char* message, uint64_t* next) {
  memcpy(message, next, NUMBER_BYTES);
  ++*next;
}

// Each of these sends `items` messages to one consumer, and returns the calls made.
static uint64_t send_each(struct connections* to, unsigned i, struct batch* batch, uint64_t items) {
  for (uint64_t done = 0; done < items; done++) {
    if (to->lossy) number(batch->messages, &to->next[i]);
    if (send(to->out[i], batch->messages, batch->size_bytes, 0) != (ssize_t)batch->size_bytes) fail("send");
  }
  return items;
}

static uint64_t send_vectors(struct connections* to, unsigned i, struct batch* batch, uint64_t items) {
  uint64_t calls = 0;
  while (items) {
    const unsigned count = items < batch->count ? (unsigned)items : batch->count;
    if (to->lossy)
      for (unsigned k = 0; k < count; k++) number(batch->messages + k * batch->size_bytes, &to->next[i]);
    for (unsigned done = 0; done < count; calls++) {
      const int taken = sendmmsg(to->out[i], batch->headers + done, count - done, 0);
      if (taken <= 0) fail("sendmmsg");
      done += (unsigned)taken;
    }
    items -= count;
  }
  return calls;
}

static uint64_t deal(struct connections* to, struct batch* batch, uint64_t items) {
  uint64_t calls = 0;
  for (unsigned i = 0; items; i = i + 1 == to->count ? 0 : i + 1) {
    // To a single consumer there are no turns.
    const uint64_t turn = to->count == 1 || items < DEAL_ITEMS ? items : DEAL_ITEMS;
    calls += batch->count > 1 ? send_vectors(to, i, batch, turn) : send_each(to, i, batch, turn);
    items -= turn;
  }
  return calls;
}

static bool all_saw(struct shared* page, unsigned consumers, unsigned mark) {
  for (unsigned i = 0; i < consumers; i++)
    if (atomic_load_explicit(&page->consumer[i].marked, memory_order_acquire) < mark) return false;
  return true;
}

static void wait_for_mark(struct shared* page, unsigned consumers, unsigned mark, uint64_t patience_ns) {
  const uint64_t end_ns = now_ns() + patience_ns;
  while (!all_saw(page, consumers, mark) && now_ns() < end_ns) nanosleep(&(struct timespec){0, 20000}, NULL);
}

// Once where nothing is lost, else until every consumer has seen it; one that saw it and is gone refuses the
// repetition.
static void put_mark(const struct connections* to, struct shared* page, unsigned mark) {
  const char byte = (char)mark;
  for (uint64_t patience_ns = PATIENCE_NS;; patience_ns *= 2) {
    for (unsigned i = 0; i < to->count; i++)
      if (send(to->out[i], &byte, MARK_BYTES, 0) != MARK_BYTES && errno != ECONNREFUSED)
        fail("send of a mark");
    if (!to->lossy) return;
    if (patience_ns > PATIENCE_HIGH_NS) patience_ns = PATIENCE_HIGH_NS;
    wait_for_mark(page, to->count, mark, patience_ns);
    if (all_saw(page, to->count, mark)) return;
  }
}

static int produce(const struct options* o, struct connections* to, struct shared* page) {
  struct batch* batch = batch_of(o);
  deal(to, batch, o->warmup_items);
  put_mark(to, page, MARK_WARM);
  await_consumers(page, o->consumers);
  memset(to->next, 0, sizeof to->next);
  struct sending sending = {.messages = o->items, .bytes = o->items * o->size_bytes};
  sending.start_ns = now_ns();
  sending.calls = deal(to, batch, o->items);
  sending.end_ns = now_ns();
  put_mark(to, page, MARK_END);
  return report(o, page, &sending, to->lossy);
}

// ---- a consumer

// Numbers may be missing; none comes twice or late.
static void check_number(const char* message, uint64_t* next) {
  uint64_t number;
  memcpy(&number, message, NUMBER_BYTES);
  if (number < *next) refuse("a datagram was repeated, or overtaken by another");
  *next = number + 1;
}

static uint64_t receive_each(int in, bool lossy, struct batch* batch, char mark) {
  uint64_t next = 0;
  for (uint64_t messages = 0;;) {
    const ssize_t got = recv(in, batch->messages, batch->size_bytes, MSG_TRUNC);
    if (got < 0) fail("recv");
    if (got == MARK_BYTES) {
      if (batch->messages[0] == mark) return messages;
      continue;  // a repetition of the mark before
    }
    if (lossy) check_number(batch->messages, &next);
    messages++;
  }
}

static uint64_t receive_vectors(int in, bool lossy, struct batch* batch, char mark) {
  uint64_t next = 0;
  for (uint64_t messages = 0;;) {
    const int got = recvmmsg(in, batch->headers, batch->count, MSG_WAITFORONE | MSG_TRUNC, NULL);
    if (got < 0) fail("recvmmsg");
    for (int k = 0; k < got; k++) {
      const char* message = batch->pieces[k].iov_base;
      if (batch->headers[k].msg_len == MARK_BYTES) {
        if (message[0] == mark) return messages;
        continue;
      }
      if (lossy) check_number(message, &next);
      messages++;
    }
  }
}

static void consume(const struct options* o, const struct connections* all, unsigned index,
                    struct shared* page) {
  for (unsigned i = 0; i < all->count; i++) {
    close(all->out[i]);
    if (i != index) close(all->in[i]);
  }
  struct counts* counts = &page->consumer[index];
  struct batch* batch = batch_of(o);
  uint64_t (*const receive)(int, bool, struct batch*, char) =
      batch->count > 1 ? receive_vectors : receive_each;
  receive(all->in[index], all->lossy, batch, MARK_WARM);
  atomic_store_explicit(&counts->marked, MARK_WARM, memory_order_release);
  announce(page);
  counts->messages = receive(all->in[index], all->lossy, batch, MARK_END);
  counts->end_ns = now_ns();
  atomic_store_explicit(&counts->marked, MARK_END, memory_order_release);
}

int main(int argc, char** argv) {
  const char* mechanisms = "udp|dgram|seqpacket";
  const struct options o = read_options(argc, argv, mechanisms);
  const bool udp = !strcmp(o.mechanism, "udp");
  if (!udp && strcmp(o.mechanism, "dgram") && strcmp(o.mechanism, "seqpacket")) usage(mechanisms);
  if (o.size_bytes <= MARK_BYTES || (udp && o.size_bytes < NUMBER_BYTES)) usage(mechanisms);
  static struct connections all;
  open_all(&o, &all);
  struct shared* page = share();
  const cpu_set_t allowed = allowed_cpus();
  for (unsigned i = 0; i < o.consumers; i++) {
    if (!fork_consumer(&allowed, i)) continue;
    consume(&o, &all, i, page);
    return 0;
  }
  for (unsigned i = 0; i < all.count; i++) close(all.in[i]);
  pin(&allowed, 0);
  return produce(&o, &all, page);
}
