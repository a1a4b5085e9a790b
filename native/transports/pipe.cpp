// One pipe that all consumers read (pipe(7)).
//
// As a stream it carries messages of one size without framing. That several readers take whole messages rests
// on two facts: a write of at most PIPE_BUF bytes is not interleaved nor split, and a read of a multiple of
// the size finds only whole messages. Above PIPE_BUF a single consumer is needed.
// As packets (O_DIRECT) each write is a message of its own, up to PIPE_BUF, and takes a page of the pipe.

#include <limits.h>

#include <fstream>

#include "engine/descriptor.hpp"
#include "engine/trial.hpp"
#include "transports/gathered.hpp"

namespace queuemark {
namespace {

constexpr std::int64_t kPipeHigh = 1 << 30;

Description describe() {
  Description description;
  description.name = "pipe";
  description.summary = "one pipe that all consumers read";
  description.facts.dispatches = {"compete"};
  description.facts.policies = {"each", "buffer", "vector"};
  description.facts.max_size_bytes = 16 * 1024 * 1024;
  description.facts.whole_bytes = PIPE_BUF;
  description.params = {
      Param::choice(
          "mode", {"auto", "stream", "packet"},
          "stream: bytes, messages of one size; packet: each write is a message (O_DIRECT); auto: packet for "
          "messages of different sizes, else stream"),
      Param::bytes("pipe_bytes", 0, 0, kPipeHigh,
                   "capacity of the pipe (F_SETPIPE_SZ); 0: as the system has it"),
      Param::bytes("read_bytes", 64 * 1024, 1, 64 * 1024 * 1024,
                   "most that one read call takes, in whole messages"),
  };
  return description;
}

class PipeProducer {
 public:
  PipeProducer(Descriptor& write_end, Descriptor& read_end, Wait wait)
      : end_(std::move(write_end)), patience_(wait, end_.number(), POLLOUT) {
    read_end.reset();
  }
  void send(unsigned, const std::byte* from, std::size_t count) {
    while (count) {
      const std::size_t done =
          insist([&] { return write(end_.number(), from, count); }, calls, kWriting, patience_);
      bytes += done;
      from += done;
      count -= done;
    }
  }
  std::size_t send_many(unsigned stream, std::span<const iovec> messages) {
    const auto count = static_cast<int>(messages.size());
    const std::size_t done =
        insist([&] { return writev(end_.number(), messages.data(), count); }, calls, kWriting, patience_);
    bytes += done;
    return whole_messages(messages, done,
                          [&](const std::byte* rest, std::size_t left) { send(stream, rest, left); });
  }
  // Readers see the end when no writer is left.
  void finish() { end_.reset(); }
  std::uint64_t calls = 0, bytes = 0;

 private:
  static constexpr const char* kWriting = "write to the pipe";

  Descriptor end_;
  Patience patience_;
};

class PipeConsumer {
 public:
  PipeConsumer(Descriptor& write_end, Descriptor& read_end, Wait wait)
      : end_(std::move(read_end)), patience_(wait, end_.number(), POLLIN) {
    write_end.reset();
  }
  std::size_t receive(std::byte* into, std::size_t capacity) {
    return insist([&] { return read(end_.number(), into, capacity); }, calls, "read from the pipe",
                  patience_);
  }
  std::uint64_t calls = 0;

 private:
  Descriptor end_;
  Patience patience_;
};

template <Framing kFraming>
class Pipe {
 public:
  static constexpr Framing framing = kFraming;
  static constexpr Dispatch dispatch = Dispatch::compete;
  using Producer = PipeProducer;
  using Consumer = PipeConsumer;

  Pipe(const Options& options, std::size_t largest)
      : params_(describe(), options.params), wait_(options.wait) {
    if (kFraming == Framing::boundary && largest > PIPE_BUF) {
      throw UsageError("a packet of a pipe holds at most " + std::to_string(PIPE_BUF) +
                       " bytes, and a message has " + std::to_string(largest));
    }
    int ends[2];
    const int flags =
        O_CLOEXEC | (kFraming == Framing::boundary ? O_DIRECT : 0) | (wait_ == Wait::block ? 0 : O_NONBLOCK);
    if (pipe2(ends, flags) != 0) throw_system("make a pipe");
    read_end_ = Descriptor(ends[0]);
    write_end_ = Descriptor(ends[1]);
    const std::int64_t wanted = params_.number("pipe_bytes");
    if (wanted && fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(wanted)) < 0) {
      throw Unavailable(system_said("make the pipe hold " + std::to_string(wanted) + " bytes"),
                        "take a smaller pipe_bytes, or raise fs.pipe-max-size");
    }
  }

  Granted granted() const {
    return {{"mode", std::string(kFraming == Framing::boundary ? "packet" : "stream")},
            {"pipe_bytes", std::int64_t{fcntl(write_end_.number(), F_GETPIPE_SZ)}},
            {"read_bytes", params_.number("read_bytes")}};
  }
  Producer open_producer() { return {write_end_, read_end_, wait_}; }
  Consumer open_consumer(unsigned) { return {write_end_, read_end_, wait_}; }
  void leave() {
    read_end_.reset();
    write_end_.reset();
  }
  std::size_t read_bytes() const { return static_cast<std::size_t>(params_.number("read_bytes")); }
  std::uint64_t deal_items() const { return 1000; }

 private:
  Params params_;
  Wait wait_;
  Descriptor read_end_;
  Descriptor write_end_;
};

int run(const Options& options) {
  const std::string mode = Params(describe(), options.params).choice("mode");
  const bool mixed_sizes = !options.one_size();
  if (mode == "packet" || (mode == "auto" && mixed_sizes)) {
    // What one call writes is one packet.
    if (options.policy != Policy::each) {
      throw UsageError("a pipe of packets takes a message a call; write --policy each");
    }
    return run_trial<Pipe<Framing::boundary>>(options);
  }
  if (mixed_sizes) throw UsageError("a pipe as a stream carries messages of one size; write -P mode=packet");
  return run_trial<Pipe<Framing::size>>(options);
}

}  // namespace

extern const Entry pipe;
const Entry pipe{describe, run};

}  // namespace queuemark
