// Request and reply: what a client sends and when, what an echo replies, and what happens where there is no
// room.

#include "engine/pingpong.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <deque>

#include "tests/check.hpp"

using namespace queuemark;

namespace {

constexpr std::size_t kSize = 16;
using Content = FixedContent<kSize>;
using Bytes = std::vector<std::byte>;

Options options_of(unsigned consumers, std::uint64_t in_flight, std::uint64_t items) {
  Options options;
  options.pattern = Pattern::pingpong;
  options.consumers = consumers;
  options.in_flight = in_flight;
  options.items = items;
  options.warmup_s = 0;
  options.size_bytes = kSize;
  return options;
}

Stream stream_of(const Options& options, unsigned index) {
  return {options.seed, index, {index, options.consumers, 1}, 1, true};
}

// Message `number` of the replies to a stream, made without any echo.
Bytes reply_of(const Content& content, const Stream& requests, Phase phase, Sequence number) {
  Bytes bytes(kSize);
  const Stream replies = replies_to(requests);
  content.write(bytes.data(), content.at(number, replies.salt(phase), replies.dealing));
  return bytes;
}

// The producer's end, whose consumers reply at once and remember how many requests were ever on their way.
struct FakeEnds {
  FakeEnds(const Content& made, const Options& asked, const Shared& shared)
      : content(made), options(asked), control(shared), waiting(asked.consumers), counts(asked.consumers) {}

  void send(unsigned stream, const std::byte*, std::size_t count) {
    CHECK(count == kSize);
    last_but_one_ns = std::exchange(last_ns, now_ns());
    if (control.phase() == Phase::window && phase != Phase::window) {
      phase = Phase::window;
      counts.assign(counts.size(), 0);
    }
    if (phase == Phase::window) order.push_back(stream);
    Bytes reply = reply_of(content, stream_of(options, stream), phase, counts[stream]++);
    if (phase == Phase::window && order.size() == damaged) reply.back() ^= std::byte{1};
    waiting[stream].push_back(reply);
    ++calls;
    most = std::max(most, ++on_their_way);
  }
  std::size_t receive(unsigned stream, std::byte* into, std::size_t capacity) {
    CHECK(capacity >= kSize);
    if (waiting[stream].empty()) return 0;
    ++calls;
    std::size_t received = 0;
    do {
      std::memcpy(into + received, waiting[stream].front().data(), kSize);
      waiting[stream].pop_front();
      --on_their_way;
      received += kSize;
    } while (together && !waiting[stream].empty() && received + kSize <= capacity);
    return received;
  }
  bool reply_comes_by(unsigned stream, bool, Nanoseconds) { return !waiting[stream].empty(); }
  void finish() {}
  std::uint64_t calls = 0, bytes = 0;

  const Content& content;
  const Options& options;
  const Shared& control;
  Phase phase = Phase::warmup;
  std::vector<std::deque<Bytes>> waiting;
  std::vector<Sequence> counts;
  std::vector<unsigned> order;  // of the window's requests
  std::uint64_t on_their_way = 0, most = 0;
  std::size_t damaged = 0;                       // this request's reply, from 1 on
  bool together = false;                         // a call brings all replies that there are
  Nanoseconds last_ns = 0, last_but_one_ns = 0;  // when requests were sent
};

struct Exchange {
  Exchange(const Options& options, std::size_t damaged, Fault fault = {}, bool together = false)
      : shared(options.consumers, options.consumers), ends(content, options, shared), stamping(options, 1) {
    ends.damaged = damaged;
    ends.together = together;
    if (together) {
      run<Framing::size>(options, fault);
    } else {
      run<Framing::boundary>(options, fault);
    }
  }
  const Tally& tally() const { return shared.producer().tally; }

  template <Framing kFraming>
  void run(const Options& options, Fault fault) {
    Pace pace(shared);
    using Policy = CallPolicy<false, kFraming, FakeEnds, Content>;
    Policy policy(ends, content, pace, options);
    std::vector<Stream> streams;
    for (unsigned i = 0; i < options.consumers; ++i) streams.push_back(stream_of(options, i));
    const int event = eventfd(0, EFD_CLOEXEC);
    Client<kFraming, FakeEnds, Content, Policy> client(
        {ends, content, policy, pace, options, shared, &stamping, fault, 1, event, true}, streams, 64 * kSize,
        stamping.departed());
    client.warm_up();
    client.window();
    close(event);
  }

