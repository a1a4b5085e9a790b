// Policies: the very bytes that go into calls, and when a buffer is written.

#include <vector>

#include "engine/mix.hpp"
#include "engine/policy.hpp"
#include "tests/check.hpp"
#include "tests/temporary_file.hpp"

using namespace queuemark;
using Bytes = std::vector<std::byte>;

namespace {

struct Call {
  unsigned stream;
  std::size_t bytes;
};

// Takes everything and remembers it.
struct FakeOut {
  explicit FakeOut(unsigned count) : streams(count) {}
  void send(unsigned stream, const std::byte* from, std::size_t count) {
    made.push_back({stream, count});
    streams[stream].insert(streams[stream].end(), from, from + count);
  }
  std::vector<Bytes> streams;
  std::vector<Call> made;
};

Options options_of(unsigned streams, std::uint64_t buffer_bytes = 0, std::uint64_t linger_us = 0) {
  Options options;
  options.consumers = streams;
  options.dispatch = Dispatch::deal;
  options.policy = buffer_bytes ? Policy::buffer : Policy::each;
  options.buffer_bytes = buffer_bytes;
  options.linger_us = linger_us;
  return options;
}

// The messages of one stream behind each other, made without any policy.
template <Framing kFraming, class Content>
Bytes expected(const Content& content, Sequence count) {
  Bytes bytes;
  auto cursor = content.at(0, 1, {});
  for (Sequence i = 0; i < count; ++i, cursor.advance()) {
    const std::size_t size = content.size(cursor), head = kFraming == Framing::length ? kLengthBytes : 0;
    const std::size_t end = bytes.size();
    bytes.resize(end + head + size);
    if (head) store32(&bytes[end], static_cast<std::uint32_t>(size));
    content.write(&bytes[end + head], cursor);
  }
  return bytes;
}

template <bool kSplit, Framing kFraming, class Content>
void one_call_each(const Content& content) {
  FakeOut out(1);
  const Shared shared(1, 1);
  Pace pace(shared);
  pace.begin(Phase::window);
  const Options options = options_of(1);
  CallPolicy<kSplit, kFraming, FakeOut, Content> policy(out, content, pace, options);
  auto cursor = content.at(0, 1, {});
  CHECK(policy.run(0, cursor, 100) == 100);
  CHECK(cursor.sequence == 100 && pace.count() == 100 && policy.unsent() == 0);
  CHECK(shared.producer().taken_in(Phase::window) == 100);
  CHECK(out.made.size() == (kSplit ? 200 : 100));
  CHECK(out.streams[0] == (expected<kFraming>(content, 100)));
  if (kSplit) CHECK(out.made[0].bytes == kLengthBytes);
}

// All calls but those of an oversize message hold as many whole frames as fit, and nothing is held back.
template <Framing kFraming, class Content>
void buffered(const Content& content, std::uint64_t limit, Sequence count) {
  FakeOut out(1);
  const Shared shared(1, 1);
  Pace pace(shared);
  pace.begin(Phase::window);
  const Options options = options_of(1, limit);
  BufferPolicy<kFraming, FakeOut, Content> policy(out, content, pace, options);
  auto cursor = content.at(0, 1, {});
  for (Sequence done = 0; done < count;) done += policy.run(0, cursor, std::min<Sequence>(7, count - done));
  CHECK(pace.count() + policy.unsent() == count);
  policy.flush();
  CHECK(pace.count() == count && policy.unsent() == 0);
  const std::size_t calls = out.made.size();
  policy.flush();
  CHECK(out.made.size() == calls);
  CHECK(out.streams[0] == (expected<kFraming>(content, count)));
  // What each call should have held, counted frame by frame.
  constexpr std::size_t kHead = kFraming == Framing::length ? kLengthBytes : 0;
  std::vector<std::size_t> wanted;
  auto place = content.at(0, 1, {});
  std::size_t held = 0;
  for (Sequence i = 0; i < count; ++i, place.advance()) {
    const std::size_t frame = kHead + content.size(place);
    if (held && held + frame > limit) {
      wanted.push_back(held);
      held = 0;
    }
    held += frame;
    if (held > limit) {
      wanted.push_back(held);
      held = 0;
    }
  }
  if (held) wanted.push_back(held);
  bool same = wanted.size() == out.made.size();
  for (std::size_t i = 0; same && i < wanted.size(); ++i) same = out.made[i].bytes == wanted[i];
  CHECK_THAT(same, "limit " + std::to_string(limit) + ", size " + std::to_string(content.largest()));
}

void bytes_and_calls() {
  for (const std::size_t size : {8, 9, 64, 5000}) {
    const FixedContent<0> content(size, 1);
    one_call_each<false, Framing::boundary>(content);
    one_call_each<false, Framing::size>(content);
    one_call_each<false, Framing::length>(content);
    one_call_each<true, Framing::length>(content);
    for (const std::uint64_t limit : {std::uint64_t{1}, size - 1, size, size + 3, size + 4, size + 5,
                                      10 * size, 10 * (size + 4), std::uint64_t{65536}}) {
      buffered<Framing::length>(content, limit, 100);
      buffered<Framing::size>(content, limit, 100);
    }
  }
  one_call_each<false, Framing::length>(SmallContent(1));
  buffered<Framing::length>(SmallContent(3), 16, 100);
}

template <class Content>
void of_many_sizes(const Content& content) {
  one_call_each<false, Framing::boundary>(content);
  one_call_each<true, Framing::length>(content);
  for (const std::uint64_t limit : {1, 20, 100, 312, 313, 1000, 16384}) {
    buffered<Framing::length>(content, limit, 200);
  }
}

void messages_of_many_sizes() {
  std::string text;
  for (int i = 0; i < 60; ++i) text += std::string(1 + i * 37 % 300, 'a') + "\n";
  const test::TemporaryFile file(text);
  of_many_sizes(FileContent(std::make_shared<const Messages>(file.path(), MessagesFormat::lines)));
  of_many_sizes(MixContent({{8, 4000}, {90, 4000}, {308, 1500}, {400, 500}}, 1));
}

void streams_do_not_mix() {
  const FixedContent<0> content(16, 1);
  FakeOut out(3);
  const Shared shared(3, 3);
  Pace pace(shared);
  pace.begin(Phase::window);
  const Options options = options_of(3, 100);
  BufferPolicy<Framing::length, FakeOut, FixedContent<0>> policy(out, content, pace, options);
  std::vector<FixedContent<0>::Cursor> cursors(3, content.at(0, 1, {}));
  for (unsigned turn = 0; turn < 30; ++turn) policy.run(turn % 3, cursors[turn % 3], 4);
  policy.flush();
  for (const Bytes& stream : out.streams) CHECK(stream == (expected<Framing::length>(content, 40)));
  CHECK(pace.count() == 120);
}

void damage_is_one_bit() {
  const FixedContent<0> content(16, 1);
  for (std::int64_t bit = 0; bit < 128; ++bit) {
    FakeOut plain(1), gathered(1);
    const Shared shared(1, 1);
    Pace pace(shared);
    const Options options = options_of(1, 64);
    CallPolicy<false, Framing::length, FakeOut, FixedContent<0>> each(plain, content, pace, options);
    BufferPolicy<Framing::length, FakeOut, FixedContent<0>> buffer(gathered, content, pace, options);
    each.one(0, content.at(0, 1, {}), bit);
    buffer.one(0, content.at(0, 1, {}), bit);
    buffer.flush();
    Bytes wanted = expected<Framing::length>(content, 1);
    wanted[kLengthBytes + static_cast<std::size_t>(bit) / 8] ^= std::byte{1} << (bit % 8);
    CHECK(plain.streams[0] == wanted);
    CHECK(gathered.streams[0] == wanted);
  }
}

void stopped() {
  const FixedContent<0> content(16, 1);
  FakeOut out(1);
  const Shared shared(1, 1);
  Pace pace(shared);
  const Options options = options_of(1, 65536);
  CallPolicy<false, Framing::length, FakeOut, FixedContent<0>> each(out, content, pace, options);
  BufferPolicy<Framing::length, FakeOut, FixedContent<0>> buffer(out, content, pace, options);
  shared.control().stop.store(1);
  auto cursor = content.at(0, 1, {});
  CHECK(each.run(0, cursor, 100) == 0 && cursor.sequence == 0);
  // What was gathered was accepted from the loop and is told; a buffer looks up only when it is full.
  const std::uint64_t done = buffer.run(0, cursor, 1'000'000);
  CHECK(done == cursor.sequence && done < 1'000'000 && buffer.unsent() == done);
}

// A lone message does not wait for company longer than the linger; a loop that goes on looks after it.
void lingering() {
  const FixedContent<0> content(16, 1);
  FakeOut out(2);
  const Shared shared(2, 2);
  Pace pace(shared);
  const Options options = options_of(2, 65536, 1000);
  BufferPolicy<Framing::length, FakeOut, FixedContent<0>> policy(out, content, pace, options);
  auto cursor = content.at(0, 1, {}), other = content.at(0, 1, {});
  policy.run(0, cursor, 1);
  CHECK(policy.unsent() == 1 || pace.count() == 1);
  const Nanoseconds deadline = now_ns() + 2'000'000'000;
  while (out.streams[0].empty() && now_ns() < deadline) policy.run(1, other, 1);
  CHECK(out.streams[0] == (expected<Framing::length>(content, 1)));
  policy.flush();
  CHECK(out.streams[1] == (expected<Framing::length>(content, other.sequence)));
}

// A producer that waits between messages is told when it must look after those that linger.
void lingering_while_waiting() {
  const FixedContent<0> content(16, 1);
  for (const std::uint64_t linger_us : {0, 60'000'000}) {
    FakeOut out(2);
    const Shared shared(2, 2);
    Pace pace(shared);
    const Options options = options_of(2, 65536, linger_us);
    BufferPolicy<Framing::length, FakeOut, FixedContent<0>> policy(out, content, pace, options);
    CHECK(policy.next_flush_ns() == INT64_MAX);
    auto cursor = content.at(0, 1, {});
    const Nanoseconds before = now_ns();
    policy.run(1, cursor, 1);
    const Nanoseconds due = policy.next_flush_ns();
    CHECK(linger_us ? due >= before + 60'000'000'000 : due == INT64_MAX);
    policy.flush_overdue(linger_us ? due - 1 : INT64_MAX);
    CHECK(out.made.empty());
    if (!linger_us) continue;
    policy.flush_overdue(due);
    CHECK(out.made.size() == 1 && policy.next_flush_ns() == INT64_MAX);
  }
}

}  // namespace

int main() {
  bytes_and_calls();
  messages_of_many_sizes();
  streams_do_not_mix();
  damage_is_one_bit();
  stopped();
  lingering();
  lingering_while_waiting();
  return test::verdict();
}
