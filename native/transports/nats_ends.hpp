// What the transports through a NATS server have in common: subjects of their own, a connection for each end
// that is made before the workers are forked, and a producer that publishes.
//
// 1. The end is an empty message on a subject beside: a server keeps the order of what one connection
//    publishes on its way to another one, whatever the subjects.
// 2. A server that has read a message has not delivered it: what is accepted is known by PONG or +OK, what is
//    delivered by the consumers' counts.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <memory>

#include "engine/trial.hpp"
#include "nats/connection.hpp"
#include "transports/sockets.hpp"

namespace queuemark::nats_client {

constexpr std::uint64_t kPayloadHigh = 1024 * 1024;  // as a server has it unless it is told otherwise
constexpr std::uint64_t kMessages = 1, kEnd = 2;     // a consumer's subscriptions
constexpr std::size_t kHeadersLow = 25;              // of one header with an empty value

inline std::vector<Param> nats_params() {
  std::vector<Param> params = socket_params();
  params.push_back(
      Param::bytes("read_bytes", 256 * 1024, 1, 64 * 1024 * 1024, "most that one receive call takes"));
  // What is written while the server's window is full, the server's own cpu has to send when it has read: its
  // acknowledgement does it. Little of that costs the server less than all that the send buffer would hold.
  params.push_back(
      Param::bytes("unsent_bytes", 128 * 1024, 0, 64 * 1024 * 1024,
                   "TCP_NOTSENT_LOWAT: a write waits while so much has not left the sender; 0: as the "
                   "system has it"));
  params.push_back(Param::flag("nodelay", true,
                               "TCP_NODELAY: 1 sends each write at once, 0 lets small ones wait (Nagle)"));
  params.push_back(Param::bytes("header_bytes", 0, 0, 64 * 1024,
                                "headers before each message (HPUB), 25 at the least; 0: none"));
  params.push_back(Param::choice(
      "tls", {"off", "on"}, "on: all connections are encrypted, with a server whose certificate is trusted"));
  return params;
}

inline Facts nats_facts() {
  Facts facts;
  // Into the kernel and out of it on both ways, and within the server from one to the other.
  facts.copies = 5;
  facts.dispatches = {"compete", "deal"};
  facts.policies = {"each", "buffer"};
  facts.max_size_bytes = kPayloadHigh;
  facts.consumers_low = 0;
  facts.broker = "nats";
  facts.durability = {"nothing"};
  return facts;
}

inline std::string base36(std::uint64_t number, std::size_t digits) {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string text(digits, '0');
  for (auto place = text.rbegin(); place != text.rend(); ++place, number /= kDigits.size()) {
    *place = kDigits[number % kDigits.size()];
  }
  return text;
}

// Subjects that no other trial uses. Of each kind all are of one length: so are the frames.
class Subjects {
 public:
  explicit Subjects(const Options& options) : deals_(!options.competing() && !options.fans_out()) {
    std::uint64_t hash = 0xCBF29CE484222325;  // FNV-1a
    for (const char letter : options.run_id)
      hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001B3;
    token_ = base36(mixed(hash), 8);
  }
  // stream: of the messages that go there.
  std::string messages(unsigned stream) const { return "qm." + token_ + (deals_ ? base36(stream, 2) : ""); }
  std::string end() const { return "qm." + token_ + ".end"; }
  const std::string& token() const { return token_; }
  std::string inbox(unsigned stream) const { return "_INBOX." + token_ + "." + base36(stream, 2); }

