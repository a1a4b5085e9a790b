#include "probes/channels.hpp"

#include <mqueue.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "transports/loopback.hpp"

namespace queuemark {
namespace {

// A softirq may bring a segment a little later than the call that sent it returns.
constexpr Nanoseconds kPatienceNs = 100'000'000;

template <class Call>
std::size_t soon(Call&& call, const char* what_was_tried) {
  Nanoseconds end_ns = 0;
  for (;;) {
    const ssize_t result = call();
    if (result >= 0) [[likely]]
      return static_cast<std::size_t>(result);
    if (errno != EAGAIN && errno != EINTR) throw_system(what_was_tried);
    const int error = errno;
    if (!end_ns) end_ns = now_ns() + kPatienceNs;
    errno = error;
    if (now_ns() > end_ns) throw_system(what_was_tried);
  }
}

constexpr const char* kSending = "send a probe's message";
constexpr const char* kReceiving = "receive a probe's message";

std::size_t bytes_of(std::span<const iovec> messages) {
  return messages.empty() ? 0 : messages.size() * messages.front().iov_len;
}

std::span<std::byte> memory_of(const iovec& message) {
  return {static_cast<std::byte*>(message.iov_base), message.iov_len};
}

// All of it, from what may take or give less.
template <class Call>
void wholly(std::byte* at, std::size_t bytes, Call&& call, const char* what_was_tried) {
  while (bytes) {
    const std::size_t done = soon([&] { return call(at, bytes); }, what_was_tried);
    if (!done) throw SystemError(std::string(what_was_tried) + ": it ended early");
    at += done;
    bytes -= done;
  }
}

class StreamSocketChannel : public Channel {
 public:
  explicit StreamSocketChannel(StreamEnds ends) : ends_(std::move(ends)) {}
  void send(std::span<const std::byte> message) override {
    wholly(
        const_cast<std::byte*>(message.data()), message.size(),
        [&](std::byte* at, std::size_t bytes) { return ::send(ends_.out.number(), at, bytes, MSG_DONTWAIT); },
        kSending);
  }
  void send_all(std::span<const iovec> messages) override {
    msghdr header{};
    header.msg_iov = const_cast<iovec*>(messages.data());
    header.msg_iovlen = messages.size();
    const std::size_t done =
        soon([&] { return sendmsg(ends_.out.number(), &header, MSG_DONTWAIT); }, kSending);
    // What is left lies behind it, as all messages do.
    const auto* rest = static_cast<const std::byte*>(messages.front().iov_base) + done;
    if (done < bytes_of(messages)) send({rest, bytes_of(messages) - done});
  }
  void receive(std::span<std::byte> into) override {
    wholly(
        into.data(), into.size(),
        [&](std::byte* at, std::size_t bytes) { return recv(ends_.in.number(), at, bytes, MSG_DONTWAIT); },
        kReceiving);
  }
  void receive_all(std::span<const iovec> into) override {
    receive({static_cast<std::byte*>(into.front().iov_base), bytes_of(into)});
  }

