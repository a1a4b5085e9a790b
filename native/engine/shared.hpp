// The page that the processes of one trial share: where they are, how far they got, what they counted.
//
// A worker owns its slot and only stores to it; the parent only loads. Each slot and each word that
// several processes look at has cache lines of its own (two, since cores fetch lines in pairs).
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>

#include "engine/clock.hpp"
#include "engine/content.hpp"
#include "engine/counters.hpp"
#include "engine/error.hpp"

namespace queuemark {

constexpr std::size_t kLine = 128;

// What a consumer found, or a producer did, in one phase. Written once, at the worker's end.
struct Tally {
  std::uint64_t messages = 0;  // producer: accepted by the mechanism; consumer: arrived, in whatever state
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t redelivered = 0;  // consumer: came with the word that they had been delivered before
  std::uint64_t corrupted = 0;
  std::uint64_t lost = 0;
  std::uint64_t checked = 0;
  std::uint64_t calls = 0;
  std::uint64_t bytes = 0;          // through the mechanism, framing included
  std::uint64_t message_bytes = 0;  // of the messages alone
  Nanoseconds last_ns = 0;          // the last accepted call, or the last receive
  Nanoseconds cpu_ns = 0;
  std::uint64_t switches_voluntary = 0;
  std::uint64_t switches_involuntary = 0;
  EventCounts events;
  std::uint64_t peak_memory_bytes = 0;
  std::uint64_t warmup_messages = 0;  // as `messages`, before the window opened
  std::uint64_t warmup_faults = 0;    // anything that was wrong before the window opened
  std::uint64_t above = 0;            // competing consumers: every number seen was below
  std::uint64_t value_sum = 0;        // messages of 3 to 7 bytes that compete: the sum of their mixed values
  std::uint64_t round_trips = 0;      // pingpong, producer: replies that came back, verified
  std::uint64_t reply_bytes = 0;      // pingpong, producer: of the replies, framing included
  std::uint64_t reply_faults = 0;     // pingpong, producer: replies damaged, repeated or out of order
  Nanoseconds handed_ns = 0;          // pingpong, producer: when the last request was handed over
  bool torn = false;                  // the stream's framing was lost, or it ended inside a message
  bool ended_early = false;           // a consumer saw the end before the producer made it
};

struct alignas(kLine) Slot {
  // Messages of the present phase so far; the top bit says that the phase is the window.
  std::atomic<std::uint64_t> progress{0};
  alignas(kLine) std::atomic<std::uint32_t> finished{0};
  std::atomic<std::uint64_t> offered{0};  // paced producer: messages of the window that went to the policy
  std::atomic<std::uint32_t> fault_made{0};
  std::uint64_t fault_message = 0;
  std::atomic<std::uint32_t> marked{0};  // the last mark that came, where the mechanism may lose (mark.hpp)
  Tally tally;
  char error[256] = {};
  Nanoseconds complained_ns = 0;  // when the error was left; 0: there is none

  void publish(std::uint64_t messages, Phase phase) {
    const std::uint64_t mark = phase == Phase::window ? kInWindow : 0;
    // Release pairs with the acquire of taken(): who reads the count may rely on the work being done.
    progress.store(messages | mark, std::memory_order_release);
  }
  std::uint64_t taken_in(Phase phase) const {
    const std::uint64_t value = progress.load(std::memory_order_acquire);
    const bool in_window = value & kInWindow;
    return in_window == (phase == Phase::window) ? value & ~kInWindow : 0;
  }
  bool in_window() const { return progress.load(std::memory_order_relaxed) & kInWindow; }
  static constexpr std::uint64_t kInWindow = std::uint64_t{1} << 63;

  // Leaves one line for the parent; the process ends with a code that says so.
  void complain(const char* text) {
    complained_ns = now_ns();
    std::strncpy(error, text, sizeof error - 1);
  }
};

struct Control {
  alignas(kLine) std::atomic<std::uint32_t> phase{static_cast<std::uint32_t>(Phase::opening)};
  alignas(kLine) std::atomic<std::uint32_t> stop{0};
  alignas(kLine) std::atomic<std::int64_t> window_open_ns{0};
  alignas(kLine) std::atomic<std::uint32_t> ending{0};  // all is sent, the end of the streams comes next
  Slot producer;
  // Followed in memory by a Slot for each consumer, and what was dealt to each.
};

// Anonymous shared memory: no name, so nothing to leave behind. Pages are taken as they are touched.
class SharedMemory {
 public:
  explicit SharedMemory(std::size_t bytes, const char* what) : bytes_(bytes) {
    memory_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory_ == MAP_FAILED) {
      throw_system("map " + std::to_string(bytes) + " bytes of shared memory for " + what);
    }
  }
  ~SharedMemory() { munmap(memory_, bytes_); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  std::byte* data() const { return static_cast<std::byte*>(memory_); }
  std::size_t size() const { return bytes_; }

 private:
  void* memory_;
  std::size_t bytes_;
};

class Shared {
 public:
  Shared(unsigned consumers, unsigned streams)
      : memory_(sizeof(Control) + consumers * sizeof(Slot) + streams * sizeof(std::atomic<std::uint64_t>),
                "the trial's counters"),
        control_(new (memory_.data()) Control),
        slots_(new (memory_.data() + sizeof(Control)) Slot[consumers]),
        dealt_(new (slots_ + consumers) std::atomic<std::uint64_t>[streams]),
        consumers_(consumers) {}

  Control& control() const { return *control_; }
  Slot& producer() const { return control_->producer; }
  Slot& consumer(unsigned index) const { return slots_[index]; }
  // Messages of the window that the producer gave to a stream and the mechanism accepted.
  std::atomic<std::uint64_t>& dealt(unsigned stream) const { return dealt_[stream]; }
  unsigned consumers() const { return consumers_; }

  // Pairs with set_phase: who sees a phase sees all that was stored before it was set.
  Phase phase() const { return static_cast<Phase>(control_->phase.load(std::memory_order_acquire)); }
  void set_phase(Phase phase) const {
    control_->phase.store(static_cast<std::uint32_t>(phase), std::memory_order_release);
  }

  std::uint64_t taken(Phase phase) const {
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < consumers_; ++i) sum += slots_[i].taken_in(phase);
    return sum;
  }

 private:
  SharedMemory memory_;
  Control* control_;
  Slot* slots_;
  std::atomic<std::uint64_t>* dealt_;
  unsigned consumers_;
};

}  // namespace queuemark
