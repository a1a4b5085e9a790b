// One pipe that all consumers read, and where requests are replied to, another one back (pipe(7)).
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
#include "transports/reply_channel.hpp"

namespace queuemark {
namespace {

constexpr std::int64_t kPipeHigh = 1 << 30;

Description describe() {
  Description description;
  description.name = "pipe";
  description.summary = "one pipe that all consumers read";
  description.facts.patterns = {"share", "pingpong"};
  description.facts.dispatches = {"compete"};
  description.facts.policies = {"each", "buffer", "vector"};
  description.facts.max_size_bytes = 16 * 1024 * 1024;
  description.facts.cost.ways = {{"pipe-packet", {{"mode", std::string("packet")}}}, {"pipe", {}}};
  description.facts.cost.gathers = true;
  description.facts.cost.holds = "pipe_bytes";
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

struct PipeEnds {
  Descriptor write, read;
};

class PipeProducer {
 public:
  PipeProducer(PipeEnds& pipe, Wait wait)
      : end_(std::move(pipe.write)), patience_(wait, end_.number(), POLLOUT) {
    pipe.read.reset();
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
  PipeConsumer(PipeEnds& pipe, Wait wait)
      : end_(std::move(pipe.read)), patience_(wait, end_.number(), POLLIN) {
    pipe.write.reset();
  }
  std::size_t receive(std::byte* into, std::size_t capacity) {
    return insist([&] { return read(end_.number(), into, capacity); }, calls, "read from the pipe",
                  patience_);
  }
  bool comes_by(bool sleeps, Nanoseconds moment) { return brings_by(end_.number(), sleeps, moment, calls); }
  std::uint64_t calls = 0;

 protected:
  Descriptor end_;

 private:
  Patience patience_;
};

// Its replies go into a pipe of their own, whose end for writing is nobody else's and never keeps it waiting.
class PipeEcho : public PipeConsumer {
 public:
  PipeEcho(PipeEnds& requests, PipeEnds& replies, Wait wait)
      : PipeConsumer(requests, wait), replies_(std::move(replies.write)), wait_(wait) {
    replies.read.reset();
    const int flags = fcntl(replies_.number(), F_GETFL);
    if (flags < 0 || fcntl(replies_.number(), F_SETFL, flags | O_NONBLOCK) < 0) {
      throw_system("make a pipe's end refuse instead of wait");
    }
  }
  std::size_t offer(const std::byte* from, std::size_t count) {
    return attempt([&] { return write(replies_.number(), from, count); }, calls, "write a reply to the pipe");
  }
  bool request_before_room() { return brings_something(end_.number(), replies_.number(), wait_, calls); }

 private:
  Descriptor replies_;
  Wait wait_;
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
    pipe_ = make_pipe();
    if (options.pingpong()) replies_ = make_pipe();
  }

  Granted granted() const {
    return {{"mode", std::string(kFraming == Framing::boundary ? "packet" : "stream")},
            {"pipe_bytes", std::int64_t{fcntl(pipe_.write.number(), F_GETPIPE_SZ)}},
            {"read_bytes", params_.number("read_bytes")}};
  }
  Producer open_producer() { return {pipe_, wait_}; }
  Consumer open_consumer(unsigned) { return {pipe_, wait_}; }
  ReplyChannel<PipeProducer, PipeConsumer> open_client() {
    return {PipeProducer(pipe_, wait_), PipeConsumer(replies_, wait_)};
  }
  PipeEcho open_echo(unsigned) { return {pipe_, replies_, wait_}; }
  void leave() {
    pipe_ = {};
    replies_ = {};
  }
  std::size_t read_bytes() const { return static_cast<std::size_t>(params_.number("read_bytes")); }
  std::uint64_t deal_items() const { return 1000; }

 private:
  PipeEnds make_pipe() const {
    int ends[2];
    const int flags =
        O_CLOEXEC | (kFraming == Framing::boundary ? O_DIRECT : 0) | (wait_ == Wait::block ? 0 : O_NONBLOCK);
    if (pipe2(ends, flags) != 0) throw_system("make a pipe");
    PipeEnds made{Descriptor(ends[1]), Descriptor(ends[0])};
    const std::int64_t wanted = params_.number("pipe_bytes");
    if (wanted && fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(wanted)) < 0) {
      throw Unavailable(system_said("make the pipe hold " + std::to_string(wanted) + " bytes"),
                        "take a smaller pipe_bytes, or raise fs.pipe-max-size");
    }
    return made;
  }

  Params params_;
  Wait wait_;
  PipeEnds pipe_;
  PipeEnds replies_;
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
