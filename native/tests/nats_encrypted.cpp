// A connection whose encryption is pretended: a server that takes nothing for a while gets a part of a
// record, and what was said is counted as sent when the last byte of it has gone.

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <thread>
#include <vector>

#include "engine/error.hpp"
#include "nats/connection.hpp"
#include "tests/check.hpp"

using namespace queuemark;
using namespace queuemark::nats_client;

namespace {

constexpr std::size_t kSaidBytes = 2 * kEncryptedAtOnceBytes;
constexpr std::byte kMask{0x55};

// As long as what is said, and other bytes.
class Masked : public TlsSession {
 public:
  bool shake_hands() override { return true; }
  std::string agreed() const override { return "a mask"; }
  void encrypt(std::span<const std::byte> said) override {
    for (const std::byte each : said) waiting_.push_back(each ^ kMask);
  }
  std::span<const std::byte> to_send() const override { return waiting_; }
  void sent(std::size_t bytes) override {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(bytes));
  }
  std::size_t decrypt(std::span<const std::byte> received, std::span<std::byte> into) override {
    for (std::size_t i = 0; i < received.size(); ++i) into[i] = received[i] ^ kMask;
    return received.size();
  }

 private:
  std::vector<std::byte> waiting_;
};

class Anyone : public Trust {
 public:
  std::unique_ptr<TlsSession> session_with(const std::string&) const override {
    return std::make_unique<Masked>();
  }
};

// One client's, with little room for what it has not read.
class Server {
 public:
  Server() {
    const int room_bytes = 4096;
    setsockopt(listener_.number(), SOL_SOCKET, SO_RCVBUF, &room_bytes, sizeof room_bytes);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof place;
    if (bind(listener_.number(), reinterpret_cast<sockaddr*>(&place), length) != 0 ||
        listen(listener_.number(), 1) != 0 ||
        getsockname(listener_.number(), reinterpret_cast<sockaddr*>(&place), &length) != 0) {
      throw_system("listen on the loopback interface");
    }
    url_ = "tls://127.0.0.1:" + std::to_string(ntohs(place.sin_port));
  }
  const std::string& url() const { return url_; }

  // Says in plain words that it takes TLS, and answers the first PING.
  void let_in() {
    client_ = Descriptor(accept(listener_.number(), nullptr, nullptr));
    say("INFO {\"tls_available\":true}\r\n");
    for (std::string came; came.find("PING\r\n") == std::string::npos;) came += take();
    std::string pong = "PONG\r\n";
    for (char& letter : pong) letter = static_cast<char>(std::byte(letter) ^ kMask);
    say(pong);
  }
  // What has come; empty when nothing comes any more.
  std::string take() {
    pollfd comes{client_.number(), POLLIN, 0};
    if (poll(&comes, 1, 1000) <= 0) return {};
    std::string came(64 * 1024, '\0');
    const ssize_t count = recv(client_.number(), came.data(), came.size(), 0);
    came.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    for (char& letter : came) letter = static_cast<char>(std::byte(letter) ^ kMask);
    return came;
  }

 private:
  void say(const std::string& words) {
    CHECK(send(client_.number(), words.data(), words.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(words.size()));
  }

  Descriptor listener_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  Descriptor client_;
  std::string url_;
};

Connection connected(Server& server) {
  ConnectionOptions options;
  options.send_buffer_bytes = 4096;
  options.trust = std::make_shared<Anyone>();
  std::thread letting_in([&] { server.let_in(); });
  Connection made(Address::read(server.url()), options);
  letting_in.join();
  made.begin_traffic(4096, 4096);
  return made;
}

// The last offer that is taken is the last thing that is done: nothing behind it takes the rest along.
void all_of_a_record_has_gone_when_it_is_counted() {
  Server server;
  Connection connection = connected(server);
  std::string said(kSaidBytes, 'm'), came;
  std::size_t done = 0, refused = 0;
  while (done < said.size()) {
    const std::size_t taken =
        connection.offer(reinterpret_cast<const std::byte*>(said.data()) + done, said.size() - done);
    done += taken;
    if (taken) continue;
    ++refused;
    came += server.take();
  }
  CHECK(refused > 0);
  while (came.size() < said.size()) {
    const std::string more = server.take();
    if (more.empty()) break;
    came += more;
  }
  CHECK_THAT(came == said, std::to_string(came.size()) + " bytes came");
}

}  // namespace

int main() {
  all_of_a_record_has_gone_when_it_is_counted();
  return test::verdict();
}
