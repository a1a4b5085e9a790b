// What sockets that keep messages apart have in common: a pair of ends a consumer, made before the workers
// are forked, and a message a call (send(2), recv(2)) or many (sendmmsg(2), recvmmsg(2)).
#pragma once

#include <sys/uio.h>

#include <span>

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

class DatagramProducer : public SocketProducer {
 public:
  using SocketProducer::SocketProducer;
  void send(unsigned stream, const std::byte* from, std::size_t count) {
    const int socket = ends_[stream].number();
    require_whole(
        insist([&] { return ::send(socket, from, count, flags_); }, calls, kSending, patience_[stream]),
        count);
    bytes += count;
  }
  // sendmmsg(2) takes as many as there is room for, and at least one.
  std::size_t send_many(unsigned stream, std::span<const iovec> messages) {
    const int socket = ends_[stream].number();
    if (headers_.size() < messages.size()) headers_.resize(messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
      headers_[i].msg_hdr.msg_iov = const_cast<iovec*>(&messages[i]);
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
    const std::size_t taken = insist(
        [&] { return sendmmsg(socket, headers_.data(), static_cast<unsigned>(messages.size()), flags_); },
        calls, kSending, patience_[stream]);
    for (std::size_t i = 0; i < taken; ++i) {
      require_whole(headers_[i].msg_len, messages[i].iov_len);
      bytes += messages[i].iov_len;
    }
    return taken;
  }
  std::size_t receive(unsigned stream, std::byte* into, std::size_t capacity) {
    return receive_reply(stream, into, capacity, MSG_TRUNC);
  }

 private:
  std::vector<mmsghdr> headers_;
};

// Takes what has come, up to so many datagrams a call (recvmmsg(2)).
class DatagramBatchConsumer : public SocketConsumer {
 public:
  // bytes: of the largest datagram.
  DatagramBatchConsumer(std::vector<Connection>& connections, unsigned index, Wait wait, std::size_t items,
                        std::size_t bytes)
      // Who blocks, waits for the first datagram alone.
      : SocketConsumer(connections, index, wait, MSG_TRUNC | (wait == Wait::block ? MSG_WAITFORONE : 0)),
        memory_(items * bytes),
        elements_(items),
        headers_(items) {
    for (std::size_t i = 0; i < items; ++i) {
      elements_[i] = {memory_.data() + i * bytes, bytes};
      headers_[i].msg_hdr.msg_iov = &elements_[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  std::size_t receive_many() {
    return insist(
        [&] {
          return recvmmsg(end_.number(), headers_.data(), static_cast<unsigned>(headers_.size()), flags_,
                          nullptr);
        },
        calls, kReceiving, patience_);
  }
  // As long as the datagram was, which may be more than came: one that is too long is not what was sent.
  std::span<const std::byte> message(std::size_t index) const {
    return {static_cast<const std::byte*>(elements_[index].iov_base), headers_[index].msg_len};
  }

 private:
  std::vector<std::byte> memory_;
  std::vector<iovec> elements_;
  std::vector<mmsghdr> headers_;
};

// The channel of every such socket, once its connections are made.
class DatagramSockets {
 public:
  static constexpr Framing framing = Framing::boundary;
  static constexpr Dispatch dispatch = Dispatch::deal;
  using Consumer = SocketConsumer;
  using BatchConsumer = DatagramBatchConsumer;

  DatagramSockets(const Options& options, const Params& params)
      : wait_(options.wait), deal_items_(static_cast<std::uint64_t>(params.number("deal_items"))) {}

  // MSG_TRUNC: the length that a datagram had, not what of it fitted; one that is too long is not what was
  // sent.
  Consumer open_consumer(unsigned index) { return {connections_, index, wait_, MSG_TRUNC}; }
  BatchConsumer open_batch_consumer(unsigned index, std::size_t items, std::size_t bytes) {
    return {connections_, index, wait_, items, bytes};
  }
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
  Wait wait_;

 private:
  std::uint64_t deal_items_;
};

}  // namespace queuemark
