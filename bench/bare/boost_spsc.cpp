// boost::lockfree::spsc_queue in memory that two processes share: a widely used ring as its manual shows it.
// needs: boost/lockfree/spsc_queue.hpp (apt-get install libboost-dev)
//
// 64 messages are made and pushed in one call, up to 64 popped in one; every word is written, and of each
// message the number is compared. The capacity is known to the compiler, which is the queue's fastest kind.
#include <algorithm>
#include <boost/lockfree/spsc_queue.hpp>
#include <new>

#include "rings.h"

namespace {

template <size_t kWords>
struct Message {
  uint64_t words[kWords];
};

template <size_t kWords>
using Queue =
    boost::lockfree::spsc_queue<Message<kWords>, boost::lockfree::capacity<RING_BYTES / 8 / kWords>>;

template <size_t kWords>
void produce(void* ring, uint64_t first, uint64_t end) {
  auto& queue = *static_cast<Queue<kWords>*>(ring);
  Message<kWords> batch[BATCH];
  for (uint64_t number = first; number < end;) {
    const size_t count = std::min<uint64_t>(end - number, BATCH);
    for (size_t i = 0; i < count; i++) write_message(batch[i].words, number + i, kWords);
    for (size_t done = 0; done < count;) {
      const size_t taken = queue.push(batch + done, count - done);
      if (!taken) relax();
      done += taken;
    }
    number += count;
  }
}

template <size_t kWords>
void consume(void* ring, uint64_t first, uint64_t end) {
  auto& queue = *static_cast<Queue<kWords>*>(ring);
  Message<kWords> batch[BATCH];
  for (uint64_t number = first; number < end;) {
    const size_t count = queue.pop(batch, std::min<uint64_t>(end - number, BATCH));
    if (!count) relax();
    uint64_t difference = 0;
    for (size_t i = 0; i < count; i++) difference |= batch[i].words[0] ^ (number + i);
    if (difference) refuse("a message is not the next one");
    number += count;
  }
}

template <size_t kWords>
int run(const options& o) {
  void* memory = shared_memory(sizeof(Queue<kWords>));
  return run_ring(&o, new (memory) Queue<kWords>, produce<kWords>, consume<kWords>);
}

}  // namespace

int main(int argc, char** argv) {
  const char* mechanisms = "boost";
  const options o = read_options(argc, argv, mechanisms);
  if (strcmp(o.mechanism, mechanisms) || o.consumers != 1) usage(mechanisms);
  if (o.size_bytes == 16) return run<2>(o);
  if (o.size_bytes == 64) return run<8>(o);
  refuse("messages have 16 or 64 bytes here");
}
