// One connection to a server: what has come and what was said about it, and writing.
//
// 1. Whoever asks for messages gets messages: a PING is answered, an +OK and a PONG are counted, a newer INFO
//    is kept, and an -ERR, or the end of the connection, is thrown with what the server said.
// 2. What was received lies in one buffer. A message that has not come whole is moved once, to the front.
// 3. Data goes by send(2) and recv(2), what is said besides by sendmsg(2), and until the connection is set up
//    by recvmsg(2), so that whoever traces the calls can tell which is which.
// 4. Where it is encrypted, these calls carry what the session makes of what is said, and gave what it took.
// 5. Only who reads can answer: a server closes a connection that leaves two PINGs unanswered, so who merely
//    sends looks once a second for what has come.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/descriptor.hpp"
#include "nats/address.hpp"
#include "nats/info.hpp"
#include "nats/protocol.hpp"
#include "nats/tls.hpp"

namespace queuemark::nats_client {

struct ConnectionOptions {
  std::int64_t send_buffer_bytes = 0;  // SO_SNDBUF and SO_RCVBUF; 0: as the system has it
  std::int64_t receive_buffer_bytes = 0;
  std::int64_t unsent_bytes = 0;  // TCP_NOTSENT_LOWAT; 0: as the system has it
  bool nodelay = true;
  bool verbose = false;                // every operation is confirmed with +OK
  std::shared_ptr<const Trust> trust;  // of whom its server is to be, where it is encrypted; null: it is not
};

class Connection {
 public:
  // Logs in. Throws Unavailable.
  Connection(const Address& address, const ConnectionOptions& options);

  // The connection is set up, and what comes now may be messages: one receive takes up to read_bytes, a
  // message has up to payload_bytes, headers included. Until then every call ends after some seconds.
  void begin_traffic(std::size_t read_bytes, std::size_t payload_bytes);

  // The next message of those that have come; false when no whole one is left.
  bool next(Incoming& found) {
    while (begin_ < end_ && reader_.next({buffer_.data() + begin_, end_ - begin_}, found)) {
      begin_ += found.bytes;
      if (found.operation == Operation::message) [[likely]]
        return true;
      heed(found);
    }
    return false;
  }
  // Those that follow and are like the one before (protocol.hpp), if that one was a message.
  template <class Each>
  void alike(Each&& each) {
    begin_ += reader_.alike({buffer_.data() + begin_, end_ - begin_}, each);
  }
  // Takes note of what has come, where no message can have.
  void heed_all() {
    take_all([](const Incoming&) {});
  }
  // Each message of those that have come.
  template <class Take>
  void take_all(Take&& take) {
    for (Incoming found; next(found);) take(found);
  }
  // Waits for more. flags: of recv(2).
  void receive(int flags, const Patience& patience);
  // Reads what has come, without waiting.
  void look();
  // The same, if it was not done for a second: for who sends and seldom receives.
  template <class Take>
  void look_in_time(Take&& take) {
    if (!is_time_to_look()) [[likely]]
      return;
    look();
    take_all(take);
    answer_pings();
  }

  // All of these bytes. flags: of send(2).
  void send(const std::byte* from, std::size_t count, int flags, const Patience& patience);
  // As send(), but reads what comes meanwhile: a server that confirms each message reads no more while nobody
  // takes its confirmations. Those that are messages go to `take`.
  template <class Take>
  void send_and_read(const std::byte* from, std::size_t count, bool sleeps, Take&& take) {
    while (count) {
      const std::size_t done = offer(from, count);
      from += done;
      count -= done;
      if (done) continue;
      if (sleeps) wait_either_way();
      look();
      take_all(take);
    }
  }
  // As much as there is room for; 0: none.
  std::size_t offer(const std::byte* from, std::size_t count);
  // One line; its end is added.
  void say(std::string_view line);
  // Waits until the server has read all that was sent. flags: of recv(2). Messages that come meanwhile go to
  // `take`; without that none can.
  template <class Take>
  void fence(int flags, const Patience& patience, Take&& take) {
    const std::uint64_t awaited = pongs_ + 1;
    say("PING");
    for (take_all(take); pongs_ < awaited; take_all(take)) receive(flags, patience);
  }
  void fence(int flags, const Patience& patience) {
    fence(flags, patience, [](const Incoming&) {});
  }

  const ServerInfo& info() const { return info_; }
  // The version of TLS and the cipher; empty where nothing is encrypted.
  std::string encryption() const { return tls_ ? tls_->agreed() : ""; }
  int number() const { return socket_.number(); }
  std::uint64_t confirmed() const { return confirmed_; }  // operations, of a verbose connection
  std::uint64_t calls = 0;

 private:
  void log_in(const Address& address, const ConnectionOptions& options);
  void encrypt(const Trust& trust, const std::string& host);
  void heed(const Incoming& found);
  void answer_pings();
  void compact();
  bool is_time_to_look();
  void wait_either_way();
  ssize_t receive_once(int flags);
  ssize_t send_once(const std::byte* from, std::size_t count, int flags);
  ssize_t send_encrypted(const std::byte* from, std::size_t count, int flags);
  void say_encrypted();
  void tell(std::span<const std::byte> bytes);
  void took(std::size_t received);
  std::span<std::byte> room() { return {buffer_.data() + end_, buffer_.size() - end_}; }

  Descriptor socket_;
  std::unique_ptr<TlsSession> tls_;  // null: nothing is encrypted
  std::vector<std::byte> received_;  // what comes of one receive, before it is decrypted
  std::size_t encrypted_bytes_ = 0;  // of what is being sent: counted when the last of it has gone
  ServerInfo info_;
  bool informed_ = false;
  bool setting_up_ = true;
  Nanoseconds set_up_by_ns_ = 0;
  Reader reader_;
  std::vector<std::byte> buffer_;
  std::size_t read_bytes_;
  std::size_t begin_ = 0, end_ = 0;  // of what has come and was not read
  std::uint64_t confirmed_ = 0;
  std::uint64_t pongs_ = 0;
  unsigned pings_ = 0;       // that were not answered yet
  bool amid_ = false;        // the last bytes that were offered were not all taken
  Nanoseconds look_ns_ = 0;  // when to look again
};

}  // namespace queuemark::nats_client
