// What sockets that keep messages apart have in common: a pair of ends a consumer, made before the workers
// are forked, and a message a call (send(2), recv(2)).
#pragma once

#include "engine/sequence.hpp"
#include "transports/sockets.hpp"

namespace queuemark {

// A datagram is taken whole or refused; a send that says otherwise is no send.
inline void require_whole(std::size_t sent, std::size_t asked) {
  if (sent == asked) [[likely]]
    return;
  throw SystemError("send a datagram of " + std::to_string(asked) + " bytes: the system took " +
                    std::to_string(sent));
}

class DatagramProducer {
 public:
  DatagramProducer(std::vector<Connection>& connections, bool spins) : flags_(waiting_flag(spins)) {
    for (Connection& connection : connections) {
      ends_.push_back(std::move(connection.producer));
      connection.consumer.reset();
    }
  }
  void send(unsigned stream, const std::byte* from, std::size_t count) {
    const int socket = ends_[stream].number();
    require_whole(
        insist([&] { return ::send(socket, from, count, flags_); }, calls, "send to a consumer's socket"),
        count);
    bytes += count;
  }
  std::uint64_t calls = 0, bytes = 0;

 protected:
  std::vector<Descriptor> ends_;
  int flags_;
};

// The channel of every such socket, once its connections are made.
class DatagramSockets {
 public:
  static constexpr Framing framing = Framing::boundary;
  using Consumer = SocketConsumer;

  DatagramSockets(const Options& options, const Params& params)
      : spins_(options.spins()), deal_items_(static_cast<std::uint64_t>(params.number("deal_items"))) {}

  // MSG_TRUNC: the length that a datagram had, not what of it fitted; one that is too long is not what was
  // sent.
  Consumer open_consumer(unsigned index) { return {connections_, index, MSG_TRUNC | waiting_flag(spins_)}; }
  void leave() { connections_.clear(); }
  std::size_t read_bytes() const { return 0; }
  std::uint64_t deal_items() const { return deal_items_; }

  Granted granted() const {
    const Connection& first = connections_.front();
    return {{"deal_items", static_cast<std::int64_t>(deal_items_)},
            {"send_buffer_bytes", granted_option(first.producer.number(), SOL_SOCKET, SO_SNDBUF)},
            {"receive_buffer_bytes", granted_option(first.consumer.number(), SOL_SOCKET, SO_RCVBUF)}};
  }

 protected:
  std::vector<Connection> connections_;
  bool spins_;

 private:
  std::uint64_t deal_items_;
};

}  // namespace queuemark
