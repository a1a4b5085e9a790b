// A ring of slots in shared memory for each consumer, written and read in place, and where requests are
// replied to, another one back (memfd_create(2), mmap(2), futex(2)).
//
// The memory has no name and is mapped before the workers are forked, so all find it at the same place. Where
// all messages have one size the slots are as long as that and lie as densely; messages of different sizes
// stand behind their lengths in slots that hold the largest.

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>

#include "engine/descriptor.hpp"
#include "engine/ring.hpp"
#include "engine/trial.hpp"

namespace queuemark {
namespace {

constexpr std::uint64_t kMebibyte = 1024 * 1024;
constexpr std::uint64_t kSlotsLow = 64, kSlotsHigh = 65536, kAskedSlotsHigh = kMebibyte;
// Of one ring: when nobody asks for a number of slots, and when somebody does.
constexpr std::uint64_t kUsualRingBytes = kMebibyte, kLargeRingBytes = 32 * kMebibyte,
                        kRingBytesHigh = 1024 * kMebibyte;

Descriptor make_memory(std::size_t bytes) {
  // Where the size of files is limited (ulimit -f) that holds here too, with a signal unless it is ignored.
  signal(SIGXFSZ, SIG_IGN);
  Descriptor memory(memfd_create("queuemark-ring", MFD_CLOEXEC));
  if (memory.number() >= 0 && ftruncate(memory.number(), static_cast<off_t>(bytes)) != 0) return Descriptor();
  return memory;
}

std::string remedy_for(int error) {
  if (error == EFBIG) return "raise the limit of the size of files (ulimit -f), which holds for memory too";
  if (error == EMFILE || error == ENFILE) return "raise the limit of open files (ulimit -n)";
  if (error == ENOMEM) return "take fewer slots, fewer consumers or smaller messages, or free some memory";
  return "allow memfd_create (a kernel of 3.17 or newer; the container's or service's filter of system "
         "calls)";
}

Description describe() {
  Description description;
  description.name = "shm-ring";
  description.summary = "a ring of slots in shared memory for each consumer";
  description.facts.boundaries = true;
  description.facts.copies = 0;
  description.facts.cost.holds = "slots";
  description.facts.patterns = {"share", "fanout", "pingpong"};
  description.facts.dispatches = {"deal"};
  description.facts.policies = {"each", "vector"};
  description.facts.max_size_bytes = 16 * kMebibyte;
  description.params = {
      Param::items("deal_items", 1000, 1, 1'000'000'000,
                   "messages that one consumer gets before the next one's turn"),
      Param::items(
          "slots", 0, 0, static_cast<std::int64_t>(kAskedSlotsHigh),
          "messages that a ring holds, rounded up to a power of two; 0: as many as 1 MiB holds, from 64 "
          "(fewer above 512 KiB) to 65536"),
  };
  if (make_memory(RingShape{}.bytes()).number() < 0) {
    const int error = errno;
    description.reason = system_said("make shared memory (memfd_create)", error);
    description.remedy = remedy_for(error);
  }
  return description;
}

std::uint64_t usual_slots(std::size_t slot_bytes) {
  const std::uint64_t wanted =
      std::clamp(std::bit_floor(kUsualRingBytes / slot_bytes), kSlotsLow, kSlotsHigh);
  return std::min(wanted, std::bit_floor(kLargeRingBytes / slot_bytes));
}

RingShape shape_for(std::uint64_t asked_slots, std::size_t slot_bytes) {
  const std::uint64_t slots = asked_slots ? std::bit_ceil(asked_slots) : usual_slots(slot_bytes);
  const RingShape shape{slots, slot_bytes};
  if (shape.bytes() > kRingBytesHigh + RingShape::kSlotsAt) {
    throw UsageError("a ring of " + std::to_string(slots) + " slots of " + std::to_string(slot_bytes) +
                     " bytes is larger than " + std::to_string(kRingBytesHigh) +
                     " bytes; take fewer slots or smaller messages");
  }
  return shape;
}

// A ring's memory, mapped here and in the workers to come.
class MappedRing {
 public:
  explicit MappedRing(RingShape shape) : ring_(map(shape), shape) {}
  MappedRing(MappedRing&& other) noexcept
      : ring_(other.ring_), mapped_(std::exchange(other.mapped_, false)) {}
  MappedRing& operator=(MappedRing&&) = delete;
  ~MappedRing() {
    if (mapped_) munmap(&ring_.counts(), ring_.shape().bytes());
  }

  // Touches every page, so that none is met for the first time in the window: pages of shared memory are
  // not taken over by a fork.
  const Ring& touched() const {
    constexpr std::size_t kPage = 4096;
    const auto* memory = reinterpret_cast<const volatile std::byte*>(&ring_.counts());
    for (std::size_t at = 0; at < ring_.shape().bytes(); at += kPage) static_cast<void>(memory[at]);
    return ring_;
  }
  const RingShape shape() const { return ring_.shape(); }

