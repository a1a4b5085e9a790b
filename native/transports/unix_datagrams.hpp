// What Unix datagrams and sequenced packets have in common: a connected pair a consumer, without a name in
// any file system, and messages as large as the send buffer lets them be (unix(7)).
#pragma once

#include "engine/error.hpp"
#include "transports/datagram_sockets.hpp"

namespace queuemark {

// net/unix/af_unix.c, unix_dgram_sendmsg: a message that needs more than the send buffer less this is refused
// (EMSGSIZE).
constexpr std::int64_t kUnixOverhead = 32;

inline Connection unix_pair(int type) {
  int ends[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) return {};
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

inline std::uint64_t largest_message_bytes(const Connection& pair) {
  return static_cast<std::uint64_t>(granted_option(pair.producer.number(), SOL_SOCKET, SO_SNDBUF) -
                                    kUnixOverhead);
}

inline Description describe_unix_datagrams(int type, const char* name, const char* summary) {
  Description description{name, summary, {}, socket_params(), {}, {}};
  description.facts.boundaries = true;
  description.facts.cost.ways = {{name, {}}};
  description.facts.cost.holds = "send_buffer_bytes";
  description.facts.dispatches = {"deal"};
  description.facts.patterns = {"share", "fanout", "pingpong"};
  description.facts.policies = {"each", "vector"};
  const Connection probe = unix_pair(type);
  if (probe.producer.number() < 0) {
    description.reason = system_said("connect a pair of Unix sockets");
    description.remedy =
        "allow Unix sockets here (CONFIG_UNIX; the container's or service's address families)";
  } else {
    description.facts.max_size_bytes = largest_message_bytes(probe);
  }
  return description;
}

class UnixDatagrams : public DatagramSockets {
 public:
  UnixDatagrams(const Options& options, const Params& params, int type, std::size_t largest)
      : DatagramSockets(options, params) {
    const SocketBuffers buffers(options, params);
    for (unsigned i = 0; i < options.consumers; ++i) {
      Connection pair = unix_pair(type);
      if (pair.producer.number() < 0) throw_system("connect Unix socket pair " + std::to_string(i + 1));
      buffers.set_producer(pair.producer);
      buffers.set_consumer(pair.consumer);
      connections_.push_back(std::move(pair));
    }
    const std::uint64_t high = largest_message_bytes(connections_.front());
    if (largest > high) {
      throw UsageError("with the send buffer that was granted a message has at most " + std::to_string(high) +
                       " bytes, and the largest here has " + std::to_string(largest) +
                       "; take a larger send_buffer_bytes or smaller messages");
    }
  }
};

}  // namespace queuemark
