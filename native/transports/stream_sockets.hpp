// What TCP and Unix stream sockets have in common: a connection a consumer, made before the workers are
// forked, framed by lengths, ended by the producer's shutdown (send(2), recv(2), shutdown(2)).
#pragma once

#include "engine/sequence.hpp"
#include "transports/gathered.hpp"
#include "transports/sockets.hpp"

namespace queuemark {

constexpr std::uint64_t kStreamMessageHigh = 16 * 1024 * 1024;

inline std::vector<Param> stream_socket_params() {
  std::vector<Param> params = socket_params();
  params.push_back(
      Param::bytes("read_bytes", 256 * 1024, 1, 64 * 1024 * 1024, "most that one receive call takes"));
  return params;
}

class StreamProducer : public SocketProducer {
 public:
  using SocketProducer::SocketProducer;
  void send(unsigned stream, const std::byte* from, std::size_t count) {
    const int socket = ends_[stream].number();
    while (count) {
      const std::size_t done =
          insist([&] { return ::send(socket, from, count, flags_); }, calls, kSending, patience_[stream]);
      bytes += done;
      from += done;
      count -= done;
    }
  }
  std::size_t send_many(unsigned stream, std::span<const iovec> messages) {
    const int socket = ends_[stream].number();
    msghdr header{};
    header.msg_iov = const_cast<iovec*>(messages.data());
    header.msg_iovlen = messages.size();
    const std::size_t done =
        insist([&] { return sendmsg(socket, &header, flags_); }, calls, kSending, patience_[stream]);
    bytes += done;
    return whole_messages(messages, done,
                          [&](const std::byte* rest, std::size_t count) { send(stream, rest, count); });
  }
  std::size_t receive(unsigned stream, std::byte* into, std::size_t capacity) {
    return receive_reply(stream, into, capacity, 0);
  }
  void finish() {
    for (const Descriptor& end : ends_) {
      if (shutdown(end.number(), SHUT_WR) != 0) throw_system("shut a consumer's socket down for writing");
    }
  }
};

// The channel of both kinds of socket, once its connections are made.
class StreamSockets {
 public:
  static constexpr Framing framing = Framing::length;
  static constexpr Dispatch dispatch = Dispatch::deal;
  using Producer = StreamProducer;
  using Consumer = SocketConsumer;

  StreamSockets(const Options& options, const Params& params)
      : wait_(options.wait),
        read_bytes_(static_cast<std::size_t>(params.number("read_bytes"))),
        deal_items_(static_cast<std::uint64_t>(params.number("deal_items"))) {}

  Producer open_producer() { return {connections_, wait_}; }
  Consumer open_consumer(unsigned index) { return {connections_, index, wait_}; }
  void leave() { connections_.clear(); }
  std::size_t read_bytes() const { return read_bytes_; }
  std::uint64_t deal_items() const { return deal_items_; }

  Granted granted() const {
    const Connection& first = connections_.front();
    return {{"deal_items", static_cast<std::int64_t>(deal_items_)},
            {"read_bytes", static_cast<std::int64_t>(read_bytes_)},
            {"send_buffer_bytes", granted_option(first.producer.number(), SOL_SOCKET, SO_SNDBUF)},
            {"receive_buffer_bytes", granted_option(first.consumer.number(), SOL_SOCKET, SO_RCVBUF)}};
  }

 protected:
  std::vector<Connection> connections_;
  Wait wait_;

 private:
  std::size_t read_bytes_;
  std::uint64_t deal_items_;
};

inline Facts stream_socket_facts() {
  Facts facts;
  facts.dispatches = {"deal"};
  facts.cost.gathers = true;
  facts.cost.holds = "send_buffer_bytes";
  facts.cost.frame_bytes = kLengthBytes;
  facts.patterns = {"share", "fanout", "pingpong"};
  facts.policies = {"each", "split", "buffer", "vector"};
  facts.max_size_bytes = kStreamMessageHigh;
  return facts;
}

}  // namespace queuemark