 protected:
  StreamEnds ends_;
};

void set_tcp(const Descriptor& socket, int option, int on, const char* what_was_tried) {
  if (setsockopt(socket.number(), IPPROTO_TCP, option, &on, sizeof on) != 0) throw_system(what_was_tried);
}

void set_nodelay(const Descriptor& socket, int on) { set_tcp(socket, TCP_NODELAY, on, "set TCP_NODELAY"); }

void set_cork(const Descriptor& socket, int on) { set_tcp(socket, TCP_CORK, on, "set TCP_CORK"); }

StreamEnds tcp_ends() {
  const Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  StreamEnds ends{{}, Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
  sockaddr_in address = loopback();
  socklen_t length = sizeof address;
  if (listener.number() < 0 || ends.in.number() < 0 ||
      bind(listener.number(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      listen(listener.number(), 1) != 0 ||
      getsockname(listener.number(), reinterpret_cast<sockaddr*>(&address), &length) != 0 ||
      connect(ends.in.number(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    throw_system("connect to a free port of 127.0.0.1");
  }
  ends.out = Descriptor(accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC));
  if (ends.out.number() < 0) throw_system("accept a connection on 127.0.0.1");
  return ends;
}

// With Nagle's delay a batch waits behind its first message, since nobody acknowledges that before it is
// read.
class TcpChannel : public StreamSocketChannel {
 public:
  explicit TcpChannel(bool nodelay) : StreamSocketChannel(tcp_ends()), nodelay_(nodelay) {
    set_nodelay(ends_.out, nodelay_);
  }
  void hold() override {
    set_cork(ends_.out, 1);
    corked_ = true;
  }
  void push() override {
    if (corked_) set_cork(ends_.out, 0);
    corked_ = false;
    if (nodelay_) return;
    set_nodelay(ends_.out, 1);
    set_nodelay(ends_.out, 0);
  }

 private:
  bool nodelay_;
  bool corked_ = false;
};

StreamEnds unix_ends(int type) {
  int ends[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) throw_system("connect a pair of Unix sockets");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

StreamEnds udp_ends() {
  const auto bound = [] {
    Descriptor made(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback();
    if (made.number() < 0 ||
        bind(made.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw_system("bind a UDP socket to 127.0.0.1");
    }
    return made;
  };
  const auto connect_to = [](const Descriptor& from, const Descriptor& to) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    if (getsockname(to.number(), reinterpret_cast<sockaddr*>(&address), &length) != 0 ||
        connect(from.number(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
      throw_system("connect a pair of UDP sockets on 127.0.0.1");
    }
  };
  StreamEnds ends{bound(), bound()};
  connect_to(ends.in, ends.out);
  connect_to(ends.out, ends.in);
  return ends;
}

class DatagramChannel : public Channel {
 public:
  explicit DatagramChannel(StreamEnds ends) : ends_(std::move(ends)) {}
  void send(std::span<const std::byte> message) override {
    soon([&] { return ::send(ends_.out.number(), message.data(), message.size(), MSG_DONTWAIT); }, kSending);
  }
  void send_all(std::span<const iovec> messages) override {
    many(messages, kSending, [&](mmsghdr* headers, unsigned count) {
      return sendmmsg(ends_.out.number(), headers, count, MSG_DONTWAIT);
    });
  }
  void receive(std::span<std::byte> into) override {
    soon([&] { return recv(ends_.in.number(), into.data(), into.size(), MSG_DONTWAIT); }, kReceiving);
  }
  void receive_all(std::span<const iovec> into) override {
    many(into, kReceiving, [&](mmsghdr* headers, unsigned count) {
      return recvmmsg(ends_.in.number(), headers, count, MSG_DONTWAIT, nullptr);
    });
  }

 private:
  template <class Call>
  void many(std::span<const iovec> messages, const char* what_was_tried, Call&& call) {
    headers_.resize(messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
      headers_[i].msg_hdr.msg_iov = const_cast<iovec*>(&messages[i]);
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
    for (std::size_t done = 0; done < messages.size();) {
      done += soon([&] { return call(&headers_[done], static_cast<unsigned>(messages.size() - done)); },
                   what_was_tried);
    }
  }

  StreamEnds ends_;
  std::vector<mmsghdr> headers_;
};

StreamEnds pipe_ends(int flags) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | flags) != 0) throw_system("make a pipe");
  return {Descriptor(ends[1]), Descriptor(ends[0])};
}

class PipeChannel : public Channel {
 public:
  explicit PipeChannel(int flags) : ends_(pipe_ends(O_NONBLOCK | flags)) {}
  void send(std::span<const std::byte> message) override {
    wholly(
        const_cast<std::byte*>(message.data()), message.size(),
        [&](std::byte* at, std::size_t bytes) { return write(ends_.out.number(), at, bytes); }, kSending);
  }
  void send_all(std::span<const iovec> messages) override {
    const auto count = static_cast<int>(messages.size());
    const std::size_t done =
        soon([&] { return writev(ends_.out.number(), messages.data(), count); }, kSending);
    const auto* rest = static_cast<const std::byte*>(messages.front().iov_base) + done;
    if (done < bytes_of(messages)) send({rest, bytes_of(messages) - done});
  }
  void receive(std::span<std::byte> into) override {
    wholly(
        into.data(), into.size(),
        [&](std::byte* at, std::size_t bytes) { return read(ends_.in.number(), at, bytes); }, kReceiving);
  }
  void receive_all(std::span<const iovec> into) override {
    receive({static_cast<std::byte*>(into.front().iov_base), bytes_of(into)});
  }

 private:
  StreamEnds ends_;
};

// Removed as soon as it is opened; a name that an ended runner left in between is removed by the next one.
Descriptor open_queue(std::size_t message_bytes) {
  mq_attr attributes{};
  attributes.mq_maxmsg = 10;
  attributes.mq_msgsize = static_cast<long>(message_bytes);
  const std::string name = "/queuemark-probe-" + std::to_string(getuid());
  mq_unlink(name.c_str());
  Descriptor queue(
      mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NONBLOCK, 0600, &attributes));
  if (queue.number() < 0) throw_system("open a POSIX message queue");
  mq_unlink(name.c_str());
  return queue;
}

class QueueChannel : public Channel {
 public:
  explicit QueueChannel(std::size_t message_bytes) : queue_(open_queue(message_bytes)) {}
  void send(std::span<const std::byte> message) override {
    const auto* from = reinterpret_cast<const char*>(message.data());
    soon([&] { return mq_send(queue_.number(), from, message.size(), 0); }, kSending);
  }
  void send_all(std::span<const iovec> messages) override {
    for (const iovec& message : messages) send(memory_of(message));
  }
  void receive(std::span<std::byte> into) override {
    auto* at = reinterpret_cast<char*>(into.data());
    soon([&] { return mq_receive(queue_.number(), at, into.size(), nullptr); }, kReceiving);
  }
  void receive_all(std::span<const iovec> into) override {
    for (const iovec& message : into) receive(memory_of(message));
  }

 private:
  Descriptor queue_;
};

using Opened = std::unique_ptr<Channel>;

constexpr ChannelKind kKinds[] = {
    {"tcp", true, true, true, [](std::size_t) -> Opened { return std::make_unique<TcpChannel>(false); }},
    {"tcp-nodelay", true, true, true,
     [](std::size_t) -> Opened { return std::make_unique<TcpChannel>(true); }},
    {"unix-stream", true, true, false,
     [](std::size_t) -> Opened { return std::make_unique<StreamSocketChannel>(unix_ends(SOCK_STREAM)); }},
    {"unix-seqpacket", true, false, false,
     [](std::size_t) -> Opened { return std::make_unique<DatagramChannel>(unix_ends(SOCK_SEQPACKET)); }},
    {"unix-dgram", true, false, false,
     [](std::size_t) -> Opened { return std::make_unique<DatagramChannel>(unix_ends(SOCK_DGRAM)); }},
    {"udp", true, false, false,
     [](std::size_t) -> Opened { return std::make_unique<DatagramChannel>(udp_ends()); }},
    {"pipe", true, true, false, [](std::size_t) -> Opened { return std::make_unique<PipeChannel>(0); }},
    {"pipe-packet", false, false, false,
     [](std::size_t) -> Opened { return std::make_unique<PipeChannel>(O_DIRECT); }},
    {"mq-posix", false, false, false,
     [](std::size_t bytes) -> Opened { return std::make_unique<QueueChannel>(bytes); }},
};

}  // namespace

std::span<const ChannelKind> channel_kinds() { return kKinds; }

StreamEnds open_stream(const std::string& kind) {
  if (kind == "tcp") return tcp_ends();
  if (kind == "unix-stream") return unix_ends(SOCK_STREAM);
  return pipe_ends(0);
}

}  // namespace queuemark
