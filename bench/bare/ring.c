// A ring between two processes as one would write it by hand: the ceiling for `shm-ring`.
//
// Messages are written and compared in place, every word of them, in straight loops over up to 64 that become
// visible, and free again, at once. Each end keeps a copy of the other's index and asks again only when the
// copy says that nothing can be done; the indices have cache lines of their own and never wrap.
#define _GNU_SOURCE
#include "rings.h"

struct ring {
  alignas(64) atomic_uint_fast64_t written;  // messages below are there
  alignas(64) atomic_uint_fast64_t taken;    // slots of messages below are free again
  alignas(64) uint64_t words[RING_BYTES / 8];
};

// From `number` on: at most a batch, not beyond `end`, not over the last slot.
static inline uint64_t run_length(uint64_t number, uint64_t end, uint64_t slots) {
  const uint64_t to_last = slots - number % slots, left = end - number;
  const uint64_t high = to_last < BATCH ? to_last : BATCH;
  return left < high ? left : high;
}

static inline __attribute__((always_inline)) void produce(struct ring* ring, uint64_t first, uint64_t end,
                                                          const size_t words) {
  const uint64_t slots = RING_BYTES / 8 / words;
  uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_acquire);
  for (uint64_t number = first; number < end;) {
    const uint64_t count = run_length(number, end, slots);
    // Acquire pairs with the consumer's release: it has compared what these slots held before.
    for (; number + count - taken > slots; taken = atomic_load_explicit(&ring->taken, memory_order_acquire))
      relax();
    uint64_t* at = ring->words + number % slots * words;
    for (uint64_t i = 0; i < count; i++) write_message(at + i * words, number + i, words);
    number += count;
    atomic_store_explicit(&ring->written, number, memory_order_release);
  }
}

static inline __attribute__((always_inline)) void consume(struct ring* ring, uint64_t first, uint64_t end,
                                                          const size_t words) {
  const uint64_t slots = RING_BYTES / 8 / words;
  uint64_t written = first;
  for (uint64_t number = first; number < end;) {
    // Acquire pairs with the producer's release: what it wrote into these slots is seen.
    for (; written == number; written = atomic_load_explicit(&ring->written, memory_order_acquire)) relax();
    const uint64_t count = run_length(number, written < end ? written : end, slots);
    const uint64_t* at = ring->words + number % slots * words;
    uint64_t difference = 0;
    for (uint64_t i = 0; i < count; i++) difference |= compare_message(at + i * words, number + i, words);
    if (difference) refuse("a message is not what was sent");
    number += count;
    atomic_store_explicit(&ring->taken, number, memory_order_release);
  }
}

static void produce_16(void* ring, uint64_t first, uint64_t end) { produce(ring, first, end, 2); }
static void consume_16(void* ring, uint64_t first, uint64_t end) { consume(ring, first, end, 2); }
static void produce_64(void* ring, uint64_t first, uint64_t end) { produce(ring, first, end, 8); }
static void consume_64(void* ring, uint64_t first, uint64_t end) { consume(ring, first, end, 8); }

int main(int argc, char** argv) {
  const char* mechanisms = "bare";
  const struct options o = read_options(argc, argv, mechanisms);
  if (strcmp(o.mechanism, mechanisms) || o.consumers != 1) usage(mechanisms);
  void* ring = shared_memory(sizeof(struct ring));
  if (o.size_bytes == 16) return run_ring(&o, ring, produce_16, consume_16);
  if (o.size_bytes == 64) return run_ring(&o, ring, produce_64, consume_64);
  refuse("messages have 16 or 64 bytes here");
}
