// Request and reply. The producer's process is the client, each consumer an echo.
//
// 1. Request n goes to consumer n modulo their number; replies are taken in the order of the requests, and no
//    more requests than asked for are on their way at once.
// 2. An echo verifies each request as any consumer verifies a message, and replies with the message of the
//    same number of a stream of its own, which the client verifies in the same way. What comes twice gets
//    no reply.
// 3. A round trip lasts from the hand-over of a request to its policy until its reply is verified.
// 4. Nobody waits for the other one for ever: an echo whose reply finds no room goes on taking requests,
//    and owes their replies. Content is made from numbers, so a debt is a number, too.
//
// Besides what loop.hpp asks for, the client's end has receive(stream, into, capacity), where messages are in
// place view(stream), release(stream, count) and slot_bytes(); both return none when the other end is closed.
// reply_comes_by(stream, sleeps, moment) waits until one of these would return at once, or until the moment,
// and says which. Where the replies of all streams come by one way it has, instead of receive(),
// next_reply(): the stream and the bytes of a reply, and those of its frame. An echo's end has
//
//   std::size_t offer(bytes, count);   // as much of a reply as there is room for; 0: none. Counts the call
//   bool request_before_room();        // waits until there is a request, or room: says whether a request
//
// or, in place, replies(): a ring that has room for all requests that may be on their way.
#pragma once

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "engine/loop.hpp"

namespace queuemark {

template <class Out>
concept TwoWay = requires(Out& out, std::byte* into) { out.receive(0u, into, 1u); } ||
                 requires(Out& out) { out.view(0u); } || requires(Out& out) { out.next_reply(); };

// The ends of a transport where requests are replied to: of its own, or those that it has anyway.
template <class T>
auto open_client(T& transport) {
  if constexpr (requires { transport.open_client(); }) {
    return transport.open_client();
  } else {
    return transport.open_producer();
  }
}
template <class T>
auto open_echo(T& transport, unsigned index) {
  if constexpr (requires { transport.open_echo(index); }) {
    return transport.open_echo(index);
  } else {
    return transport.open_consumer(index);
  }
}

// The stream of the replies to a stream of requests: another one, known to both ends.
inline Stream replies_to(Stream requests) {
  requests.seed = mixed(requests.seed ^ 0x4E9177);
  return requests;
}

// The client's side of all replies.
template <Framing kFraming, class In, class Content>
class Replies {
 public:
  // streams: those of the requests. frames: replies that may be on their way at once, of any one stream.
  Replies(In& in, const Content& content, const std::vector<Stream>& streams, std::uint64_t frames,
          std::size_t read_bytes)
      : in_(in),
        frame_bytes_(Frame<kFraming, Content>::largest(content)),
        read_bytes_(frame_bytes_ *
                    std::clamp<std::uint64_t>(read_bytes / frame_bytes_, 1, kInPlace ? 1 : frames)) {
    for (const Stream& stream : streams) {
      lines_.emplace_back(content, replies_to(stream), kOwnBuffer ? frame_bytes_ + read_bytes_ : 0, frames);
    }
  }

  void begin(Phase phase) {
    for (Line& line : lines_) {
      line.tally = Tally{};
      line.verifier.begin(phase);
      line.taken = 0;
    }
    bytes_ = 0;
  }

  bool clean() const {
    return std::all_of(lines_.begin(), lines_.end(), [](const Line& line) { return line.verifier.clean(); });
  }

  // Waits until the next reply of this stream has come; says when it was verified.
  Nanoseconds take(unsigned stream) {
    Line& line = lines_[stream];
    while (line.arrived() == line.taken) receive(stream, line);
    return line.verified_ns[line.taken++ % line.verified_ns.size()];
  }

  // Whether take() would return at once; waits for that until the moment.
  bool comes_by(unsigned stream, bool sleeps, Nanoseconds moment) {
    Line& line = lines_[stream];
    while (line.arrived() == line.taken) {
      if (!in_.reply_comes_by(stream, sleeps, moment)) return false;
      if constexpr (!kOneWayBack) return true;
      receive(stream, line);
    }
    return true;
  }

  // Once every reply was taken. sent: requests of each stream.
  void settle(Tally& tally, const std::vector<std::uint64_t>& sent) {
    for (unsigned stream = 0; stream < lines_.size(); ++stream) {
      Line& line = lines_[stream];
      line.verifier.finish(sent[stream], line.have);
      const Tally& found = line.tally;
      tally.round_trips += line.arrived() - std::min(found.corrupted, line.arrived());
      tally.reply_faults += found.corrupted + found.duplicated + found.reordered + found.lost + found.torn;
    }
    tally.reply_bytes = bytes_;
  }

