// How many bytes a second go through a byte stream from one core to another, written and read 64 KiB a call.

#include "engine/partner.hpp"
#include "engine/probe.hpp"
#include "probes/channels.hpp"

namespace queuemark {
namespace {

constexpr std::size_t kCallBytes = 64 * 1024;
// A round is much more than what the mechanism holds, so that what is written has also been read.
constexpr std::size_t kRoundBytes = 16 * 1024 * 1024;

std::vector<double> through(const Probing& probing, const std::string& mechanism) {
  const StreamEnds ends = open_stream(mechanism);
  const std::vector<std::byte> from(kCallBytes, std::byte{1});
  std::vector<std::byte> into(kCallBytes);
  Partner reader(*probing.other_cpu(), [&] {
    for (;;) {
      if (read(ends.in.number(), into.data(), into.size()) < 0) throw_system("read from a stream");
    }
  });
  const auto round = [&] {
    return static_cast<double>(elapsed_ns(1, [&] {
      for (std::size_t bytes = 0; bytes < kRoundBytes;) {
        const ssize_t done = write(ends.out.number(), from.data(), from.size());
        if (done < 0) throw_system("write to a stream");
        bytes += static_cast<std::size_t>(done);
      }
    }));
  };
  return as_bytes_per_s(rounds_of(4 * probing.span_ns(), round), kRoundBytes);
}

void run(const Probing& probing) {
  for (const char* const mechanism : {"tcp", "unix-stream", "pipe"}) {
    probing.attempt({{"mechanism", mechanism}}, ProbeUnit::bytes_per_s, [&] {
      if (!probing.other_cpu()) throw Unavailable(kOneCpu, "");
      return through(probing, mechanism);
    });
  }
}

}  // namespace

extern const Probe stream_probe;
const Probe stream_probe{"stream", false, run};

}  // namespace queuemark