 private:
  bool deals_;
  std::string token_;
};

// What all ends are made with.
struct Settings {
  Settings(const Options& options, const Params& params, std::size_t largest)
      : subjects(options),
        pattern(options.pattern),
        streams(options.streams()),
        ack(options.ack),
        ack_window(options.ack_window),
        wait(options.wait),
        read_bytes(std::max(static_cast<std::size_t>(params.number("read_bytes")), largest)),
        header_bytes(static_cast<std::size_t>(params.number("header_bytes"))),
        payload_bytes(largest) {
    if (header_bytes) header_bytes = std::max(header_bytes, kHeadersLow);
    payload_bytes += header_bytes;
  }
  Subjects subjects;
  Pattern pattern;
  unsigned streams;
  Ack ack;
  std::uint64_t ack_window;
  Wait wait;
  std::size_t read_bytes;
  std::size_t header_bytes;
  std::size_t payload_bytes;  // of the largest message, its headers included
};

inline void require_headers(std::span<const std::byte> came, std::string_view sent) {
  if (came.size() == sent.size() && std::memcmp(came.data(), sent.data(), sent.size()) == 0) return;
  throw SystemError("a message came with other headers than it was sent with");
}

// What a message's own bytes do not show.
inline void require_as_sent(const Incoming& came, std::string_view subject, std::string_view headers) {
  if (came.subject != subject) throw SystemError("a message came on a subject that nobody subscribed to");
  if (came.payload.empty()) throw SystemError("a message came that nobody sent: it is empty");
  require_headers(came.headers, headers);
}

// Publishes, and waits for what the trial wants confirmed.
class Publisher : protected Connection {
 public:
  Publisher(Connection&& connection, const Settings& settings)
      : Connection(std::move(connection)),
        settings_(settings),
        flags_(waiting_flag(settings.wait)),
        sending_(settings.wait, number(), POLLOUT),
        receiving_(settings.wait, number(), POLLIN),
        end_(settings.subjects.end(), {}, 0),
        handed_over_(confirmed()) {
    begin_traffic(settings.read_bytes, settings.payload_bytes);
    const bool asks = settings.pattern == Pattern::pingpong;
    for (unsigned stream = 0; stream < settings.streams; ++stream) {
      envelopes_.push_back(std::make_unique<PublishEnvelope>(settings.subjects.messages(stream),
                                                             asks ? settings.subjects.inbox(stream) : "",
                                                             settings.header_bytes));
    }
  }

  void send(unsigned, const std::byte* from, std::size_t count) {
    if (settings_.ack == Ack::each) {
      send_and_read(from, count, settings_.wait != Wait::spin, [](const Incoming&) {});
    } else {
      Connection::send(from, count, flags_, sending_);
      look_in_time([](const Incoming&) {});
    }
    bytes += count;
  }
  PublishEnvelope& envelope(unsigned stream) { return *envelopes_[stream]; }

  // No more than the window may wait for their +OK when the next call is made.
  void handed_over(std::uint64_t messages) {
    if (settings_.ack != Ack::each) return;
    handed_over_ += messages;
    await_confirmations(settings_.ack_window - 1);
  }
  void confirm() {
    if (settings_.ack == Ack::fence) fence(flags_, receiving_);
    if (settings_.ack == Ack::each) await_confirmations(0);
  }
  void push() { fence(flags_, receiving_); }
  // A connection that ends with something unread is reset, and with it what was just sent.
  void finish() {
    std::byte message[64];
    const std::byte* const behind = end_.close(end_.open(message, 0));
    Connection::send(message, static_cast<std::size_t>(behind - message), flags_, sending_);
    fence(flags_, receiving_);
  }

  using Connection::calls;
  std::uint64_t bytes = 0;

 protected:
  void await_confirmations(std::uint64_t most) {
    while (handed_over_ - confirmed() > most) {
      receive(flags_, receiving_);
      heed_all();
    }
  }

  const Settings& settings_;
  int flags_;
  Patience sending_;
  Patience receiving_;

 private:
  std::vector<std::unique_ptr<PublishEnvelope>> envelopes_;  // of each stream; their places stay
  PublishEnvelope end_;
  std::uint64_t handed_over_;
};

// The connections of a trial. Each worker takes its own and keeps no other one: a server is to see whose end
// has ended.
class NatsChannel {
 public:
  static constexpr Framing framing = Framing::envelope;
  static constexpr Dispatch dispatch = Dispatch::compete;

