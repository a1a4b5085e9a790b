// TCP, over the loopback interface where nothing else is asked for: one connection a consumer (tcp(7)).

#include <netinet/tcp.h>

#include "engine/trial.hpp"
#include "transports/inet_ends.hpp"
#include "transports/loopback.hpp"
#include "transports/stream_sockets.hpp"

namespace queuemark {
namespace {

Descriptor tcp_socket() {
  Descriptor made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (made.number() < 0) throw_system("open a TCP socket");
  return made;
}

// Why a TCP socket cannot be bound to loopback here, or nothing.
std::string refusal() {
  const Descriptor probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (probe.number() < 0) return system_said("open a TCP socket");
  const sockaddr_in address = loopback();
  if (bind(probe.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return system_said("bind a TCP socket to 127.0.0.1");
  }
  return {};
}

Description describe() {
  Description description{"tcp",
                          "TCP over loopback, one connection a consumer",
                          stream_socket_facts(),
                          stream_socket_params(),
                          {},
                          {}};
  description.facts.crosses_hosts = true;
  description.facts.cost.ways = {{"tcp-nodelay", {{"nodelay", std::int64_t{1}}}}, {"tcp", {}}};
  description.params.push_back(Param::flag(
      "nodelay", false,
      "TCP_NODELAY: 0 lets small writes wait for each other (Nagle, RFC 896), 1 sends each at once"));
  description.reason = refusal();
  if (!description.reason.empty()) description.remedy = "bring the loopback interface up: ip link set lo up";
  return description;
}

void set_nodelay(const Descriptor& socket, bool on) {
  const int value = on ? 1 : 0;
  if (setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &value, sizeof value) != 0) {
    throw_system("set TCP_NODELAY");
  }
}

// Nagle's algorithm holds a small last segment back until everything before it is acknowledged, and the
// other side delays that by up to 40 ms. Setting TCP_NODELAY sends it at once (tcp(7)); it is taken back
// after.
class TcpProducer : public StreamProducer {
 public:
  TcpProducer(std::vector<Connection>& connections, Wait wait, bool nodelay)
      : StreamProducer(connections, wait), nodelay_(nodelay) {}
  void push() {
    if (nodelay_) return;
    for (const Descriptor& end : ends_) {
      set_nodelay(end, true);
      set_nodelay(end, false);
    }
  }

 private:
  bool nodelay_;
};

class Tcp : public StreamSockets {
 public:
  Tcp(const Options& options, std::size_t) : Tcp(options, Params(describe(), options.params)) {}

  TcpProducer open_producer() { return {connections_, wait_, nodelay_}; }
  Granted granted() const {
    Granted granted = StreamSockets::granted();
    const int producer = connections_.front().producer.number();
    granted["nodelay"] =
        granted_option(producer, IPPROTO_TCP, TCP_NODELAY) != 0 ? std::int64_t{1} : std::int64_t{0};
    granted["segment_bytes"] = granted_option(producer, IPPROTO_TCP, TCP_MAXSEG);
    return granted;
  }

 private:
  Tcp(const Options& options, const Params& params)
      : StreamSockets(options, params), nodelay_(params.number("nodelay")) {
    // Buffers are set before the handshake, which settles the window's scale (tcp(7)).
    const Descriptor listener = tcp_socket();
    const SocketBuffers buffers(options, params);
    buffers.set_producer(listener);
    const InetEnds ends(options);
    sockaddr_in address = ends.producer();
    socklen_t length = sizeof address;
    if (bind(listener.number(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        listen(listener.number(), 1) != 0 ||
        getsockname(listener.number(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
      throw_system("listen on a free port of " + options.producer_address);
    }
    for (unsigned i = 0; i < options.consumers; ++i) {
      connections_.push_back(connect_one(listener, address, ends, buffers));
      for (const Descriptor* end : {&connections_.back().producer, &connections_.back().consumer}) {
        set_nodelay(*end, nodelay_);
      }
    }
  }

  static Connection connect_one(const Descriptor& listener, const sockaddr_in& address, const InetEnds& ends,
                                const SocketBuffers& buffers) {
    Connection connection{{}, ends.at_consumer(tcp_socket)};
    buffers.set_consumer(connection.consumer);
    const int consumer = connection.consumer.number();
    const sockaddr_in& from = ends.consumer();
    if (bind(consumer, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
        connect(consumer, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw_system("connect a consumer to the producer");
    }
    connection.producer = Descriptor(accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.producer.number() < 0) throw_system("accept a consumer's connection");
    return connection;
  }

  bool nodelay_;
};

}  // namespace

extern const Entry tcp;
const Entry tcp{describe, run_trial<Tcp>};

}  // namespace queuemark
