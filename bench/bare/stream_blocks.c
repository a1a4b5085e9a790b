// Prebuilt blocks over stream sockets: the ceiling for any producer that buffers small messages.
//
// Sends blocks of up to 64 KiB that hold whole frames (a 4-byte length, then the message), the last one as
// long as the items need, and each of them to every consumer, which is a fan-out where there are several.
// Reads 256 KiB at a time and looks at nothing but the byte count. Default socket buffers; Nagle on unless
// --nodelay.
#define _GNU_SOURCE
#include "bare.h"

enum { BLOCK_BYTES = 64 * 1024 };

// One connection a consumer; its reading and its writing end.
struct connections {
  unsigned count;
  int in[CONSUMERS_HIGH], out[CONSUMERS_HIGH];
};

static void open_all(const struct options* o, struct connections* made) {
  made->count = o->consumers;
  for (unsigned i = 0; i < made->count; i++) {
    int ends[2];
    open_sockets(o, ends);
    made->in[i] = ends[0];
    made->out[i] = ends[1];
  }
}

static char* prebuilt_block(size_t message_bytes, size_t frames) {
  char* block = filled(BLOCK_BYTES, 'x');
  const uint32_t length = (uint32_t)message_bytes;
  for (size_t i = 0; i < frames; i++)
    memcpy(block + i * (HEADER_BYTES + message_bytes), &length, HEADER_BYTES);
  return block;
}

// Returns the calls made.
static uint64_t send_frames(const struct connections* to, const char* block, size_t frame_bytes,
                            size_t frames_high, uint64_t items) {
  uint64_t calls = 0;
  while (items) {
    const size_t frames = items < frames_high ? (size_t)items : frames_high;
    const size_t bytes = frames * frame_bytes;
    for (unsigned i = 0; i < to->count; i++)
      if (send(to->out[i], block, bytes, 0) != (ssize_t)bytes) fail("send");
    items -= frames;
    calls += to->count;
  }
  return calls;
}

// Reads until `limit` bytes have come or the stream has ended; returns how many came.
static uint64_t drain(int in, char* buffer, uint64_t limit) {
  uint64_t bytes = 0;
  while (bytes < limit) {
    const ssize_t got = recv(in, buffer, SOCKET_READ_BYTES, 0);
    if (got < 0) fail("recv");
    if (got == 0) break;
    bytes += (uint64_t)got;
  }
  return bytes;
}

static void consume(const struct connections* all, unsigned index, size_t frame_bytes, uint64_t warmup_items,
                    struct shared* page) {
  for (unsigned i = 0; i < all->count; i++) {
    close(all->out[i]);
    if (i != index) close(all->in[i]);
  }
  char* buffer = filled(SOCKET_READ_BYTES, 0);
  drain(all->in[index], buffer, warmup_items * frame_bytes);
  announce(page);
  const uint64_t bytes = drain(all->in[index], buffer, UINT64_MAX);
  if (bytes % frame_bytes) refuse("the stream ended inside a message");
  page->consumer[index].messages = bytes / frame_bytes;
  page->consumer[index].end_ns = now_ns();
}

static int produce(const struct options* o, const struct connections* to, size_t frame_bytes,
                   struct shared* page) {
  const size_t frames = BLOCK_BYTES / frame_bytes;
  const char* block = prebuilt_block(o->size_bytes, frames);
  send_frames(to, block, frame_bytes, frames, o->warmup_items);
  await_consumers(page, o->consumers);
  const uint64_t copies = o->items * o->consumers;
  struct sending sending = {.messages = copies, .bytes = copies * frame_bytes};
  sending.start_ns = now_ns();
  sending.calls = send_frames(to, block, frame_bytes, frames, o->items);
  sending.end_ns = now_ns();
  for (unsigned i = 0; i < to->count; i++)
    if (shutdown(to->out[i], SHUT_WR)) fail("shutdown");
  return report(o, page, &sending, false);
}

int main(int argc, char** argv) {
  const char* mechanisms = "tcp|unix";
  const struct options o = read_options(argc, argv, mechanisms);
  if (strcmp(o.mechanism, "tcp") && strcmp(o.mechanism, "unix")) usage(mechanisms);
  const size_t frame_bytes = HEADER_BYTES + o.size_bytes;
  static struct connections all;
  open_all(&o, &all);
  struct shared* page = share();
  const cpu_set_t allowed = allowed_cpus();
  for (unsigned i = 0; i < o.consumers; i++) {
    if (!fork_consumer(&allowed, i)) continue;
    consume(&all, i, frame_bytes, o.warmup_items, page);
    return 0;
  }
  for (unsigned i = 0; i < all.count; i++) close(all.in[i]);
  pin(&allowed, 0);
  return produce(&o, &all, frame_bytes, page);
}