  Publisher open_producer() { return {left(producer_), settings_}; }
  void leave() {
    producer_.reset();
    consumers_.clear();
  }
  std::size_t read_bytes() const { return settings_.read_bytes; }
  std::uint64_t deal_items() const { return deal_items_; }
  const Granted& granted() const { return granted_; }

 protected:
  NatsChannel(const Options& options, const Params& params, std::size_t largest)
      : address_(Address::read(options.server)),
        settings_(options, params, largest),
        deal_items_(static_cast<std::uint64_t>(params.number("deal_items"))),
        connecting_{params.number("send_buffer_bytes"),
                    params.number("receive_buffer_bytes"),
                    params.number("unsent_bytes"),
                    params.number("nodelay") != 0,
                    false,
                    trust(params.choice("tls") == "on")} {}

  // What goes wrong while it is set up makes the server unavailable for this trial.
  template <class SetUp>
  void setting_up(SetUp&& set_up) const {
    try {
      set_up();
    } catch (const SystemError& error) {
      throw Unavailable("set a trial up at the NATS server " + address_.place() + ": " + error.what(),
                        "see what this login may do there");
    }
  }

  Connection& connect_consumer() {
    return *consumers_.emplace_back(std::make_unique<Connection>(address_, connecting_));
  }
  // verbose: each operation is confirmed.
  Connection& connect_producer(bool verbose) {
    ConnectionOptions connecting = connecting_;
    connecting.verbose = verbose;
    producer_ = std::make_unique<Connection>(address_, connecting);
    check_server();
    return *producer_;
  }

  void grant(const Params& params) {
    const Connection& producer = *producer_;
    const Connection& receiving = consumers_.empty() ? producer : *consumers_.front();
    const bool nodelay = granted_option(producer.number(), IPPROTO_TCP, TCP_NODELAY) != 0;
    granted_ = {{"deal_items", params.number("deal_items")},
                {"read_bytes", static_cast<std::int64_t>(settings_.read_bytes)},
                {"header_bytes", static_cast<std::int64_t>(settings_.header_bytes)},
                {"unsent_bytes", granted_option(producer.number(), IPPROTO_TCP, TCP_NOTSENT_LOWAT)},
                {"nodelay", std::int64_t{nodelay}},
                {"send_buffer_bytes", granted_option(producer.number(), SOL_SOCKET, SO_SNDBUF)},
                {"receive_buffer_bytes", granted_option(receiving.number(), SOL_SOCKET, SO_RCVBUF)},
                {"max_payload_bytes", static_cast<std::int64_t>(producer.info().max_payload_bytes)},
                {"server_version", producer.info().version},
                {"tls", params.choice("tls")}};
    if (connecting_.trust) granted_["tls_cipher"] = producer.encryption();
  }

  // As Options has it.
  unsigned stream_of(unsigned consumer) const { return settings_.streams == 1 ? 0 : consumer; }

  Connection left(std::unique_ptr<Connection>& own) {
    Connection taken = std::move(*own);
    leave();
    return taken;
  }

  Address address_;
  Settings settings_;
  std::uint64_t deal_items_;
  ConnectionOptions connecting_;
  std::unique_ptr<Connection> producer_;
  std::vector<std::unique_ptr<Connection>> consumers_;
  Granted granted_;

 private:
  // Null where nothing is to be encrypted.
  std::shared_ptr<const Trust> trust(bool encrypted) const {
    if (encrypted) return trust_in(address_.ca_file);
    if (!address_.encrypted) return {};
    throw Unavailable("the address asks for TLS, and the case is without", "take tls=on, or write nats://");
  }
  void check_server() const {
    const ServerInfo& info = producer_->info();
    if (settings_.payload_bytes > info.max_payload_bytes) {
      throw UsageError("the NATS server " + address_.place() + " takes at most " +
                       std::to_string(info.max_payload_bytes) + " bytes, and a message has " +
                       std::to_string(settings_.payload_bytes) + ", headers included");
    }
    if (settings_.header_bytes && !info.headers) {
      throw Unavailable("the NATS server " + address_.place() + " knows no headers", "take header_bytes=0");
    }
  }
};

}  // namespace queuemark::nats_client