 private:
  static constexpr bool kInPlace = requires(In& in) { in.view(0u); };
  static constexpr bool kOneWayBack = requires(In& in) { in.next_reply(); };
  static constexpr bool kOwnBuffer = !kInPlace && !kOneWayBack;

  struct Line {
    Line(const Content& content, const Stream& stream, std::size_t bytes, std::uint64_t frames)
        : verifier(content, stream, tally), buffer(bytes), verified_ns(frames) {}
    std::uint64_t arrived() const { return tally.messages - tally.duplicated; }
    // What came of it lately was verified just now.
    void verified(std::uint64_t before) {
      const Nanoseconds now = now_ns();
      for (; before < arrived(); ++before) verified_ns[before % verified_ns.size()] = now;
    }

    Tally tally;
    OrderedVerifier<Content> verifier;
    std::vector<std::byte> buffer;
    std::size_t have = 0;                  // bytes of a reply that has not come whole
    std::uint64_t taken = 0;               // of those that arrived
    std::vector<Nanoseconds> verified_ns;  // of those that may be on their way at once, by their numbers
  };

  // At least one reply, of this stream or, where all come by one way, of another one.
  void receive(unsigned stream, Line& line) {
    if constexpr (kOneWayBack) {
      const auto [whose, message, frame_bytes] = in_.next_reply();
      Line& found = lines_[whose];
      const std::uint64_t before = found.arrived();
      bytes_ += frame_bytes;
      found.verifier.message(message.data(), message.size());
      found.verified(before);
    } else {
      const std::uint64_t before = line.arrived();
      receive_from(stream, line);
      if (line.tally.torn) throw SystemError("the replies of " + name_of(stream) + " lost their framing");
      line.verified(before);
    }
  }

  void receive_from(unsigned stream, Line& line) {
    if constexpr (kInPlace) {
      const FullSlots slots = in_.view(stream);
      if (!slots.count) end(stream);
      verify(slots, line);
      in_.release(stream, slots.count);
    } else {
      std::byte* const buffer = line.buffer.data();
      const std::size_t received = in_.receive(stream, buffer + line.have, read_bytes_);
      if (!received) end(stream);
      bytes_ += received;
      if constexpr (kFraming == Framing::boundary) {
        line.verifier.message(buffer, received);
      } else {
        line.have += received;
        const std::size_t taken = line.verifier.template take<kFraming>(buffer, line.have);
        line.have -= taken;
        if (line.have && taken) std::memmove(buffer, buffer + taken, line.have);
      }
    }
  }

  void verify(const FullSlots& slots, Line& line) {
    if constexpr (kFraming == Framing::size) {
      bytes_ += slots.count * in_.slot_bytes();
      line.verifier.messages(slots.at, slots.count);
    } else {
      const std::byte* at = slots.at;
      for (std::uint64_t i = 0; i < slots.count; ++i, at += in_.slot_bytes()) {
        const std::size_t length = load32(at);
        bytes_ += kLengthBytes + length;
        line.verifier.message(at + kLengthBytes, length);
      }
    }
  }

  [[noreturn]] static void end(unsigned stream) {
    throw SystemError(name_of(stream) + " ended before it had replied to every request");
  }
  static std::string name_of(unsigned stream) { return "consumer " + std::to_string(stream); }

  In& in_;
  std::size_t frame_bytes_;
  std::size_t read_bytes_;
  std::deque<Line> lines_;  // a verifier stays where its tally is
  std::uint64_t bytes_ = 0;
};

template <Framing kFraming, class Out, class Content, class Policy>
class Client : public Production<Out, Content, Policy> {
  using Base = Production<Out, Content, Policy>;
  using Cursor = typename Content::Cursor;

 public:
  Client(Base&& production, const std::vector<Stream>& streams, std::size_t read_bytes, Departed& measured)
      : Base(std::move(production)),
        replies_(out_, content_, streams, options_.in_flight, read_bytes),
        measured_(measured),
        handed_ns_(options_.in_flight) {
    measured_.round_trip.touch();
    if (this->pacing_) measured_.raw.touch();
  }

  // One request to each consumer, then traffic for the warm-up's time.
  void warm_up() {
    begin(Phase::warmup);
    exchange([&] { return sent_ < given_.size(); });
    this->tell_parent();
    const Nanoseconds end = now_ns() + static_cast<Nanoseconds>(options_.warmup_s * 1e9);
    exchange([&] { return now_ns() < end; });
  }

