// Many messages a call, and one message to many: nothing is left out, sent twice or sent to the wrong one,
// however much a call takes.

#include <algorithm>
#include <memory>
#include <vector>

#include "engine/fanout.hpp"
#include "engine/policy.hpp"
#include "tests/check.hpp"
#include "tests/temporary_file.hpp"
#include "transports/gathered.hpp"

using namespace queuemark;
using test::Dice;
using Bytes = std::vector<std::byte>;

namespace {

// Keeps messages apart, and takes as many a call as the dice say; with `room` it fails when that is used up.
struct Packets {
  Packets(unsigned streams, std::uint64_t seed, std::uint64_t messages = UINT64_MAX)
      : taken(streams), dice(seed), room(messages) {}
  void send(unsigned stream, const std::byte* from, std::size_t count) {
    taken[stream].emplace_back(from, from + count);
  }
  std::size_t send_many(unsigned stream, std::span<const iovec> messages) {
    largest_call = std::max(largest_call, messages.size());
    const std::size_t count = std::min<std::size_t>(1 + dice.below(messages.size()), room);
    if (!count) throw SystemError("no room");
    room -= count;
    for (const iovec& message : messages.first(count)) {
      send(stream, static_cast<const std::byte*>(message.iov_base), message.iov_len);
    }
    return count;
  }
  void finish() {}
  std::vector<std::vector<Bytes>> taken;
  Dice dice;
  std::uint64_t room;
  std::size_t largest_call = 0;
  std::uint64_t calls = 0, bytes = 0;
};

Options options_of(unsigned consumers, std::uint64_t items) {
  Options options;
  options.consumers = consumers;
  options.policy = Policy::vector;
  options.vector_items = items;
  return options;
}

template <Framing kFraming, class Content>
std::vector<Bytes> frames(const Content& content, Sequence count) {
  std::vector<Bytes> made;
  auto cursor = content.at(0, 1, {});
  for (Sequence i = 0; i < count; ++i, cursor.advance()) {
    Bytes frame(Frame<kFraming, Content>::largest(content));
    frame.resize(Frame<kFraming, Content>::write(frame.data(), content, cursor));
    made.push_back(std::move(frame));
  }
  return made;
}

template <Framing kFraming, class Content>
void every_message_once(const Content& content) {
  for (const std::uint64_t items : {1, 2, 3, 64, 1024}) {
    Packets out(3, items);
    const Shared shared(3, 3);
    Pace pace(shared);
    pace.begin(Phase::window);
    const Options options = options_of(3, items);
    VectorPolicy<kFraming, Packets, Content> policy(out, content, pace, options);
    std::vector<typename Content::Cursor> cursors(3, content.at(0, 1, {}));
    std::uint64_t given = 0;
    for (unsigned turn = 0; turn < 60; ++turn) {
      given += policy.run(turn % 3, cursors[turn % 3], 7);
      CHECK(pace.count() + policy.unsent() == given);
    }
    policy.flush();
    CHECK(given == 420 && pace.count() == 420 && policy.unsent() == 0);
    for (const auto& stream : out.taken) CHECK(stream == (frames<kFraming>(content, 140)));
    CHECK(out.largest_call == std::min<std::uint64_t>(items, 140));
  }
}

void of_many_sizes() {
  std::string text;
  for (int i = 0; i < 60; ++i) text += std::string(1 + i * 37 % 300, 'a') + "\n";
  const test::TemporaryFile file(text);
  const FileContent content(std::make_shared<const Messages>(file.path(), MessagesFormat::lines));
  every_message_once<Framing::boundary>(content);
  every_message_once<Framing::length>(content);
}

void damage_is_one_bit() {
  const FixedContent<0> content(16, 1);
  Packets out(1, 1);
  const Shared shared(1, 1);
  Pace pace(shared);
  const Options options = options_of(1, 4);
  VectorPolicy<Framing::boundary, Packets, FixedContent<0>> policy(out, content, pace, options);
  auto cursor = content.at(0, 1, {});
  policy.one(0, cursor, 77);
  cursor.advance();
  policy.run(0, cursor, 3);
  auto wanted = frames<Framing::boundary>(content, 4);
  wanted[0][9] ^= std::byte{1} << 5;
  CHECK(out.taken[0] == wanted);
}

// A call that fails behind others that did not: what those took was sent, the rest was not.
void a_failed_call_is_not_counted() {
  const FixedContent<0> content(16, 1);
  for (std::uint64_t room = 0; room < 200; room += 13) {
    Packets out(1, room, room);
    const Shared shared(1, 1);
    Pace pace(shared);
    pace.begin(Phase::window);
    const Options options = options_of(1, 64);
    VectorPolicy<Framing::boundary, Packets, FixedContent<0>> policy(out, content, pace, options);
    auto cursor = content.at(0, 1, {});
    CHECK_THROWS(SystemError, policy.run(0, cursor, 1000));
    CHECK(pace.count() == room && out.taken[0].size() == room);
  }
}

// Wherever a call of a byte stream ends, inside a message or between two, the rest of that one follows.
void whole_messages_of_a_stream() {
  Dice dice(4);
  for (int round = 0; round < 2000; ++round) {
    std::vector<Bytes> messages(1 + dice.below(8));
    std::vector<iovec> elements;
    Bytes all;
    for (Bytes& message : messages) {
      message.resize(1 + dice.below(20));
      for (std::byte& byte : message) byte = static_cast<std::byte>(dice.next());
      all.insert(all.end(), message.begin(), message.end());
      elements.push_back({message.data(), message.size()});
    }
    const std::size_t bytes = 1 + dice.below(all.size());
    Bytes sent(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(bytes));
    const std::size_t taken = whole_messages(elements, bytes, [&](const std::byte* rest, std::size_t count) {
      sent.insert(sent.end(), rest, rest + count);
    });
    Bytes wanted;
    for (std::size_t i = 0; i < taken; ++i)
      wanted.insert(wanted.end(), messages[i].begin(), messages[i].end());
    CHECK(taken >= 1 && sent == wanted);
  }
}

void fan_out_gives_all_to_all() {
  const FixedContent<0> content(24, 1);
  for (const Policy kind : {Policy::each, Policy::vector}) {
    FanOut to_all(Packets(4, 9), 4);
    const Shared shared(4, 1);
    Pace pace(shared);
    pace.begin(Phase::window);
    Options options = options_of(4, 16);
    options.pattern = Pattern::fanout;
    options.policy = kind;
    with_policy<Framing::boundary>(to_all, content, pace, options, [&](auto& policy) {
      auto cursor = content.at(0, 1, {});
      CHECK(policy.run(0, cursor, 100) == 100);
      policy.flush();
    });
    CHECK(pace.count() == 100);
    for (const auto& consumer : to_all.taken) CHECK(consumer == (frames<Framing::boundary>(content, 100)));
  }
}

}  // namespace

int main() {
  every_message_once<Framing::boundary>(FixedContent<0>(16, 1));
  every_message_once<Framing::length>(FixedContent<0>(13, 1));
  every_message_once<Framing::size>(SmallContent(3));
  of_many_sizes();
  damage_is_one_bit();
  a_failed_call_is_not_counted();
  whole_messages_of_a_stream();
  fan_out_gives_all_to_all();
  return test::verdict();
}
