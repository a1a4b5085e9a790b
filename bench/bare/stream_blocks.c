// Prebuilt blocks over one stream socket: the ceiling for any producer that buffers small messages.
//
// Sends blocks of up to 64 KiB that hold whole frames (a 4-byte length, then the message), the last one as
// long as the items need; reads 256 KiB at a time and looks at nothing but the byte count. Default socket
// buffers; Nagle on unless --nodelay.
#define _GNU_SOURCE
#include "bare.h"

enum { BLOCK_BYTES = 64 * 1024 };

static char* prebuilt_block(size_t message_bytes, size_t frames) {
  char* block = filled(BLOCK_BYTES, 'x');
  const uint32_t length = (uint32_t)message_bytes;
  for (size_t i = 0; i < frames; i++)
    memcpy(block + i * (HEADER_BYTES + message_bytes), &length, HEADER_BYTES);
  return block;
}

// Returns the calls made.
static uint64_t send_frames(int out, const char* block, size_t frame_bytes, size_t frames_high,
                            uint64_t items) {
  uint64_t calls = 0;
  while (items) {
    const size_t frames = items < frames_high ? (size_t)items : frames_high;
    if (send(out, block, frames * frame_bytes, 0) != (ssize_t)(frames * frame_bytes)) fail("send");
    items -= frames;
    calls++;
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

static void consume(int in, size_t frame_bytes, uint64_t warmup_items, struct shared* page) {
  char* buffer = filled(SOCKET_READ_BYTES, 0);
  drain(in, buffer, warmup_items * frame_bytes);
  announce(page);
  const uint64_t bytes = drain(in, buffer, UINT64_MAX);
  page->consumer[0] = (struct counts){.messages = bytes / frame_bytes, .bytes = bytes, .end_ns = now_ns()};
}

int main(int argc, char** argv) {
  const char* mechanisms = "tcp|unix";
  const struct options o = read_options(argc, argv, mechanisms);
  if ((strcmp(o.mechanism, "tcp") && strcmp(o.mechanism, "unix")) || o.consumers != 1) usage(mechanisms);
  const size_t frame_bytes = HEADER_BYTES + o.size_bytes, frames = BLOCK_BYTES / frame_bytes;
  struct shared* page = share();
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed)) fail("sched_getaffinity");
  int ends[2];
  open_sockets(&o, ends);
  if (fork_consumer(&allowed, 0)) {
    close(ends[1]);
    consume(ends[0], frame_bytes, o.warmup_items, page);
    return 0;
  }
  close(ends[0]);
  pin(&allowed, 0);
  const char* block = prebuilt_block(o.size_bytes, frames);
  send_frames(ends[1], block, frame_bytes, frames, o.warmup_items);
  await_consumers(page, 1);
  const uint64_t start_ns = now_ns();
  const uint64_t calls = send_frames(ends[1], block, frame_bytes, frames, o.items);
  if (shutdown(ends[1], SHUT_WR)) fail("shutdown");
  return report(&o, page, start_ns, calls);
}
