// UDP, over the loopback interface where nothing else is asked for: a pair of sockets a consumer, connected
// to each other (udp(7)).
//
// A sender is never made to wait for the receiver: what does not fit into the receiver's buffer is dropped by
// the kernel, without a word to either side. What was lost is known by the numbers in the messages and by the
// producer's final count.

#include "engine/mark.hpp"
#include "engine/trial.hpp"
#include "transports/datagram_sockets.hpp"
#include "transports/inet_ends.hpp"
#include "transports/loopback.hpp"

namespace queuemark {
namespace {

// 65535 bytes of an IP packet less its header of 20 and UDP's of 8.
constexpr std::uint64_t kUdpHigh = 65507;

Descriptor bound_socket(const sockaddr_in& address) {
  Descriptor made(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (made.number() < 0) return made;
  if (bind(made.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return made;
}

Description describe() {
  Description description{"udp", "UDP over loopback, a connected pair of sockets a consumer", {}, {}, {}, {}};
  Facts& facts = description.facts;
  facts.lossless = false;
  facts.ordered = false;  // it happens to be on this host, and nobody promises it
  facts.boundaries = true;
  facts.dispatches = {"deal"};
  facts.patterns = {"share", "fanout", "pingpong"};
  facts.policies = {"each", "vector"};
  facts.max_size_bytes = kUdpHigh;
  facts.crosses_hosts = true;
  facts.cost.ways = {{"udp", {}}};
  facts.cost.holds = "receive_buffer_bytes";
  description.params = socket_params();
  if (bound_socket(loopback()).number() < 0) {
    description.reason = system_said("bind a UDP socket to 127.0.0.1");
    description.remedy = "bring the loopback interface up: ip link set lo up";
  }
  return description;
}

void connect_to(const Descriptor& from, const Descriptor& to) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  if (getsockname(to.number(), reinterpret_cast<sockaddr*>(&address), &length) != 0 ||
      connect(from.number(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    throw_system("connect a pair of UDP sockets");
  }
}

class UdpProducer : public DatagramProducer {
 public:
  using DatagramProducer::DatagramProducer;
  // A consumer that has its end and is gone refuses the repetition; one that was killed is its parent's
  // affair.
  // By another call than messages are sent by, so that whoever traces them can tell which is which.
  void mark(unsigned stream, const std::byte* from, std::size_t count) {
    iovec bytes_of{const_cast<std::byte*>(from), count};
    msghdr header{};
    header.msg_iov = &bytes_of;
    header.msg_iovlen = 1;
    ++calls;
    if (sendmsg(ends_[stream].number(), &header, MSG_DONTWAIT) >= 0) return;
    if (errno != ECONNREFUSED && errno != EAGAIN && errno != EINTR) throw_system("send a mark to a consumer");
  }
};

// Its stream has no end of its own: the end is a mark.
class UdpConsumer : public SocketConsumer {
 public:
  static constexpr bool marked = true;
  using SocketConsumer::SocketConsumer;
};
class UdpBatchConsumer : public DatagramBatchConsumer {
 public:
  static constexpr bool marked = true;
  using DatagramBatchConsumer::DatagramBatchConsumer;
};

class Udp : public DatagramSockets {
 public:
  using Consumer = UdpConsumer;
  using BatchConsumer = UdpBatchConsumer;

  Udp(const Options& options, std::size_t largest)
      : Udp(options, Params(describe(), options.params), largest) {}
  UdpProducer open_producer() { return {connections_, wait_}; }
  Consumer open_consumer(unsigned index) { return {connections_, index, wait_, MSG_TRUNC}; }
  BatchConsumer open_batch_consumer(unsigned index, std::size_t items, std::size_t bytes) {
    return {connections_, index, wait_, items, std::max(bytes, Marks::kLargestBytes)};
  }

 private:
  Udp(const Options& options, const Params& params, std::size_t largest) : DatagramSockets(options, params) {
    if (largest > kUdpHigh) {
      throw UsageError("a UDP datagram holds at most " + std::to_string(kUdpHigh) +
                       " bytes, and a message has " + std::to_string(largest));
    }
    const InetEnds ends(options);
    const SocketBuffers buffers(options, params);
    for (unsigned i = 0; i < options.consumers; ++i) connections_.push_back(connect_one(ends, buffers));
  }

  static Connection connect_one(const InetEnds& ends, const SocketBuffers& buffers) {
    Connection pair{bound_socket(ends.producer()), {}};
    if (pair.producer.number() < 0) throw_system("bind a producer's UDP socket");
    pair.consumer = ends.at_consumer([&] { return bound_socket(ends.consumer()); });
    if (pair.consumer.number() < 0) throw_system("bind a consumer's UDP socket");
    buffers.set_producer(pair.producer);
    buffers.set_consumer(pair.consumer);
    connect_to(pair.consumer, pair.producer);
    connect_to(pair.producer, pair.consumer);
    return pair;
  }
};

}  // namespace

extern const Entry udp;
const Entry udp{describe, run_trial<Udp>};

}  // namespace queuemark
