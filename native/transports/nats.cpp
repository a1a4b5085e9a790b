// NATS: a publisher and its subscribers, each with a connection of its own to a server that is there already.
//
// 1. Messages are shared through a queue group (`compete`), or each consumer has a subject of its own that
// the
//    producer deals to (`deal`); a fan-out is one subject that all subscribe to, which the server copies.
// 2. The end is an empty message on a subject beside: a server keeps the order of what one connection
//    publishes on its way to another one, whatever the subjects.
// 3. A server that has read a message has not delivered it: what is accepted is known by PONG or +OK, what is
//    delivered by the consumers' counts.
// 4. Requests go to each consumer's subject, and replies to where the request says, a subject of the
// client's.

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <memory>

#include "engine/trial.hpp"
#include "nats/connection.hpp"
#include "transports/sockets.hpp"

namespace queuemark {
namespace {

using nats_client::Address;
using nats_client::Connection;
using nats_client::ConnectionOptions;
using nats_client::Incoming;
using nats_client::PublishEnvelope;
using nats_client::ServerInfo;
using nats_client::subscribe_line;
using nats_client::unsubscribe_line;

constexpr std::uint64_t kPayloadHigh = 1024 * 1024;  // as a server has it unless it is told otherwise
constexpr std::uint64_t kMessages = 1, kEnd = 2;     // a consumer's subscriptions
constexpr std::string_view kGroup = "q";
constexpr std::size_t kHeadersLow = 25;  // of one header with an empty value

Description describe() {
  Description description{"nats", "NATS: a producer publishes, a server passes on to subscribers", {}, {}, {},
                          {}};
  Facts& facts = description.facts;
  facts.copies =
      5;  // into the kernel and out of it on both ways, and within the server from one to the other
  facts.patterns = {"share", "fanout", "pingpong"};
  facts.dispatches = {"compete", "deal"};
  facts.policies = {"each", "buffer"};
  facts.acks = {"fence", "none", "each", "window"};
  facts.max_size_bytes = kPayloadHigh;
  facts.consumers_low = 0;
  facts.broker = "nats";
  description.params = socket_params();
  description.params.push_back(
      Param::bytes("read_bytes", 256 * 1024, 1, 64 * 1024 * 1024, "most that one receive call takes"));
  description.params.push_back(Param::flag(
      "nodelay", true, "TCP_NODELAY: 1 sends each write at once, 0 lets small ones wait (Nagle)"));
  description.params.push_back(Param::bytes("header_bytes", 0, 0, 64 * 1024,
                                            "headers before each message (HPUB), 25 at the least; 0: none"));
  return description;
}

// Subjects that no other trial uses. Of each kind all are of one length: so are the frames.
class Subjects {
 public:
  explicit Subjects(const Options& options) : deals_(!options.competing() && !options.fans_out()) {
    std::uint64_t hash = 0xCBF29CE484222325;  // FNV-1a
    for (const char letter : options.run_id)
      hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001B3;
    token_ = digits(mixed(hash), 8);
  }
  // stream: of the messages that go there.
  std::string messages(unsigned stream) const { return "qm." + token_ + (deals_ ? digits(stream, 2) : ""); }
  std::string end() const { return "qm." + token_ + ".end"; }
  std::string inbox(unsigned stream) const { return "_INBOX." + token_ + "." + digits(stream, 2); }

