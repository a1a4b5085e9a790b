// What all sockets have in common: a pair of ends a consumer, and buffers that are asked for and granted
// (socket(7)).
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/descriptor.hpp"
#include "engine/options.hpp"

namespace queuemark {

constexpr std::int64_t kSocketBufferHigh = 1 << 30;

inline std::vector<Param> socket_params() {
  return {
      Param::items("deal_items", 1000, 1, 1'000'000'000,
                   "messages that one consumer gets before the next one's turn"),
      Param::bytes("send_buffer_bytes", 0, 0, kSocketBufferHigh,
                   "SO_SNDBUF of the producer; 0: as the system has it"),
      Param::bytes("receive_buffer_bytes", 0, 0, kSocketBufferHigh,
                   "SO_RCVBUF of the consumers; 0: as the system has it"),
  };
}

inline void set_buffer(int socket, int option, const char* name, std::int64_t bytes) {
  if (!bytes) return;
  const int value = static_cast<int>(bytes);
  if (setsockopt(socket, SOL_SOCKET, option, &value, sizeof value) != 0) {
    throw_system(std::string("set ") + name + " to " + std::to_string(bytes) + " bytes");
  }
}

inline std::int64_t granted_option(int socket, int level, int option) {
  int value = 0;
  socklen_t length = sizeof value;
  if (getsockopt(socket, level, option, &value, &length) != 0) throw_system("read back a socket option");
  return value;
}

struct Connection {
  Descriptor producer;
  Descriptor consumer;
};

// The buffers that are asked for: the producer's to send and the consumers' to receive. Where requests are
// replied to, over the same connection, both ends do both.
class SocketBuffers {
 public:
  SocketBuffers(const Options& options, const Params& params)
      : both_ways_(options.pingpong()),
        send_bytes_(params.number("send_buffer_bytes")),
        receive_bytes_(params.number("receive_buffer_bytes")) {}

  void set_producer(const Descriptor& socket) const { set(socket, true, both_ways_); }
  void set_consumer(const Descriptor& socket) const { set(socket, both_ways_, true); }

 private:
  void set(const Descriptor& socket, bool sends, bool receives) const {
    if (sends) set_buffer(socket.number(), SO_SNDBUF, "SO_SNDBUF", send_bytes_);
    if (receives) set_buffer(socket.number(), SO_RCVBUF, "SO_RCVBUF", receive_bytes_);
  }
  bool both_ways_;
  std::int64_t send_bytes_;
  std::int64_t receive_bytes_;
};

// Who spins asks again; who blocks waits in the call.
inline int waiting_flag(Wait wait) { return wait == Wait::block ? 0 : MSG_DONTWAIT; }

// The producer's ends of all connections, and how it waits for each.
class SocketProducer {
 public:
  SocketProducer(std::vector<Connection>& connections, Wait wait) : wait_(wait), flags_(waiting_flag(wait)) {
    for (Connection& connection : connections) {
      patience_.emplace_back(wait, connection.producer.number(), POLLOUT);
      ends_.push_back(std::move(connection.producer));
      connection.consumer.reset();
    }
  }
  bool reply_comes_by(unsigned stream, bool sleeps, Nanoseconds moment) {
    return brings_by(ends_[stream].number(), sleeps, moment, calls);
  }
  std::uint64_t calls = 0, bytes = 0;

 protected:
  static constexpr const char* kSending = "send to a consumer's socket";

  // A reply, or what has come of it. flags: of recv(2).
  std::size_t receive_reply(unsigned stream, std::byte* into, std::size_t capacity, int flags) {
    const int socket = ends_[stream].number();
    return insist([&] { return recv(socket, into, capacity, flags_ | flags); }, calls,
                  "receive a reply from a consumer's socket", Patience(wait_, socket, POLLIN));
  }

  Wait wait_;
  std::vector<Descriptor> ends_;
  std::vector<Patience> patience_;
  int flags_;
};

// A consumer's end of its connection. flags: of recv(2).
class SocketConsumer {
 public:
  SocketConsumer(std::vector<Connection>& connections, unsigned index, Wait wait, int flags = 0)
      : end_(std::move(connections[index].consumer)),
        wait_(wait),
        patience_(wait, end_.number(), POLLIN),
        flags_(flags | waiting_flag(wait)) {
    connections.clear();
  }
  std::size_t receive(std::byte* into, std::size_t capacity) {
    return insist([&] { return recv(end_.number(), into, capacity, flags_); }, calls, kReceiving, patience_);
  }
  // Replies: see engine/pingpong.hpp.
  std::size_t offer(const std::byte* from, std::size_t count) {
    return attempt([&] { return ::send(end_.number(), from, count, MSG_DONTWAIT); }, calls,
                   "send a reply to the producer's socket");
  }
  bool request_before_room() { return brings_something(end_.number(), end_.number(), wait_, calls); }
  std::uint64_t calls = 0;

 protected:
  static constexpr const char* kReceiving = "receive from the producer's socket";

  Descriptor end_;
  Wait wait_;
  Patience patience_;
  int flags_;
};

}  // namespace queuemark
