// What the two rings between processes share: the messages, and the run from the fork to the report.
//
// A message is a whole number of words: its own number, then words that derive from it. Every word of it is
// written; how many are compared is each ring's own affair. Both ends spin.
#pragma once
#include "bare.h"

// A ring holds 1 MiB of messages: 65,536 of 16 bytes, 16,384 of 64. Up to 64 become visible at once.
enum { RING_BYTES = 1024 * 1024, BATCH = 64 };

// Odd and irregular: 2^64 over the golden ratio.
#define STEP UINT64_C(0x9E3779B97F4A7C15)

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static inline __attribute__((always_inline)) void write_message(uint64_t* into, uint64_t number,
                                                                size_t words) {
  into[0] = number;
  for (size_t i = 1; i < words; i++) into[i] = (number * STEP) ^ i;
}

// 0 when it is this message, every word of it.
static inline __attribute__((always_inline)) uint64_t compare_message(const uint64_t* from, uint64_t number,
                                                                      size_t words) {
  uint64_t difference = from[0] ^ number;
  for (size_t i = 1; i < words; i++) difference |= from[i] ^ (number * STEP) ^ i;
  return difference;
}

// Moves the messages from number `first` up to `end`.
typedef void transfer(void* ring, uint64_t first, uint64_t end);

// Forks the consumer, lets the warm-up through, then the window; returns the status for the shell.
static inline int run_ring(const struct options* o, void* ring, transfer* produce, transfer* consume) {
  struct shared* page = share();
  const cpu_set_t allowed = allowed_cpus();
  const uint64_t end = o->warmup_items + o->items;
  if (fork_consumer(&allowed, 0)) {
    consume(ring, 0, o->warmup_items);
    announce(page);
    consume(ring, o->warmup_items, end);
    page->consumer[0].messages = o->items;
    page->consumer[0].end_ns = now_ns();
    return 0;
  }
  pin(&allowed, 0);
  produce(ring, 0, o->warmup_items);
  await_consumers(page, 1);
  struct sending sending;
  memset(&sending, 0, sizeof sending);
  sending.messages = o->items;
  sending.bytes = o->items * o->size_bytes;
  sending.start_ns = now_ns();
  produce(ring, o->warmup_items, end);
  sending.end_ns = now_ns();
  return report(o, page, &sending, false);
}