  Content content{kSize, 1};
  Shared shared;
  FakeEnds ends;
  Stamping stamping;
};

// Each request has its round trip, counted from its due time where it has one.
void round_trips_are_timed() {
  for (const double rate_per_s : {0.0, 20'000.0}) {
    for (const std::uint64_t in_flight : {1, 4}) {
      Options options = options_of(2, in_flight, 100);
      if (rate_per_s > 0) options.rate_per_s = rate_per_s;
      const Exchange exchange(options, 0);
      const Departed& measured = exchange.stamping.departed();
      CHECK(measured.round_trip.samples == 100);
      CHECK(measured.raw.samples == (rate_per_s > 0 ? 100 : 0));
      CHECK(measured.raw.sum_ns <= measured.round_trip.sum_ns);
      if (rate_per_s > 0) CHECK(measured.pacing.samples == 100);
      if (rate_per_s > 0) {
        const Nanoseconds opened = exchange.shared.control().window_open_ns.load();
        CHECK(exchange.tally().last_ns - opened >= 5'000'000);
      }
    }
  }
}

// Replies that come together make room for as many requests, each of which is handed over after the other.
void a_round_trip_begins_when_its_request_is_handed_over() {
  const Exchange exchange(options_of(1, 4, 100), 0, {}, true);
  CHECK(exchange.tally().round_trips == 100);
  CHECK(exchange.tally().handed_ns >= exchange.ends.last_but_one_ns);
}

void requests_go_round(unsigned consumers, std::uint64_t in_flight) {
  const Options options = options_of(consumers, in_flight, 100);
  const Exchange exchange(options, 0);
  CHECK(exchange.ends.order.size() == 100);
  for (std::size_t i = 0; i < 100; ++i) CHECK(exchange.ends.order[i] == i % consumers);
  CHECK(exchange.ends.most == std::max<std::uint64_t>(1, std::min<std::uint64_t>(in_flight, 100)));
  CHECK(exchange.tally().messages == 100 && exchange.tally().round_trips == 100);
  CHECK(exchange.tally().reply_faults == 0 && exchange.tally().reply_bytes == 100 * kSize);
  CHECK(exchange.tally().last_ns >= exchange.tally().handed_ns && exchange.tally().handed_ns > 0);
  CHECK(exchange.tally().warmup_messages == consumers && !exchange.tally().warmup_faults);
}

void a_damaged_reply_is_no_round_trip() {
  const Options options = options_of(3, 2, 100);
  const Exchange exchange(options, 50);
  CHECK(exchange.tally().messages == 100 && exchange.tally().round_trips == 99);
  CHECK(exchange.tally().reply_faults == 1);
}

void an_end_before_its_reply_is_an_error() {
  const Options options = options_of(1, 1, 100);
  bool said = false;
  try {
    Fault fault{FaultKind::drop};
    fault.message = 7;
    const Exchange exchange(options, 0, fault);
  } catch (const SystemError& error) {
    said = std::string(error.what()).find("ended before it had replied") != std::string::npos;
  }
  CHECK(said);
}

// A consumer's end with room for so many bytes of replies, that brings requests whenever there is none.
struct NarrowEnd {
  std::size_t receive(std::byte*, std::size_t) {
    ++received;
    return kSize;
  }
  std::size_t offer(const std::byte* from, std::size_t count) {
    ++calls;
    const std::size_t taken = std::min(count, room);
    went.insert(went.end(), from, from + taken);
    room -= taken;
    return taken;
  }
  bool request_before_room() {
    ++waits;
    if (room_at_wait && waits == room_at_wait) room = 1000;
    return !(room_at_wait && waits >= room_at_wait);
  }
  std::uint64_t calls = 0;
  std::size_t room = 0, received = 0;
  std::uint64_t waits = 0, room_at_wait = 0;
  Bytes went;
};

// As the consumer's loop does: asks for a request, and counts it.
template <class End>
void take(End& echo, Slot& slot, Phase phase, bool repeated = false) {
  Bytes into(kSize);
  CHECK(echo.receive(into.data(), kSize) == kSize);
  ++slot.tally.messages;
  slot.tally.duplicated += repeated;
  slot.publish(slot.tally.messages, phase);
}

template <Framing kFraming>
void replies_are_owed_where_there_is_no_room(bool split, std::size_t room) {
  const Content content(kSize, 1);
  const Options options = options_of(1, 8, 100);
  const Stream stream = stream_of(options, 0);
  const Shared shared(1, 1);
  Slot& slot = shared.consumer(0);
  NarrowEnd end;
  end.room = room;
  end.room_at_wait = 6;
  Echo<kFraming, NarrowEnd, Content> echo(std::move(end), content, stream, slot, split);
  for (int i = 0; i < 10; ++i) take(echo, slot, Phase::warmup);
  // Nine were counted when the tenth was asked for: those have their replies.
  constexpr std::size_t kHead = kFraming == Framing::length ? kLengthBytes : 0;
  CHECK(echo.received == 10 && echo.went.size() == 9 * (kHead + kSize));
  for (Sequence i = 0; i < 9; ++i) {
    const std::byte* frame = echo.went.data() + i * (kHead + kSize);
    if (kHead) CHECK(load32(frame) == kSize);
    const Bytes wanted = reply_of(content, stream, Phase::warmup, i);
    CHECK(std::memcmp(frame + kHead, wanted.data(), kSize) == 0);
  }
}

void what_is_repeated_has_no_reply_and_the_window_begins_anew() {
  const Content content(kSize, 1);
  const Options options = options_of(1, 1, 100);
  const Stream stream = stream_of(options, 0);
  const Shared shared(1, 1);
  Slot& slot = shared.consumer(0);
  NarrowEnd end;
  end.room = 1000;
  Echo<Framing::boundary, NarrowEnd, Content> echo(std::move(end), content, stream, slot, false);
  take(echo, slot, Phase::warmup);
  take(echo, slot, Phase::warmup);
  take(echo, slot, Phase::warmup, true);
  Bytes into(kSize);
  echo.receive(into.data(), kSize);
  CHECK(echo.went.size() == 2 * kSize && echo.calls == 2);
  slot.tally = Tally{};
  slot.tally.messages = 1;
  slot.publish(1, Phase::window);
  echo.receive(into.data(), kSize);
  CHECK(echo.went.size() == 3 * kSize);
  CHECK(Bytes(echo.went.end() - kSize, echo.went.end()) == reply_of(content, stream, Phase::window, 0));
}

void half_a_datagram_is_no_reply() {
  const Content content(kSize, 1);
  const Options options = options_of(1, 1, 100);
  const Shared shared(1, 1);
  Slot& slot = shared.consumer(0);
  NarrowEnd end;
  end.room = kSize / 2;
  Echo<Framing::boundary, NarrowEnd, Content> echo(std::move(end), content, stream_of(options, 0), slot,
                                                   false);
  take(echo, slot, Phase::warmup);
  bool said = false;
  try {
    take(echo, slot, Phase::warmup);
  } catch (const SystemError& error) {
    said = std::string(error.what()).find("the system took 8") != std::string::npos;
  }
  CHECK(said);
}

}  // namespace

int main() {
  round_trips_are_timed();
  a_round_trip_begins_when_its_request_is_handed_over();
  for (const unsigned consumers : {1u, 3u}) {
    for (const std::uint64_t in_flight : {1, 2, 7, 100}) requests_go_round(consumers, in_flight);
  }
  a_damaged_reply_is_no_round_trip();
  an_end_before_its_reply_is_an_error();
  for (const bool split : {false, true}) {
    for (const std::size_t room : {0, 1, 4, 19, 20, 21, 1000}) {
      replies_are_owed_where_there_is_no_room<Framing::length>(split, room);
    }
  }
  replies_are_owed_where_there_is_no_room<Framing::size>(false, 17);
  replies_are_owed_where_there_is_no_room<Framing::boundary>(false, 32);
  what_is_repeated_has_no_reply_and_the_window_begins_anew();
  half_a_datagram_is_no_reply();
  return test::verdict();
}
