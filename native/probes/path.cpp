// What sending and receiving a message cost in the kernel while nobody sleeps: a batch that the mechanism
// holds is sent, and then received; for each mechanism, by the size of the messages.
//
// calls: `each`, a call a message; `many`, as few calls as the mechanism lets one take, with an element for
// each message; `whole`, of byte streams, the same with one element for all: what `many` takes more is what
// elements cost; `queued`, a call a message that is put to what waits already. cores: `one` process does
// both, or the batch is received on another core (`two`), where everything that the sender touched has to
// come from. side: `send` or `receive`.

#include <algorithm>

#include "engine/partner.hpp"
#include "engine/probe.hpp"
#include "probes/channels.hpp"

namespace queuemark {
namespace {

constexpr std::size_t kSizes[] = {16, 1024, 4096, 16 * 1024};
constexpr std::size_t kQuickSizes[] = {16, 4096, 16 * 1024};
constexpr std::size_t kPacketHighBytes = 4096;  // of a pipe, and of a POSIX queue without privilege

enum class Calls { each, many, whole, queued };

const char* name_of(Calls calls) {
  switch (calls) {
    case Calls::each:
      return "each";
    case Calls::many:
      return "many";
    case Calls::whole:
      return "whole";
    case Calls::queued:
      break;
  }
  return "queued";
}

// In the short run only a stream is asked for what a call of a full buffer costs: nothing else is buffered.
bool has_size(const Probing& probing, const ChannelKind& kind, std::size_t bytes) {
  return bytes <= kPacketHighBytes || kind.stream || (kind.vectors && !probing.quick());
}

// So many that they fit into the smallest queue that the system gives by itself. The kernel counts more than
// a message's own bytes; a POSIX queue holds ten; a pipe 64 KiB.
std::size_t batch_of(const ChannelKind& kind, std::size_t bytes) {
  constexpr std::size_t kQueueBytes = 128 * 1024, kOverheadBytes = 1024;
  constexpr std::size_t kBatchLow = 2, kBatchHigh = 64, kPlainHigh = 10;
  const std::size_t fitting = std::clamp(kQueueBytes / (2 * bytes + kOverheadBytes), kBatchLow, kBatchHigh);
  return kind.vectors ? fitting : std::min(fitting, kPlainHigh);
}

// One batch of messages and the room that they are received into.
class Batch {
 public:
  Batch(const ChannelKind& kind, std::size_t bytes)
      : channel_(kind.open(bytes)),
        count_(batch_of(kind, bytes)),
        sent_(count_ * bytes),
        came_(count_ * bytes) {
    for (std::size_t i = 0; i < count_; ++i) {
      from_.push_back({sent_.data() + i * bytes, bytes});
      into_.push_back({came_.data() + i * bytes, bytes});
    }
  }

  double of_one(Nanoseconds batch_ns) const {
    return static_cast<double>(batch_ns) / static_cast<double>(count_);
  }
  void send(Calls calls) {
    if (calls == Calls::many) return channel_->send_all(from_);
    if (calls == Calls::whole) return channel_->send(sent_);
    for (const iovec& message : from_) {
      channel_->send({static_cast<const std::byte*>(message.iov_base), message.iov_len});
    }
  }
  void hold() { channel_->hold(); }
  void push() { channel_->push(); }
  void receive(Calls calls) {
    if (calls == Calls::many) return channel_->receive_all(into_);
    if (calls == Calls::whole) return channel_->receive(came_);
    for (const iovec& message : into_) {
      channel_->receive({static_cast<std::byte*>(message.iov_base), message.iov_len});
    }
  }

 private:
  std::unique_ptr<Channel> channel_;
  std::size_t count_;
  std::vector<std::byte> sent_, came_;
  std::vector<iovec> from_, into_;
};

struct Sides {
  std::vector<double> send, receive;
};

Sides sides_of(const Probing& probing, Batch& batch, Calls calls, bool two_cores) {
  Sides sides;
  const std::function<void()> receive = [&] { batch.receive(calls); };
  std::unique_ptr<Alternating> receiver;
  if (two_cores) {
    if (!probing.other_cpu()) throw Unavailable(kOneCpu, "");
    receiver = std::make_unique<Alternating>(*probing.other_cpu(), receive);
  }
  rounds_of(probing.span_ns(), [&] {
    if (calls == Calls::queued) batch.hold();
    const Nanoseconds send_ns = elapsed_ns(1, [&] { batch.send(calls); });
    batch.push();
    const Nanoseconds receive_ns = receiver ? receiver->ask() : elapsed_ns(1, receive);
    sides.send.push_back(batch.of_one(send_ns));
    sides.receive.push_back(batch.of_one(receive_ns));
    return send_ns;
  });
  return sides;
}

void measure(const Probing& probing, const ChannelKind& kind, std::size_t bytes, Calls calls,
             bool two_cores) {
  const auto params = [&](const char* side) {
    return ProbeParams{{"mechanism", kind.name},
                       {"bytes", static_cast<std::int64_t>(bytes)},
                       {"calls", name_of(calls)},
                       {"cores", two_cores ? "two" : "one"},
                       {"side", side}};
  };
  Sides sides;
  probing.attempt(params("send"), ProbeUnit::ns, [&] {
    Batch batch(kind, bytes);
    sides = sides_of(probing, batch, calls, two_cores);
    return std::move(sides.send);
  });
  probing.attempt(params("receive"), ProbeUnit::ns, [&] {
    if (sides.receive.empty()) throw Unavailable("nothing could be sent", "");
    return std::move(sides.receive);
  });
}

void run(const Probing& probing) {
  const std::span<const std::size_t> sizes =
      probing.quick() ? std::span<const std::size_t>(kQuickSizes) : kSizes;
  for (const ChannelKind& kind : channel_kinds()) {
    for (const std::size_t bytes : sizes) {
      if (!has_size(probing, kind, bytes)) continue;
      for (const bool two_cores : {false, true}) {
        measure(probing, kind, bytes, Calls::each, two_cores);
        if (kind.vectors) measure(probing, kind, bytes, Calls::many, two_cores);
      }
      if (kind.stream) measure(probing, kind, bytes, Calls::whole, false);
      if (kind.holds) measure(probing, kind, bytes, Calls::queued, false);
    }
  }
}

}  // namespace

extern const Probe path_probe;
const Probe path_probe{"path", true, run};

}  // namespace queuemark
