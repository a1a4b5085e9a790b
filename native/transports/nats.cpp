// NATS: a publisher and its subscribers, each with a connection of its own to a server that is there already.
//
// 1. Messages are shared through a queue group (`compete`), or each consumer has a subject of its own that
// the
//    producer deals to (`deal`); a fan-out is one subject that all subscribe to, which the server copies.
// 2. Requests go to each consumer's subject, and replies to where the request says, a subject of the
// client's.

#include "transports/nats_ends.hpp"

namespace queuemark {
namespace {

using nats_client::Connection;
using nats_client::Incoming;
using nats_client::kEnd;
using nats_client::kMessages;
using nats_client::PublishEnvelope;
using nats_client::Publisher;
using nats_client::require_as_sent;
using nats_client::require_headers;
using nats_client::Settings;
using nats_client::subscribe_line;
using nats_client::unsubscribe_line;

constexpr std::string_view kGroup = "q";

Description describe() {
  Description description{"nats",
                          "NATS: a producer publishes, a server passes on to subscribers",
                          nats_client::nats_facts(),
                          nats_client::nats_params(),
                          {},
                          {}};
  description.facts.patterns = {"share", "fanout", "pingpong"};
  description.facts.acks = {"fence", "none", "each", "window"};
  return description;
}

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
    while (!take_what_came()) receive(flags_, patience_);
    return found_.size();
  }
  std::span<const std::byte> message(std::size_t index) const { return found_[index].message; }
  std::size_t frame_bytes(std::size_t index) const { return found_[index].frame_bytes; }
  using Connection::calls;

 protected:
  // How many whole messages that is.
  std::size_t take_what_came() {
    found_.clear();
    for (Incoming incoming; next(incoming);) {
      take(incoming);
      if (incoming.subscription == kMessages) take_alike(incoming.bytes);
    }
    return found_.size();
  }

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
class NatsClient : public Publisher {
 public:
  NatsClient(Connection&& connection, const Settings& settings) : Publisher(std::move(connection), settings) {
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
  // What a server brings need not be a request: it may be a PING, while the other end waits for this reply.
  bool request_before_room() {
    while (brings_something(number(), number(), wait_, calls)) {
      look();
      held_ = take_what_came();
      if (held_) return true;
    }
    return false;
  }
  std::size_t receive_many() { return held_ ? std::exchange(held_, 0) : NatsConsumer::receive_many(); }

 private:
  std::size_t held_ = 0;  // requests that came before there was room
};

class Nats : public nats_client::NatsChannel {
 public:
  Nats(const Options& options, std::size_t largest)
      : Nats(options, Params(describe(), options.params), largest) {}

  NatsClient open_client() { return {left(producer_), settings_}; }
  NatsConsumer open_consumer(unsigned index) {
    return {left(consumers_[index]), settings_, stream_of(index)};
  }
  NatsEcho open_echo(unsigned index) { return {left(consumers_[index]), settings_, stream_of(index)}; }

 private:
  Nats(const Options& options, const Params& params, std::size_t largest)
      : NatsChannel(options, params, largest) {
    setting_up([&] {
      for (unsigned consumer = 0; consumer < options.consumers; ++consumer) {
        subscribe(connect_consumer(), options, consumer);
      }
      Connection& producer = connect_producer(settings_.ack == Ack::each);
      if (options.pingpong()) subscribe_to_replies(producer);
    });
    grant(params);
  }

  void subscribe(Connection& connection, const Options& options, unsigned consumer) const {
    const std::string subject = settings_.subjects.messages(stream_of(consumer));
    connection.say(subscribe_line(subject, options.competing() ? kGroup : "", kMessages));
    connection.say(subscribe_line(settings_.subjects.end(), "", kEnd));
    connection.say(unsubscribe_line(kEnd, 1));
    connection.fence(0, {});
  }
  void subscribe_to_replies(Connection& producer) const {
    for (unsigned stream = 0; stream < settings_.streams; ++stream) {
      producer.say(subscribe_line(settings_.subjects.inbox(stream), "", stream + 1));
    }
    producer.fence(0, {});
  }
};

}  // namespace

extern const Entry nats;
const Entry nats{describe, run_trial<Nats>};

}  // namespace queuemark