 private:
  static std::string digits(std::uint64_t number, std::size_t count) {
    constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::string text(count, '0');
    for (auto place = text.rbegin(); place != text.rend(); ++place, number /= kDigits.size()) {
      *place = kDigits[number % kDigits.size()];
    }
    return text;
  }
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

void require_headers(std::span<const std::byte> came, std::string_view sent) {
  if (came.size() == sent.size() && std::memcmp(came.data(), sent.data(), sent.size()) == 0) return;
  throw SystemError("a message came with other headers than it was sent with");
}

// What a message's own bytes do not show.
void require_as_sent(const Incoming& came, std::string_view subject, std::string_view headers) {
  if (came.subject != subject) throw SystemError("a message came on a subject that nobody subscribed to");
  if (came.payload.empty()) throw SystemError("a message came that nobody sent: it is empty");
  require_headers(came.headers, headers);
}

class NatsProducer : protected Connection {
 public:
  NatsProducer(Connection&& connection, const Settings& settings)
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
      send_and_read(from, count, settings_.wait != Wait::spin);
    } else {
      Connection::send(from, count, flags_, sending_);
      look_in_time();
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

class NatsConsumer : protected Connection {
 public:
  // stream: of the messages that come.
  NatsConsumer(Connection&& connection, const Settings& settings, unsigned stream)
      : Connection(std::move(connection)),
        wait_(settings.wait),
        reply_({}, {}, settings.header_bytes),
        subject_(settings.subjects.messages(stream)),
        flags_(waiting_flag(settings.wait)),
        patience_(settings.wait, number(), POLLIN) {
    begin_traffic(settings.read_bytes, settings.payload_bytes);
  }

  // All whole messages of what has come; an empty one is the end.
  std::size_t receive_many() {
    found_.clear();
    for (Incoming incoming;;) {
      while (next(incoming)) {
        take(incoming);
        if (incoming.subscription == kMessages) take_alike(incoming.bytes);
      }
      if (!found_.empty()) return found_.size();
      receive(flags_, patience_);
    }
  }
  std::span<const std::byte> message(std::size_t index) const { return found_[index].message; }
  std::size_t frame_bytes(std::size_t index) const { return found_[index].frame_bytes; }
  using Connection::calls;

 protected:
  Wait wait_;
  PublishEnvelope reply_;  // where a reply goes to: as the last request said

 private:
  struct Found {
    std::span<const std::byte> message;
    std::size_t frame_bytes;
  };

  void take(const Incoming& incoming) {
    if (incoming.subscription == kMessages) [[likely]] {
      require_as_sent(incoming, subject_, reply_.headers());
      if (incoming.reply != reply_.subject()) reply_.readdress(incoming.reply);
    } else if (incoming.subscription != kEnd || !incoming.payload.empty()) {
      throw SystemError("a message came to a subscription that nobody made");
    }
    found_.push_back({incoming.payload, incoming.bytes});
  }

  // frame_bytes: of each.
  void take_alike(std::size_t frame_bytes) {
    alike([&](std::span<const std::byte> headers, std::span<const std::byte> payload) {
      if (!headers.empty()) require_headers(headers, reply_.headers());
      found_.push_back({payload, frame_bytes});
    });
  }

  std::string subject_;
  int flags_;
  Patience patience_;
  std::vector<Found> found_;
};

// A producer that takes replies, too. They come by its one connection, whichever consumer they are from.
class NatsClient : public NatsProducer {
 public:
  NatsClient(Connection&& connection, const Settings& settings)
      : NatsProducer(std::move(connection), settings) {
    for (unsigned stream = 0; stream < settings.streams; ++stream) {
      inboxes_.push_back(settings.subjects.inbox(stream));
    }
  }
  struct Reply {
    unsigned stream;
    std::span<const std::byte> message;
    std::size_t frame_bytes;
  };

  void send(unsigned, const std::byte* from, std::size_t count) {
    Connection::send(from, count, flags_, sending_);
    bytes += count;
  }
  Reply next_reply() {
    while (!comes_next()) receive(flags_, receiving_);
    held_ = false;
    if (!incoming_.subscription || incoming_.subscription > settings_.streams) {
      throw SystemError("a message came to a subscription that nobody made");
    }
    const auto stream = static_cast<unsigned>(incoming_.subscription - 1);
    require_as_sent(incoming_, inboxes_[stream], envelope(0).headers());
    return {stream, incoming_.payload, incoming_.bytes};
  }
  bool reply_comes_by(unsigned, bool sleeps, Nanoseconds moment) {
    while (!comes_next()) {
      if (!brings_by(number(), sleeps, moment, calls)) return false;
      receive(MSG_DONTWAIT, {});
    }
    return true;
  }

 private:
  bool comes_next() { return held_ = held_ || next(incoming_); }

  std::vector<std::string> inboxes_;  // of each stream
  Incoming incoming_;                 // the next reply, when it is held
  bool held_ = false;
};

// A consumer that replies, to where the last request said.
class NatsEcho : public NatsConsumer {
 public:
  using NatsConsumer::NatsConsumer;
  PublishEnvelope& envelope(unsigned) { return reply_; }
  std::size_t offer(const std::byte* from, std::size_t count) { return Connection::offer(from, count); }
  bool request_before_room() { return brings_something(number(), number(), wait_, calls); }
};

class Nats {
 public:
  static constexpr Framing framing = Framing::envelope;
  static constexpr Dispatch dispatch = Dispatch::compete;

  Nats(const Options& options, std::size_t largest)
      : Nats(options, Params(describe(), options.params), largest) {}

  NatsProducer open_producer() { return {left(producer_), settings_}; }
  NatsClient open_client() { return {left(producer_), settings_}; }
  NatsConsumer open_consumer(unsigned index) {
    return {left(consumers_[index]), settings_, stream_of(index)};
  }
  NatsEcho open_echo(unsigned index) { return {left(consumers_[index]), settings_, stream_of(index)}; }
  void leave() {
    producer_.reset();
    consumers_.clear();
  }
  std::size_t read_bytes() const { return settings_.read_bytes; }
  std::uint64_t deal_items() const { return deal_items_; }
  const Granted& granted() const { return granted_; }

 private:
  Nats(const Options& options, const Params& params, std::size_t largest)
      : settings_(options, params, largest),
        deal_items_(static_cast<std::uint64_t>(params.number("deal_items"))) {
    const auto address = Address::read(options.server);
    const ConnectionOptions connecting{params.number("send_buffer_bytes"),
                                       params.number("receive_buffer_bytes"), params.number("nodelay") != 0,
                                       false};
    try {
      open_connections(options, address, connecting);
    } catch (const SystemError& error) {
      throw Unavailable("subscribe at the NATS server " + address.place() + ": " + error.what(),
                        "see what this login may subscribe to");
    }
    check_server(address);
    grant(params);
  }

  void open_connections(const Options& options, const Address& address, ConnectionOptions connecting) {
    for (unsigned consumer = 0; consumer < options.consumers; ++consumer) {
      consumers_.push_back(std::make_unique<Connection>(address, connecting));
      subscribe(*consumers_.back(), options, consumer);
    }
    connecting.verbose = settings_.ack == Ack::each;
    producer_ = std::make_unique<Connection>(address, connecting);
    if (options.pingpong()) subscribe_to_replies(options);
  }
  void subscribe(Connection& connection, const Options& options, unsigned consumer) const {
    const std::string subject = settings_.subjects.messages(stream_of(consumer));
    connection.say(subscribe_line(subject, options.competing() ? kGroup : "", kMessages));
    connection.say(subscribe_line(settings_.subjects.end(), "", kEnd));
    connection.say(unsubscribe_line(kEnd, 1));
    connection.fence(0, {});
  }
  void subscribe_to_replies(const Options& options) {
    for (unsigned stream = 0; stream < options.streams(); ++stream) {
      producer_->say(subscribe_line(settings_.subjects.inbox(stream), "", stream + 1));
    }
    producer_->fence(0, {});
  }
  void check_server(const Address& address) const {
    const ServerInfo& info = producer_->info();
    if (settings_.payload_bytes > info.max_payload_bytes) {
      throw UsageError("the NATS server " + address.place() + " takes at most " +
                       std::to_string(info.max_payload_bytes) + " bytes, and a message has " +
                       std::to_string(settings_.payload_bytes) + ", headers included");
    }
    if (settings_.header_bytes && !info.headers) {
      throw Unavailable("the NATS server " + address.place() + " knows no headers", "take header_bytes=0");
    }
  }
  void grant(const Params& params) {
    const Connection& producer = *producer_;
    const Connection& receiving = consumers_.empty() ? producer : *consumers_.front();
    const bool nodelay = granted_option(producer.number(), IPPROTO_TCP, TCP_NODELAY) != 0;
    granted_ = {{"deal_items", params.number("deal_items")},
                {"read_bytes", static_cast<std::int64_t>(settings_.read_bytes)},
                {"header_bytes", static_cast<std::int64_t>(settings_.header_bytes)},
                {"nodelay", std::int64_t{nodelay}},
                {"send_buffer_bytes", granted_option(producer.number(), SOL_SOCKET, SO_SNDBUF)},
                {"receive_buffer_bytes", granted_option(receiving.number(), SOL_SOCKET, SO_RCVBUF)},
                {"max_payload_bytes", static_cast<std::int64_t>(producer.info().max_payload_bytes)},
                {"server_version", producer.info().version}};
  }

  // As Options has it.
  unsigned stream_of(unsigned consumer) const { return settings_.streams == 1 ? 0 : consumer; }

  // A worker's own connection. It keeps no other one: a server is to see whose end has ended.
  Connection left(std::unique_ptr<Connection>& own) {
    Connection taken = std::move(*own);
    leave();
    return taken;
  }

  Settings settings_;
  std::uint64_t deal_items_;
  std::unique_ptr<Connection> producer_;
  std::vector<std::unique_ptr<Connection>> consumers_;
  Granted granted_;
};

}  // namespace

extern const Entry nats;
const Entry nats{describe, run_trial<Nats>};

}  // namespace queuemark
