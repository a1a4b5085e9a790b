// NATS JetStream: messages are stored in a stream, and consumers pull them in batches and acknowledge each.
//
// 1. A stream of the trial's own stores what is published to its subjects, and is deleted behind the trial.
//    One consumer (of the stream) is pulled from by all consumers (of the trial), `compete`; or each has its
//    own, of a subject of its own (`deal`) or of the one that goes to all (`fanout`).
// 2. A message is published when JetStream has said where it is stored; places follow each other without a
//    gap. Less than a window of them waits for that when a call is made: what comes faster than it can be
//    stored is thrown away.
// 3. A message is acknowledged when it was verified: with what is written before the next receive. One that
//    is not acknowledged in time is delivered again, and counted.
// 4. The end is an empty message in the stream, behind all others; as many as consumers that pull from one.
//    Who gets it asks for no more, and gives back what was on its way. What JetStream says of messages that
//    wait proves nothing: it may not have noticed yet those that it has stored.

#include "nats/jetstream.hpp"
#include "transports/nats_ends.hpp"

namespace queuemark {
namespace {

using nats_client::Connection;
using nats_client::Incoming;
using nats_client::kMessages;
using nats_client::PublishEnvelope;
using nats_client::require_as_sent;
using nats_client::Settings;
using nats_client::subscribe_line;

constexpr std::uint64_t kAnswers = 1;  // the producer's subscription
constexpr std::size_t kPulledBytes = 16 * 1024 * 1024;
constexpr const char* kSyncAsItIs = "default";
const std::string kSyncName = "queuemark-sync-";  // of a server, before its interval
constexpr unsigned kTimeIsOver = 408;

Description describe() {
  Description description{"nats-js",
                          "NATS JetStream: stored in a stream, pulled in batches, each acknowledged",
                          nats_client::nats_facts(),
                          nats_client::nats_params(),
                          {},
                          {}};
  description.facts.patterns = {"share", "fanout"};
  description.facts.acks = {"window", "each"};
  description.facts.redelivers = true;
  description.facts.durability = {"nothing", "server", "machine"};
  description.params.push_back(Param::choice("storage", {"file", "memory"}, "where the stream is stored"));
  description.params.push_back(
      Param::choice("sync_interval", {kSyncAsItIs, "1s", "always"},
                    "how long what is stored may not be on the disk; default: as the server has it"));
  description.params.push_back(Param::choice(
      "ack_wait", {"30s", "5s", "1s"}, "after which a message that was not acknowledged is delivered again"));
  description.params.push_back(Param::items(
      "pull_items", 500, 1, 100'000, "messages that a consumer asks for at once; no more than have 16 MiB"));
  return description;
}

// What a trial calls its things at the server.
class Names {
 public:
  explicit Names(const nats_client::Subjects& subjects) : token_(subjects.token()) {}
  std::string stream() const { return "QM" + token_; }
  std::string consumer(unsigned number) const { return "C" + std::to_string(number); }
  std::string all_subjects() const { return "qm." + token_ + ".*"; }
  std::string messages(unsigned stream) const {
    return "qm." + token_ + "." + nats_client::base36(stream, 2);
  }
  // who: of those that answers go to, "p" for the producer, "c0" for a consumer.
  std::string inbox(std::string_view who) const { return "_INBOX." + token_ + "." + std::string(who); }
  std::string consumers_inbox(unsigned index) const { return inbox("c" + std::to_string(index)); }
  std::string next(unsigned consumer_number) const {
    return "$JS.API.CONSUMER.MSG.NEXT." + stream() + "." + consumer(consumer_number);
  }

 private:
  std::string token_;
};

class JetStreamProducer : protected Connection {
 public:
  // ends: how many of a stream get its end.
  JetStreamProducer(Connection&& connection, const Settings& settings, const Names& names, unsigned ends)
      : Connection(std::move(connection)),
        ack_window_(settings.ack_window),
        sleeps_(settings.wait != Wait::spin),
        flags_(waiting_flag(settings.wait)),
        sending_(settings.wait, number(), POLLOUT),
        receiving_(settings.wait, number(), POLLIN) {
    begin_traffic(settings.read_bytes, nats_client::kLineHighBytes);
    for (unsigned stream = 0; stream < settings.streams; ++stream) {
      envelopes_.push_back(
          std::make_unique<PublishEnvelope>(names.messages(stream), names.inbox("p"), settings.header_bytes));
      PublishEnvelope end(names.messages(stream), names.inbox("p"), 0);
      std::vector<std::byte> message(end.around(0));
      end.close(end.open(message.data(), 0));
      ends_.insert(ends_.end(), ends, message);
    }
  }

  void send(unsigned, const std::byte* from, std::size_t count) {
    send_and_read(from, count, sleeps_, [this](const Incoming& answer) { take(answer); });
    look_in_time([this](const Incoming& answer) { take(answer); });
    bytes += count;
  }
  PublishEnvelope& envelope(unsigned stream) { return *envelopes_[stream]; }

  void handed_over(std::uint64_t messages) {
    published_ += messages;
    await_stored(ack_window_ - 1);
  }
  void confirm() { await_stored(0); }
  void push() { confirm(); }
  void finish() {
    confirm();
    for (const std::vector<std::byte>& end : ends_) {
      Connection::send(end.data(), end.size(), flags_, sending_);
      handed_over(1);
    }
    confirm();
  }

  using Connection::calls;
  std::uint64_t bytes = 0;

 private:
  void take(const Incoming& answer) {
    if (answer.subscription != kAnswers)
      throw SystemError("an answer came to a subscription that nobody made");
    if (nats_client::pull_status(answer))
      throw SystemError("nobody stores messages any more: the stream is gone");
    const std::uint64_t place =
        nats_client::stored_as({reinterpret_cast<const char*>(answer.payload.data()), answer.payload.size()});
    if (place != ++stored_) {
      throw SystemError("JetStream stored a message as number " + std::to_string(place) + " that is number " +
                        std::to_string(stored_));
    }
  }

  // Until at most so many wait for their place.
  void await_stored(std::uint64_t most) {
    while (published_ - stored_ > most) {
      receive(flags_, receiving_);
      take_all([this](const Incoming& answer) { take(answer); });
    }
  }

  std::uint64_t ack_window_;
  bool sleeps_;
  int flags_;
  Patience sending_;
  Patience receiving_;
  std::vector<std::unique_ptr<PublishEnvelope>> envelopes_;  // of each stream; their places stay
  std::vector<std::vector<std::byte>> ends_;
  std::uint64_t published_ = 0;  // ends included
  std::uint64_t stored_ = 0;
};

class JetStreamConsumer : protected Connection {
 public:
  // Of which consumer of the stream it pulls what, for which of the trial, so many at once.
  struct Pulling {
    unsigned consumer_there;
    unsigned stream;
    unsigned index;
    std::uint64_t items;
  };
  JetStreamConsumer(Connection&& connection, const Settings& settings, const Names& names,
                    const Pulling& pulling)
      : Connection(std::move(connection)),
        next_(names.next(pulling.consumer_there)),
        inbox_(names.consumers_inbox(pulling.index)),
        subject_(names.messages(pulling.stream)),
        headers_(PublishEnvelope({}, {}, settings.header_bytes).headers()),
        items_(pulling.items),
        flags_(waiting_flag(settings.wait)),
        sending_(settings.wait, number(), POLLOUT),
        receiving_(settings.wait, number(), POLLIN) {
    begin_traffic(settings.read_bytes, std::max(settings.payload_bytes, nats_client::kLineHighBytes));
  }

  // All whole messages of what has come; an empty one is the end. Those of the call before were verified, and
  // are acknowledged.
  std::size_t receive_many() {
    found_.clear();
    for (;;) {
      take_all([this](const Incoming& incoming) { take(incoming); });
      if (!found_.empty()) return found_.size();
      if (ended_) return end();
      say_what_is_due();
      receive(flags_, receiving_);
    }
  }
  std::span<const std::byte> message(std::size_t index) const { return found_[index].message; }
  std::size_t frame_bytes(std::size_t index) const { return found_[index].frame_bytes; }
  using Connection::calls;
  std::uint64_t redelivered = 0;

 private:
  struct Found {
    std::span<const std::byte> message;
    std::size_t frame_bytes;
  };

  void take(const Incoming& incoming) {
    if (incoming.subscription != kMessages)
      throw SystemError("a message came to a subscription that nobody made");
    if (const auto status = nats_client::pull_status(incoming)) {
      take_status(*status);
    } else if (ended_) {
      // Another one's end, or a message that came before and was not acknowledged in time.
      publish(incoming.reply, nats_client::kGivenBack, {});
    } else if (incoming.payload.empty()) {
      take_end(incoming);
    } else {
      require_as_sent(incoming, subject_, headers_);
      redelivered += nats_client::is_redelivered(incoming.reply);
      asked_ -= std::min<std::uint64_t>(asked_, 1);
      publish(incoming.reply, nats_client::kAcknowledged, {});
      found_.push_back({incoming.payload, incoming.bytes});
    }
  }

  void take_status(unsigned status) {
    if (status != kTimeIsOver) {
      throw SystemError("JetStream ended a pull with status " + std::to_string(status));
    }
    asked_ = 0;
  }

  void take_end(const Incoming& incoming) {
    ended_ = true;
    publish(incoming.reply, nats_client::kAcknowledged, {});
    due_.append(nats_client::unsubscribe_line(kMessages, 0)).append(nats_client::kLineEnd);
  }

  // Acknowledgements, and the next pull when less than half of the one before is on its way: one write.
  void say_what_is_due() {
    if (asked_ <= items_ / 2) {
      publish(next_, nats_client::pull_request(items_), inbox_);
      asked_ += items_;
    }
    write_due();
  }
  void publish(std::string_view subject, std::string_view payload, std::string_view reply) {
    due_.append("PUB ").append(subject).append(" ").append(reply).append(reply.empty() ? "" : " ");
    due_.append(std::to_string(payload.size())).append(nats_client::kLineEnd);
    due_.append(payload).append(nats_client::kLineEnd);
  }
  void write_due() {
    Connection::send(reinterpret_cast<const std::byte*>(due_.data()), due_.size(), flags_, sending_);
    due_.clear();
  }

  // Behind the first fence nothing comes any more, and what came meanwhile is given back; all is read before
  // this connection ends.
  std::size_t end() {
    for (int fences = 2; fences; --fences) {
      write_due();
      Connection::fence(flags_, receiving_, [this](const Incoming& incoming) { take(incoming); });
    }
    found_.push_back({});
    return 1;
  }

  std::string next_;
  std::string inbox_;
  std::string subject_;
  std::string headers_;
  std::uint64_t items_;
  int flags_;
  Patience sending_;
  Patience receiving_;
  std::vector<Found> found_;
  std::string due_;          // what is to be written
  std::uint64_t asked_ = 0;  // messages that were asked for and have not come
  bool ended_ = false;
};

// The stream of a trial, as long as the trial's parent has this.
class StoredStream {
 public:
  StoredStream(const nats_client::Address& address, std::shared_ptr<const nats_client::Trust> trust,
               const Names& names, const Params& params)
      : address_(address),
        names_(names),
        ack_wait_ns_(seconds(params.choice("ack_wait")) * 1'000'000'000),
        connecting_{.trust = std::move(trust)} {
    ask("STREAM.CREATE." + names_.stream(),
        nats_client::stream_request(names_.stream(), names_.all_subjects(), params.choice("storage")));
  }
  // Deleted by a connection of its own: one that had been kept idle all the time might be closed by now.
  ~StoredStream() {
    try {
      ask("STREAM.DELETE." + names_.stream(), "");
    } catch (const std::exception&) {
      // Its server has ended, or refuses: there is nobody here whom that could be told.
    }
  }
  StoredStream(const StoredStream&) = delete;
  StoredStream& operator=(const StoredStream&) = delete;

  void add_consumer(unsigned number, unsigned stream) const {
    const std::string name = names_.consumer(number);
    ask("CONSUMER.CREATE." + names_.stream() + "." + name,
        nats_client::consumer_request(names_.stream(), name, names_.messages(stream), ack_wait_ns_));
  }

 private:
  void ask(const std::string& what, const std::string& request) const {
    Connection connection(address_, connecting_);
    connection.say(subscribe_line(names_.inbox("k"), "", kAnswers));
    nats_client::asked(connection, "$JS.API." + what, request, names_.inbox("k"));
  }

  // Of a choice such as "30s".
  static std::int64_t seconds(const std::string& text) { return std::stoll(text); }

  const nats_client::Address& address_;
  const Names& names_;
  std::int64_t ack_wait_ns_;
  nats_client::ConnectionOptions connecting_;
};

class JetStream : public nats_client::NatsChannel {
 public:
  JetStream(const Options& options, std::size_t largest)
      : JetStream(options, Params(describe(), options.params), largest) {}

  JetStreamProducer open_producer() {
    return {left(producer_), settings_, names_, competes_ ? consumer_count_ : 1};
  }
  JetStreamConsumer open_consumer(unsigned index) {
    return {left(consumers_[index]),
            settings_,
            names_,
            {competes_ ? 0 : index, stream_of(index), index, pull_items_}};
  }

 private:
  JetStream(const Options& options, const Params& params, std::size_t largest)
      : NatsChannel(options, params, largest),
        names_(settings_.subjects),
        competes_(options.competing()),
        consumer_count_(options.consumers),
        pull_items_(bounded(static_cast<std::uint64_t>(params.number("pull_items")))) {
    setting_up([&] {
      stored_ = std::make_unique<StoredStream>(address_, connecting_.trust, names_, params);
      for (unsigned consumer = 0; consumer < options.consumers; ++consumer) {
        if (!competes_ || consumer == 0) stored_->add_consumer(consumer, stream_of(consumer));
        subscribe(connect_consumer(), consumer);
      }
      Connection& producer = connect_producer(false);
      producer.say(subscribe_line(names_.inbox("p"), "", kAnswers));
      producer.fence(0, {});
    });
    check_sync(params.choice("sync_interval"));
    grant(params);
    for (const char* name : {"storage", "sync_interval", "ack_wait"}) granted_[name] = params.choice(name);
    granted_["pull_items"] = static_cast<std::int64_t>(pull_items_);
  }

  // No client is told how a server syncs, so one that is to do so in a certain way has it in its name.
  void check_sync(const std::string& interval) const {
    if (interval == kSyncAsItIs || producer_->info().name == kSyncName + interval) return;
    throw Unavailable(
        "the NATS server " + address_.place() + " does not say that its sync_interval is " + interval,
        "take sync_interval=default, as the server has it; or leave it to queuemark to start one");
  }

  void subscribe(Connection& connection, unsigned index) const {
    connection.say(subscribe_line(names_.consumers_inbox(index), "", kMessages));
    connection.fence(0, {});
  }

  // What is asked for at once may be on its way at once; a server cuts off whom it would have to keep too
  // much for.
  std::uint64_t bounded(std::uint64_t items) const {
    return std::clamp<std::uint64_t>(kPulledBytes / settings_.payload_bytes, 1, items);
  }

  Names names_;
  bool competes_;
  unsigned consumer_count_;
  std::uint64_t pull_items_;
  std::unique_ptr<StoredStream> stored_;
};

}  // namespace

extern const Entry nats_js;
const Entry nats_js{describe, run_trial<JetStream>};

}  // namespace queuemark