 private:
  static std::byte* map(RingShape shape) {
    const std::string what = "map a ring of " + std::to_string(shape.slots) + " slots of " +
                             std::to_string(shape.slot_bytes) + " bytes in shared memory";
    const Descriptor file = make_memory(shape.bytes());
    void* memory = file.number() < 0
                       ? MAP_FAILED
                       : mmap(nullptr, shape.bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
    if (memory == MAP_FAILED) {
      const int error = errno;
      throw Unavailable(system_said(what, error), remedy_for(error));
    }
    return static_cast<std::byte*>(memory);
  }

  Ring ring_;
  bool mapped_ = true;
};

class RingProducer {
 public:
  RingProducer(std::vector<MappedRing>&& rings, WaitStrategy strategy) : rings_(std::move(rings)) {
    for (const MappedRing& ring : rings_) writers_.emplace_back(ring.touched(), strategy);
  }
  std::span<RingWriter> rings() { return writers_; }
  std::span<RingWriter> rings(unsigned stream) { return rings().subspan(stream, 1); }
  void finish() {
    for (RingWriter& writer : writers_) writer.close(calls);
  }
  std::uint64_t calls = 0, bytes = 0;

 private:
  std::vector<MappedRing> rings_;
  std::vector<RingWriter> writers_;
};

class RingConsumer {
 public:
  RingConsumer(MappedRing&& ring, WaitStrategy strategy)
      : ring_(std::move(ring)), reader_(ring_.touched(), strategy) {}
  FullSlots view() { return reader_.view(calls); }
  void release(std::uint64_t count) { reader_.release(count, calls); }
  std::size_t slot_bytes() const { return reader_.slot_bytes(); }
  std::uint64_t calls = 0;

 private:
  MappedRing ring_;
  RingReader reader_;
};

class RingClient : public RingProducer {
 public:
  RingClient(std::vector<MappedRing>&& requests, std::vector<MappedRing>&& replies, WaitStrategy strategy)
      : RingProducer(std::move(requests), strategy), replies_(std::move(replies)) {
    for (const MappedRing& ring : replies_) readers_.emplace_back(ring.touched(), strategy);
  }
  FullSlots view(unsigned stream) { return readers_[stream].view(calls); }
  bool reply_comes_by(unsigned stream, bool sleeps, Nanoseconds moment) {
    return readers_[stream].comes_by(sleeps, moment, calls);
  }
  void release(unsigned stream, std::uint64_t count) { readers_[stream].release(count, calls); }
  std::size_t slot_bytes() const { return readers_.front().slot_bytes(); }

 private:
  std::vector<MappedRing> replies_;
  std::vector<RingReader> readers_;
};

class RingEcho : public RingConsumer {
 public:
  RingEcho(MappedRing&& requests, MappedRing&& replies, WaitStrategy strategy)
      : RingConsumer(std::move(requests), strategy),
        replies_(std::move(replies)),
        writer_(replies_.touched(), strategy) {}
  RingWriter& replies() { return writer_; }

 private:
  MappedRing replies_;
  RingWriter writer_;
};

template <Framing kFraming>
class ShmRing {
 public:
  static constexpr Framing framing = kFraming;
  static constexpr Dispatch dispatch = Dispatch::deal;

  ShmRing(const Options& options, std::size_t largest)
      : params_(describe(), options.params), strategy_(strategy_of(options)) {
    const RingShape shape =
        shape_for(static_cast<std::uint64_t>(params_.number("slots")), slot_bytes(largest));
    for (unsigned i = 0; i < options.consumers; ++i) rings_.emplace_back(shape);
    if (!options.pingpong()) return;
    const RingShape back =
        shape_for(std::max(shape.slots, std::bit_ceil(options.in_flight)), shape.slot_bytes);
    for (unsigned i = 0; i < options.consumers; ++i) replies_.emplace_back(back);
  }

  Granted granted() const {
    return {{"deal_items", params_.number("deal_items")},
            {"slots", static_cast<std::int64_t>(rings_.front().shape().slots)}};
  }
  RingProducer open_producer() { return {std::move(rings_), strategy_}; }
  RingConsumer open_consumer(unsigned index) {
    MappedRing own = std::move(rings_[index]);
    rings_.clear();
    return {std::move(own), strategy_};
  }
  RingClient open_client() { return {std::move(rings_), std::move(replies_), strategy_}; }
  RingEcho open_echo(unsigned index) {
    MappedRing requests = std::move(rings_[index]), replies = std::move(replies_[index]);
    rings_.clear();
    replies_.clear();
    return {std::move(requests), std::move(replies), strategy_};
  }
  void leave() {
    rings_.clear();
    replies_.clear();
  }
  std::size_t read_bytes() const { return 0; }
  std::uint64_t deal_items() const { return static_cast<std::uint64_t>(params_.number("deal_items")); }

 private:
  // Behind its length a message begins wherever that ends; the slots themselves begin on whole words.
  static std::size_t slot_bytes(std::size_t largest) {
    return kFraming == Framing::size ? largest : (kLengthBytes + largest + 7) / 8 * 8;
  }
  static WaitStrategy strategy_of(const Options& options) {
    const bool gathers = !options.pingpong() && !options.rate_per_s;
    if (options.wait == Wait::spin) return {WaitStrategy::kForever, gathers};
    return {options.wait == Wait::block ? 0 : Patience::kSpinNs, gathers};
  }

  Params params_;
  WaitStrategy strategy_;
  std::vector<MappedRing> rings_;
  std::vector<MappedRing>
      replies_;  // none of them is ever full: it holds all that may be on their way at once
};

int run(const Options& options) {
  if (!options.one_size()) return run_trial<ShmRing<Framing::length>>(options);
  return run_trial<ShmRing<Framing::size>>(options);
}

}  // namespace

extern const Entry shm_ring;
const Entry shm_ring{describe, run};

}  // namespace queuemark