  void window() {
    Tally& tally = this->shared_.producer().tally;
    tally.warmup_faults = !replies_.clean();
    replies_.begin(Phase::window);
    sent_ = taken_ = 0;
    fresh_ns_ = 0;
    in_window_ = true;
    this->window_of([&] {
      exchange([&] { return (!options_.items || sent_ < options_.items) && !this->scheduled_all(); });
      if (this->pacing_) this->wait_out();
    });
    replies_.settle(tally, given_);
    tally.handed_ns = last_handed_ns_;
  }

 private:
  using Base::begin;
  using Base::content_;
  using Base::cursors_;
  using Base::fault_;
  using Base::given_;
  using Base::options_;
  using Base::out_;
  using Base::pace_;
  using Base::policy_;

  // Requests and replies as long as `more()`, and until every reply is there.
  template <class More>
  void exchange(More&& more) {
    for (;;) {
      while (sent_ - taken_ < options_.in_flight && more() && !reply_comes_first() && ask()) {
      }
      if (taken_ == sent_) return;
      take();
    }
  }

  // Whether the next reply is there before the next request is due.
  bool reply_comes_first() {
    if (!this->paced() || taken_ == sent_) return false;
    const auto stream = static_cast<unsigned>(taken_ % given_.size());
    const Nanoseconds moment = this->opened_ns_ + due_ns(sent_);
    const Nanoseconds sleep_end = this->pacing_->pacer.sleeps_until(moment);
    if (now_ns() < sleep_end && replies_.comes_by(stream, true, sleep_end)) return true;
    return now_ns() < moment && replies_.comes_by(stream, false, moment);
  }
  Nanoseconds due_ns(std::uint64_t request) const { return this->pacing_->schedule.due(request); }

  // False when the trial was stopped.
  bool ask() {
    if (this->paced()) fresh_ns_ = this->opened_ns_ + this->await(due_ns(sent_));
    const auto stream = static_cast<unsigned>(sent_ % given_.size());
    const Nanoseconds now = fresh_ns_ ? std::exchange(fresh_ns_, 0) : now_ns();
    if (!(in_window_ ? give(stream) : Base::give(stream, 1) == 1)) return false;
    handed_ns_[sent_++ % handed_ns_.size()] = last_handed_ns_ = now;
    return true;
  }

  void take() {
    const Nanoseconds verified_ns = replies_.take(static_cast<unsigned>(taken_ % given_.size()));
    if (in_window_) measure(verified_ns);
    // Of replies that came together the second is older than the request that the first one made room for.
    fresh_ns_ = verified_ns > last_handed_ns_ ? verified_ns : 0;
    ++taken_;
  }

  void measure(Nanoseconds verified_ns) {
    const auto since = [verified_ns](Nanoseconds began_ns) {
      return static_cast<std::uint64_t>(std::max<Nanoseconds>(0, verified_ns - began_ns));
    };
    const Nanoseconds handed_ns = handed_ns_[taken_ % handed_ns_.size()];
    if (this->paced()) {
      measured_.round_trip.record(since(this->opened_ns_ + due_ns(taken_)));
      measured_.raw.record(since(handed_ns));
    } else {
      measured_.round_trip.record(since(handed_ns));
    }
  }

  // Within the window, where the fault is made if it falls on this request.
  bool give(unsigned stream) {
    if (fault_.kind == FaultKind::reorder && fault_.stream == stream) [[unlikely]] {
      if (const auto place = swapped(stream)) return give_as(stream, *place);
    }
    const std::uint64_t before = pace_.count();
    if (!this->turn(stream, 1, 1)) return false;
    // A dropped one is on its way like any other, as far as the client may know.
    if (fault_.kind == FaultKind::drop && pace_.count() == before) pace_.sent(1);
    return true;
  }

  // Which message goes in place of the one that is next, where two change places.
  std::optional<Cursor> swapped(unsigned stream) const {
    if (given_[stream] == fault_.message) {
      Cursor next = cursors_[stream];
      next.advance();
      return next;
    }
    return this->fault_made_ && given_[stream] == fault_.message + 1 ? first_ : std::nullopt;
  }

  bool give_as(unsigned stream, const Cursor& place) {
    if ((pace_.stopped() && !this->fault_made_) || !this->may_follow(stream, 1)) return false;
    first_ = cursors_[stream];
    policy_.one(stream, place, -1);
    cursors_[stream].advance();
    ++given_[stream];
    if (this->paced()) this->offered(1);
    if (!this->fault_made_) this->own_to_fault();
    return true;
  }

