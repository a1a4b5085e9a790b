// One call a message: the ceiling for the policy `each`.
//
// tcp, unix: one send of a 4-byte length and the message; read 256 KiB at a time, unparsed; one consumer.
// pipe: one write of the message; read in whole messages, up to 64 KiB at a time; one consumer.
// mq: one mq_send; N consumers compete, one mq_receive a message; a zero-length message ends each of them.
// The payload is written once, before the start, and nobody looks at it.
#define _GNU_SOURCE
#include <mqueue.h>

#include "bare.h"

enum { PIPE_READ_BYTES = 64 * 1024 };

static void send_socket(int out, const char* frame, size_t frame_bytes, uint64_t items) {
  for (uint64_t i = 0; i < items; i++)
    if (send(out, frame, frame_bytes, 0) != (ssize_t)frame_bytes) fail("send");
}

static void write_pipe(int out, const char* message, size_t size_bytes, uint64_t items) {
  for (uint64_t i = 0; i < items; i++)
    if (write(out, message, size_bytes) != (ssize_t)size_bytes) fail("write");
}

static void send_queue(mqd_t queue, const char* message, size_t size_bytes, uint64_t items) {
  for (uint64_t i = 0; i < items; i++)
    if (mq_send(queue, message, size_bytes, 0)) fail("mq_send");
}

static void end_queue(mqd_t queue, unsigned consumers) {
  for (unsigned i = 0; i < consumers; i++)
    if (mq_send(queue, "", 0, 0)) fail("mq_send of the end");
}

// Reads until `limit` bytes have come or the stream has ended; returns how many came.
static uint64_t drain(int in, char* buffer, size_t read_bytes, uint64_t limit) {
  uint64_t bytes = 0;
  while (bytes < limit) {
    const ssize_t got = read(in, buffer, read_bytes);
    if (got < 0) fail("read");
    if (got == 0) break;
    bytes += (uint64_t)got;
  }
  return bytes;
}

// Receives until a zero-length message; returns how many came before it.
static uint64_t receive_queue(mqd_t queue, char* buffer, size_t size_bytes) {
  for (uint64_t messages = 0;; messages++) {
    const ssize_t got = mq_receive(queue, buffer, size_bytes, NULL);
    if (got < 0) fail("mq_receive");
    if (got == 0) return messages;
  }
}

static void consume_stream(const struct options* o, int in, size_t frame_bytes, size_t read_bytes,
                           struct shared* page) {
  char* buffer = filled(read_bytes, 0);
  drain(in, buffer, read_bytes, o->warmup_items * frame_bytes);
  announce(page);
  const uint64_t bytes = drain(in, buffer, read_bytes, UINT64_MAX);
  if (bytes % frame_bytes) refuse("the stream ended inside a message");
  page->consumer[0].messages = bytes / frame_bytes;
  page->consumer[0].end_ns = now_ns();
}

static int run_stream(const struct options* o, int ends[2], size_t frame_bytes, size_t read_bytes) {
  struct shared* page = share();
  const cpu_set_t allowed = allowed_cpus();
  if (fork_consumer(&allowed, 0)) {
    close(ends[1]);
    consume_stream(o, ends[0], frame_bytes, read_bytes, page);
    return 0;
  }
  close(ends[0]);
  pin(&allowed, 0);
  char* frame = filled(frame_bytes, 'x');
  const bool framed = frame_bytes != o->size_bytes;
  if (framed) memcpy(frame, &(uint32_t){(uint32_t)o->size_bytes}, HEADER_BYTES);
  void (*const produce)(int, const char*, size_t, uint64_t) = framed ? send_socket : write_pipe;
  produce(ends[1], frame, frame_bytes, o->warmup_items);
  await_consumers(page, 1);
  struct sending sending = {.messages = o->items, .bytes = o->items * frame_bytes, .calls = o->items};
  sending.start_ns = now_ns();
  produce(ends[1], frame, frame_bytes, o->items);
  sending.end_ns = now_ns();
  close(ends[1]);
  return report(o, page, &sending, false);
}

static mqd_t open_queue(const struct options* o) {
  char name[64];
  snprintf(name, sizeof name, "/queuemark-bare-%d", getpid());
  struct mq_attr attributes = {.mq_maxmsg = o->depth, .mq_msgsize = (long)o->size_bytes};
  const mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
  if (queue == (mqd_t)-1) fail("mq_open");
  if (mq_unlink(name)) fail("mq_unlink");
  return queue;
}

static void consume_queue(const struct options* o, mqd_t queue, char* buffer, struct shared* page,
                          unsigned index) {
  receive_queue(queue, buffer, o->size_bytes);
  announce(page);
  await_consumers(page, o->consumers);
  const uint64_t messages = receive_queue(queue, buffer, o->size_bytes);
  page->consumer[index].messages = messages;
  page->consumer[index].end_ns = now_ns();
}

static int run_queue(const struct options* o) {
  const mqd_t queue = open_queue(o);
  struct shared* page = share();
  const cpu_set_t allowed = allowed_cpus();
  char* message = filled(o->size_bytes, 'x');
  for (unsigned i = 0; i < o->consumers; i++) {
    if (!fork_consumer(&allowed, i)) continue;
    consume_queue(o, queue, message, page, i);
    return 0;
  }
  pin(&allowed, 0);
  send_queue(queue, message, o->size_bytes, o->warmup_items);
  end_queue(queue, o->consumers);
  await_consumers(page, o->consumers);
  struct sending sending = {.messages = o->items, .bytes = o->items * o->size_bytes, .calls = o->items};
  sending.start_ns = now_ns();
  send_queue(queue, message, o->size_bytes, o->items);
  sending.end_ns = now_ns();
  end_queue(queue, o->consumers);
  return report(o, page, &sending, false);
}

int main(int argc, char** argv) {
  const char* mechanisms = "tcp|unix|pipe|mq";
  const struct options o = read_options(argc, argv, mechanisms);
  if (!strcmp(o.mechanism, "mq")) return run_queue(&o);
  int ends[2];
  const bool socket = !strcmp(o.mechanism, "tcp") || !strcmp(o.mechanism, "unix");
  if ((!socket && strcmp(o.mechanism, "pipe")) || o.consumers != 1) usage(mechanisms);
  if (socket) {
    open_sockets(&o, ends);
    return run_stream(&o, ends, HEADER_BYTES + o.size_bytes, SOCKET_READ_BYTES);
  }
  if (pipe(ends)) fail("pipe");
  return run_stream(&o, ends, o.size_bytes, PIPE_READ_BYTES / o.size_bytes * o.size_bytes);
}
