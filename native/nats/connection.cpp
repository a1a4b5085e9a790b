#include "nats/connection.hpp"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/time.h>
#include <time.h>

#include <cerrno>
#include <memory>

#include "engine/error.hpp"

namespace queuemark::nats_client {
namespace {

constexpr int kPatienceS = 5;  // for an answer
constexpr int kSetUpS = 15;    // for all answers until the traffic begins
constexpr Nanoseconds kLookNs = 1'000'000'000;
constexpr std::size_t kSettingUpBytes = 4 * kLineHighBytes;
constexpr const char* kRunning = "see whether a NATS server runs there";
constexpr const char* kPlainFirst =
    "see whether a NATS server runs there that speaks before TLS begins (without handshake_first)";
constexpr const char* kLogin = "see whether the user and the password, or the token, are right";
constexpr const char* kSending = "send to the server";

// The coarse clock costs less than the fine one; nobody minds some milliseconds here.
Nanoseconds coarse_now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec * Nanoseconds{1'000'000'000} + now.tv_nsec;
}

void set_option(const Descriptor& socket, int level, int option, int value, const char* what) {
  if (setsockopt(socket.number(), level, option, &value, sizeof value) != 0) throw_system(what);
}

// Of the calls that wait while the connection is set up; 0: for ever.
void set_patience(const Descriptor& socket, int seconds) {
  const timeval patience{seconds, 0};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    if (setsockopt(socket.number(), SOL_SOCKET, option, &patience, sizeof patience) != 0) {
      throw_system("set how long a connection to a server may take");
    }
  }
}

// As recv(2), by the other call.
ssize_t receive_message(int socket, std::byte* into, std::size_t capacity) {
  iovec room{into, capacity};
  msghdr header{};
  header.msg_iov = &room;
  header.msg_iovlen = 1;
  return recvmsg(socket, &header, 0);
}

Descriptor connected_to(const addrinfo& found, const ConnectionOptions& options) {
  Descriptor made(socket(found.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (made.number() < 0) throw_system("open a TCP socket");
  // Before the handshake, which settles the window's scale (tcp(7)).
  const auto sized = [&](int level, int option, std::int64_t bytes, const char* what) {
    if (bytes) set_option(made, level, option, static_cast<int>(bytes), what);
  };
  sized(SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes, "set SO_SNDBUF");
  sized(SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes, "set SO_RCVBUF");
  sized(IPPROTO_TCP, TCP_NOTSENT_LOWAT, options.unsent_bytes, "set TCP_NOTSENT_LOWAT");
  set_option(made, IPPROTO_TCP, TCP_NODELAY, options.nodelay, "set TCP_NODELAY");
  set_patience(made, kPatienceS);
  if (connect(made.number(), found.ai_addr, found.ai_addrlen) == 0) return made;
  // A connect that was given up for its time says that it is still in progress (socket(7)).
  if (errno == EINPROGRESS) errno = ETIMEDOUT;
  return {};
}

Descriptor connected_to(const Address& address, const ConnectionOptions& options) {
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  const int failure = getaddrinfo(address.host.c_str(), address.port.c_str(), &wanted, &found);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> held(found, freeaddrinfo);
  if (failure) {
    throw Unavailable("find the NATS server " + address.place() + ": " + gai_strerror(failure), kRunning);
  }
  int error = 0;
  for (const addrinfo* each = found; each; each = each->ai_next) {
    Descriptor made = connected_to(*each, options);
    if (made.number() >= 0) return made;
    error = errno;
  }
  throw Unavailable(system_said("connect to the NATS server " + address.place(), error), kRunning);
}

}  // namespace

Connection::Connection(const Address& address, const ConnectionOptions& options)
    : socket_(connected_to(address, options)),
      reader_(kLineHighBytes),
      buffer_(kSettingUpBytes),
      read_bytes_(kLineHighBytes) {
  const std::string trying = "log in to the NATS server " + address.place() + ": ";
  try {
    log_in(address, options);
  } catch (const Unavailable& refusal) {
    throw Unavailable(trying + refusal.what(), refusal.remedy);
  } catch (const std::exception& error) {
    throw Unavailable(trying + error.what(), informed_ ? kLogin : options.trust ? kPlainFirst : kRunning);
  }
}

// A server speaks first. Whether it lets the client in shows only when it is asked for something.
void Connection::log_in(const Address& address, const ConnectionOptions& options) {
  set_up_by_ns_ = coarse_now_ns() + kSetUpS * Nanoseconds{1'000'000'000};
  Incoming found;
  while (!informed_) {
    receive(0, {});
    if (next(found)) throw ProtocolError("it sent a message to a client that has no subscription");
  }
  if (options.trust) {
    encrypt(*options.trust, address.host);
  } else if (info_.tls_required) {
    throw Unavailable("it takes TLS connections alone", "take tls=on, or name one that takes plain ones");
  }
  if (info_.login_required && address.user.empty() && address.token.empty()) {
    throw Unavailable("it asks for a login",
                      "write nats://USER:PASSWORD@HOST:PORT or nats://TOKEN@HOST:PORT");
  }
  say(connect_line(address, info_, options.verbose, options.trust != nullptr));
  fence(0, {});
}

// A server says first, in plain words, whether it takes TLS. What else came in plain words might be
// anybody's.
void Connection::encrypt(const Trust& trust, const std::string& host) {
  if (!info_.tls_required && !info_.tls_available)
    throw Unavailable("it has no TLS", "take tls=off, or name one that has");
  if (info_.tls_verify) {
    throw Unavailable("it asks its clients for a certificate, and this one has none",
                      "name one that takes a user and a password, or a token");
  }
  if (begin_ != end_ || pings_) throw ProtocolError("it went on to speak where TLS was to begin");
  tls_ = trust.session_with(host);
  received_.resize(read_bytes_);
  try {
    while (!tls_->shake_hands()) {
      say_encrypted();
      receive(0, {});
    }
  } catch (const SystemError& error) {
    throw Unavailable(std::string("begin TLS: ") + error.what(), "see what the server's log says");
  }
  say_encrypted();
  end_ += tls_->decrypt({}, room());
}

void Connection::begin_traffic(std::size_t read_bytes, std::size_t payload_bytes) {
  set_patience(socket_, 0);
  setting_up_ = false;
  compact();
  reader_ = Reader(payload_bytes);
  read_bytes_ = read_bytes;
  buffer_.resize(std::max(buffer_.size(), read_bytes + kLineHighBytes + payload_bytes + kLineEnd.size()));
  if (!tls_) return;
  received_.resize(read_bytes);
  buffer_.resize(buffer_.size() + kRecordHighBytes);
}

void Connection::heed(const Incoming& found) {
  switch (found.operation) {
    case Operation::info:
      info_ = ServerInfo::read(found.text);
      informed_ = true;
      return;
    case Operation::ping:
      ++pings_;
      return;
    case Operation::pong:
      ++pongs_;
      return;
    case Operation::ok:
      ++confirmed_;
      return;
    case Operation::error:
      throw SystemError("the server says: " + std::string(found.text));
    case Operation::message:
      return;
  }
}

// What is said amid a message would be taken for a part of it.
void Connection::answer_pings() {
  if (amid_) return;
  for (; pings_; --pings_) say("PONG");
}

void Connection::compact() {
  if (!begin_) return;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
}

// A connection that was reset is one that was closed. While it is set up, the end of the patience is told in
// the words of who does not wait (socket(7), SO_RCVTIMEO).
ssize_t Connection::receive_once(int flags) {
  // Who talks without end and never answers is waited for no longer than who is silent.
  if (setting_up_ && coarse_now_ns() >= set_up_by_ns_) {
    errno = ETIMEDOUT;
    return -1;
  }
  std::byte* const into = tls_ ? received_.data() : buffer_.data() + end_;
  const ssize_t received = setting_up_ ? receive_message(socket_.number(), into, read_bytes_)
                                       : recv(socket_.number(), into, read_bytes_, flags);
  if (received >= 0) return received;
  if (errno == ECONNRESET) return 0;
  if (errno == EAGAIN && setting_up_) errno = ETIMEDOUT;
  return received;
}

void Connection::took(std::size_t received) {
  if (!received) {
    throw SystemError(
        "the server closed the connection without a word, as it does with a consumer that is too slow (more "
        "waits for it than the server holds, 64 MiB unless it is told otherwise), or when it ends");
  }
  end_ += tls_ ? tls_->decrypt({received_.data(), received}, room()) : received;
}

void Connection::receive(int flags, const Patience& patience) {
  answer_pings();
  compact();
  took(insist([&] { return receive_once(flags); }, calls, "receive from the server", patience));
}

void Connection::look() {
  compact();
  ++calls;
  const ssize_t received = receive_once(MSG_DONTWAIT);
  if (received >= 0) return took(static_cast<std::size_t>(received));
  if (errno != EAGAIN && errno != EINTR) throw_system("receive from the server");
}

bool Connection::is_time_to_look() {
  const Nanoseconds now = coarse_now_ns();
  if (now < look_ns_) [[likely]]
    return false;
  look_ns_ = now + kLookNs;
  return true;
}

void Connection::send(const std::byte* from, std::size_t count, int flags, const Patience& patience) {
  while (count) {
    const std::size_t done = insist([&] { return send_once(from, count, flags); }, calls, kSending, patience);
    from += done;
    count -= done;
  }
}

void Connection::wait_either_way() {
  pollfd either{socket_.number(), POLLIN | POLLOUT, 0};
  ++calls;
  if (poll(&either, 1, -1) < 0 && errno != EINTR) throw_system("wait for the server");
}

std::size_t Connection::offer(const std::byte* from, std::size_t count) {
  const std::size_t taken = attempt([&] { return send_once(from, count, MSG_DONTWAIT); }, calls, kSending);
  amid_ = taken < count;
  return taken;
}

// Why a server takes nothing more stands in what it sent last.
ssize_t Connection::send_once(const std::byte* from, std::size_t count, int flags) {
  const ssize_t sent =
      tls_ ? send_encrypted(from, count, flags) : ::send(socket_.number(), from, count, flags | MSG_NOSIGNAL);
  if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
    const int error = errno;
    look();
    heed_all();
    errno = error;
  }
  return sent;
}

// What was encrypted cannot be taken back: who is told to come back comes with the same bytes. A call that
// took a part of it is to be made again, and counted again.
ssize_t Connection::send_encrypted(const std::byte* from, std::size_t count, int flags) {
  if (!encrypted_bytes_) {
    encrypted_bytes_ = std::min(count, kEncryptedAtOnceBytes);
    tls_->encrypt({from, encrypted_bytes_});
  }
  if (const auto rest = tls_->to_send(); !rest.empty()) {
    const ssize_t sent = ::send(socket_.number(), rest.data(), rest.size(), flags | MSG_NOSIGNAL);
    if (sent < 0) return sent;
    tls_->sent(static_cast<std::size_t>(sent));
  }
  if (!tls_->to_send().empty()) {
    errno = EINTR;
    return -1;
  }
  return static_cast<ssize_t>(std::exchange(encrypted_bytes_, 0));
}

void Connection::say_encrypted() {
  const auto all = tls_->to_send();
  tell(all);
  tls_->sent(all.size());
}

void Connection::say(std::string_view line) {
  std::string text(line);
  text += kLineEnd;
  const auto bytes = std::as_bytes(std::span(text));
  if (!tls_) return tell(bytes);
  tls_->encrypt(bytes);
  say_encrypted();
}

void Connection::tell(std::span<const std::byte> bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    iovec rest{const_cast<std::byte*>(bytes.data()) + done, bytes.size() - done};
    msghdr header{};
    header.msg_iov = &rest;
    header.msg_iovlen = 1;
    done += insist([&] { return sendmsg(socket_.number(), &header, MSG_NOSIGNAL); }, calls, kSending);
  }
}

}  // namespace queuemark::nats_client