  Replies<kFraming, Out, Content> replies_;
  Departed& measured_;
  std::vector<Nanoseconds> handed_ns_;  // of the requests on their way, by their numbers
  Nanoseconds last_handed_ns_ = 0;
  Nanoseconds fresh_ns_ = 0;  // the clock as it was just read; 0 when something was done since
  bool in_window_ = false;
  std::uint64_t sent_ = 0;       // requests of this phase
  std::uint64_t taken_ = 0;      // their replies
  std::optional<Cursor> first_;  // of two that change places
};

// A consumer's end that replies: asked for more requests, it first replies to those that it gave before, as
// far as there is room. What became of these it reads from the consumer's own account.
template <Framing kFraming, class End, class Content>
class Echo : public End {
  using Framed = FrameOf<kFraming, End, Content>;

 public:
  // split: a reply's length goes in a call of its own.
  Echo(End&& end, const Content& content, const Stream& requests, const Slot& slot, bool split)
      : End(std::move(end)),
        content_(content),
        stream_(replies_to(requests)),
        slot_(slot),
        split_(split),
        framed_(static_cast<End&>(*this), 0),
        frame_(kInPlace ? 0 : framed_.largest(content)) {
    begin(Phase::warmup);
  }

  std::size_t receive(std::byte* into, std::size_t capacity)
    requires requires(End& end) { end.receive(into, capacity); }
  {
    reply();
    return End::receive(into, capacity);
  }
  std::size_t receive_many()
    requires requires(End& end) { end.receive_many(); }
  {
    reply();
    return End::receive_many();
  }
  FullSlots view()
    requires requires(End& end) { end.view(); }
  {
    reply();
    return End::view();
  }

 private:
  static constexpr bool kInPlace = requires(End& end) { end.replies(); };

  void begin(Phase phase) {
    phase_ = phase;
    replied_ = 0;
    next_ = content_.at(0, stream_.salt(phase), stream_.dealing);
  }

  void reply() {
    // All replies of the warm-up were taken before the window opened.
    if (phase_ != Phase::window && slot_.in_window()) begin(Phase::window);
    const std::uint64_t due = slot_.tally.messages - slot_.tally.duplicated;
    for (; replied_ < due; ++replied_) {
      if constexpr (kInPlace) {
        put();
      } else {
        while (!put()) {
          if (End::request_before_room()) return;
        }
      }
      next_.advance();
    }
  }

  void put()
    requires kInPlace
  {
    RingWriter& ring = End::replies();
    framed_.write(ring.claim(1, 1, this->calls).at, content_, next_);
    ring.fill(1);
    ring.publish(this->calls);
  }

  // False when there was no room for all of it; what went is not sent again.
  bool put()
    requires(!kInPlace)
  {
    if (!bytes_) bytes_ = make_frame();
    while (sent_ < bytes_) {
      const std::size_t end = split_ && sent_ < Framed::kHead ? Framed::kHead : bytes_;
      const std::size_t taken = End::offer(frame_.data() + sent_, end - sent_);
      if (!taken) return false;
      if (kFraming == Framing::boundary && taken != end - sent_) {
        throw SystemError("send a reply of " + std::to_string(bytes_) + " bytes: the system took " +
                          std::to_string(taken));
      }
      sent_ += taken;
    }
    sent_ = bytes_ = 0;
    return true;
  }

  // To whom is known from the requests alone: there is room for a longer name than the one before.
  std::size_t make_frame() {
    frame_.resize(std::max(frame_.size(), framed_.bytes(content_, next_)));
    return framed_.write(frame_.data(), content_, next_);
  }

  const Content& content_;
  Stream stream_;
  const Slot& slot_;
  bool split_;
  Framed framed_;
  Phase phase_ = Phase::warmup;
  std::uint64_t replied_ = 0;  // requests of this phase
  typename Content::Cursor next_{};
  std::vector<std::byte> frame_;  // the reply on its way
  std::size_t bytes_ = 0;         // of it; 0: none is on its way
  std::size_t sent_ = 0;          // of them
};

// Calls `use` with the policy that is asked for: a message a call, or two.
template <Framing kFraming, class Out, class Content, class Use>
void with_call_policy(Out& out, const Content& content, Pace& pace, const Options& options, Use&& use) {
  if constexpr (InPlace<Out>) {
    SlotPolicy<true, kFraming, Out, Content> policy(out, content, pace, options);
    return use(policy);
  } else {
    if constexpr (kFraming == Framing::length) {
      if (options.policy == Policy::split) {
        CallPolicy<true, kFraming, Out, Content> policy(out, content, pace, options);
        return use(policy);
      }
    }
    CallPolicy<false, kFraming, Out, Content> policy(out, content, pace, options);
    return use(policy);
  }
}

}  // namespace queuemark
