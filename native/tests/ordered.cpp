// The verifier of a stream: what was dropped, repeated, exchanged or damaged is counted, wherever it was.

#include <set>
#include <vector>

#include "engine/mix.hpp"
#include "engine/sequence.hpp"
#include "tests/check.hpp"

using namespace queuemark;
using test::Dice;

namespace {

constexpr std::uint64_t kSeed = 11;
using Bytes = std::vector<std::byte>;

// One message of a made-up stream: a number, and perhaps a bit that was flipped on its way.
struct Arrival {
  Sequence number;
  std::int64_t bit = -1;
};
using Arrivals = std::vector<Arrival>;

Arrivals honest(Sequence count) {
  Arrivals arrivals;
  for (Sequence number = 0; number < count; ++number) arrivals.push_back({number});
  return arrivals;
}

template <class Content>
Bytes stream_bytes(const Content& content, const Stream& stream, const Arrivals& arrivals, bool framed) {
  Bytes bytes;
  for (const Arrival& arrival : arrivals) {
    const auto cursor = content.at(arrival.number, stream.salt(Phase::window), stream.dealing);
    const std::size_t size = content.size(cursor), head = framed ? kLengthBytes : 0;
    Bytes frame(head + size);
    if (framed) store32(frame.data(), static_cast<std::uint32_t>(size));
    content.write(frame.data() + head, cursor);
    if (arrival.bit >= 0) frame[head + arrival.bit / 8] ^= std::byte{1} << (arrival.bit % 8);
    bytes.insert(bytes.end(), frame.begin(), frame.end());
  }
  return bytes;
}

// Hands bytes over as a consumer does: in pieces, the rest of each kept in front of the next.
template <Framing kFraming, class Verifier>
std::size_t feed(Verifier& verifier, const Bytes& bytes, std::uint64_t piece_seed) {
  Dice dice(piece_seed);
  const std::size_t high = piece_seed % 3 == 0 ? bytes.size() + 1 : piece_seed % 3 == 1 ? 13 : 700;
  Bytes held;
  for (std::size_t done = 0; done < bytes.size();) {
    const std::size_t piece = std::min<std::size_t>(1 + dice.below(high), bytes.size() - done);
    held.insert(held.end(), bytes.begin() + done, bytes.begin() + done + piece);
    done += piece;
    const std::size_t taken = verifier.template take<kFraming>(held.data(), held.size());
    held.erase(held.begin(), held.begin() + taken);
  }
  return held.size();
}

template <class Content>
Tally verified(const Content& content, const Arrivals& arrivals, Sequence dealt, std::uint64_t piece_seed,
               bool framed = true, std::uint64_t sample = 1) {
  const Stream stream{kSeed, 2, {2, 4, 1000}, sample};
  Tally tally;
  OrderedVerifier<Content> verifier(content, stream, tally);
  verifier.begin(Phase::window);
  const Bytes bytes = stream_bytes(content, stream, arrivals, framed);
  const std::size_t rest = framed ? feed<Framing::length>(verifier, bytes, piece_seed)
                                  : feed<Framing::size>(verifier, bytes, piece_seed);
  verifier.finish(dealt, rest);
  return tally;
}

struct Counts {
  std::uint64_t lost = 0, duplicated = 0, reordered = 0, corrupted = 0;
  bool operator==(const Counts&) const = default;
};
Counts counts(const Tally& tally) { return {tally.lost, tally.duplicated, tally.reordered, tally.corrupted}; }
std::string told(const Tally& tally) {
  return std::to_string(tally.lost) + " lost, " + std::to_string(tally.duplicated) + " duplicated, " +
         std::to_string(tally.reordered) + " reordered, " + std::to_string(tally.corrupted) + " corrupted";
}

template <class Use>
void for_each_size(Use&& use) {
  for (std::size_t size = 1; size < 8; ++size) use(SmallContent(size));
  for (const std::size_t size : {8, 9, 16, 4096}) use(FixedContent<0>(size, kSeed));
  use(FixedContent<16>(16, kSeed));
}

void no_false_alarm() {
  for_each_size([](const auto& content) {
    for (const Sequence count : {0, 1, 2, 255, 256, 257, 1000}) {
      for (std::uint64_t pieces = 0; pieces < 3; ++pieces) {
        for (const bool framed : {true, false}) {
          const Tally tally = verified(content, honest(count), count, pieces, framed);
          const std::string of = std::to_string(content.largest()) + " B x " + std::to_string(count);
          CHECK_THAT(counts(tally) == Counts{}, of + ": " + told(tally));
          CHECK_THAT(tally.messages == count && tally.checked == count && !tally.torn, of);
          CHECK_THAT(tally.message_bytes == count * content.largest(), of);
        }
      }
    }
  });
}

// Exactly one fault, at the first, the last and places between.
void single_faults() {
  constexpr Sequence kCount = 300;
  for_each_size([](const auto& content) {
    for (const Sequence at :
         {Sequence{0}, Sequence{1}, Sequence{127}, Sequence{255}, Sequence{256}, kCount - 2, kCount - 1}) {
      const std::string of = std::to_string(content.largest()) + " B at " + std::to_string(at);
      const auto expect = [&](const Arrivals& arrivals, const Counts& wanted, const char* fault) {
        for (std::uint64_t pieces = 0; pieces < 3; ++pieces) {
          const Tally tally = verified(content, arrivals, kCount, pieces);
          CHECK_THAT(counts(tally) == wanted, of + ", " + fault + ": " + told(tally));
          CHECK(tally.messages == arrivals.size());
        }
      };
      const auto place = static_cast<std::ptrdiff_t>(at);
      Arrivals arrivals = honest(kCount);
      arrivals.erase(arrivals.begin() + place);
      expect(arrivals, {1, 0, 0, 0}, "drop");
      arrivals = honest(kCount);
      arrivals.insert(arrivals.begin() + place, arrivals[at]);
      expect(arrivals, {0, 1, 0, 0}, "duplicate");
      for (const std::size_t bit : {std::size_t{0}, 8 * content.largest() - 1, 4 * content.largest()}) {
        arrivals = honest(kCount);
        arrivals[at].bit = static_cast<std::int64_t>(bit);
        expect(arrivals, {0, 0, 0, 1}, "flip");
      }
      if (at + 1 < kCount) {
        arrivals = honest(kCount);
        std::swap(arrivals[at], arrivals[at + 1]);
        expect(arrivals, {0, 0, 1, 0}, "reorder");
      }
    }
  });
}

// Any mixture of losses, repetitions and exchanges, against sets (messages that prove their numbers).
template <class Content>
void random_order(const Content& content) {
  Dice dice(5);
  for (int round = 0; round < 3000; ++round) {
    const Sequence dealt = 1 + dice.below(60);
    Arrivals arrivals = honest(dealt);
    for (std::uint64_t fault = dice.below(6); fault && !arrivals.empty(); --fault) {
      const auto at = static_cast<std::ptrdiff_t>(dice.below(arrivals.size()));
      const auto other = static_cast<std::ptrdiff_t>(dice.below(arrivals.size()));
      const std::uint64_t kind = dice.below(3);
      if (kind == 0) arrivals.erase(arrivals.begin() + at);
      if (kind == 1) arrivals.insert(arrivals.begin() + other, arrivals[static_cast<std::size_t>(at)]);
      if (kind == 2)
        std::swap(arrivals[static_cast<std::size_t>(at)], arrivals[static_cast<std::size_t>(other)]);
    }
    std::set<Sequence> seen;
    Counts wanted;
    for (const Arrival& arrival : arrivals) {
      const bool late = !seen.empty() && arrival.number < *seen.rbegin();
      if (!seen.insert(arrival.number).second) {
        ++wanted.duplicated;
      } else if (late) {
        ++wanted.reordered;
      }
    }
    wanted.lost = dealt - seen.size();
    const Tally tally = verified(content, arrivals, dealt, static_cast<std::uint64_t>(round));
    CHECK_THAT(counts(tally) == wanted, told(tally));
  }
}

// Whatever happens: nothing goes unnoticed, and what arrived and what was lost add up.
void random_damage() {
  Dice dice(6);
  for_each_size([&](const auto& content) {
    for (int round = 0; round < 300; ++round) {
      const Sequence dealt = 2 + dice.below(100);
      Arrivals arrivals = honest(dealt);
      const Bytes sent = stream_bytes(content, {kSeed, 2, {2, 4, 1000}}, arrivals, true);
      for (std::uint64_t fault = 1 + dice.below(5); fault && !arrivals.empty(); --fault) {
        const std::size_t at = dice.below(arrivals.size());
        const auto place = arrivals.begin() + static_cast<std::ptrdiff_t>(at);
        switch (dice.below(4)) {
          case 0:
            arrivals.erase(place);
            break;
          case 1:
            arrivals.insert(place, *place);
            break;
          case 2:
            std::swap(*place, arrivals[dice.below(arrivals.size())]);
            break;
          default:
            place->bit = static_cast<std::int64_t>(dice.below(8 * content.largest()));
        }
      }
      const bool same = stream_bytes(content, {kSeed, 2, {2, 4, 1000}}, arrivals, true) == sent;
      const Tally tally = verified(content, arrivals, dealt, static_cast<std::uint64_t>(round));
      CHECK_THAT((counts(tally) == Counts{}) == same, told(tally));
      const bool beyond = tally.messages - tally.duplicated + tally.lost > dealt;
      CHECK_THAT(
          beyond ? tally.corrupted > 0 : tally.messages - tally.duplicated + tally.lost == dealt,
          std::to_string(content.largest()) + " B, " + std::to_string(dealt) + " dealt: " + told(tally));
    }
  });
}

// A whole lap of the small numbers, lost in the middle, leaves no gap; the sender's count shows it.
void a_lost_lap() {
  const SmallContent content(1);
  for (const Sequence first : {Sequence{0}, Sequence{100}, Sequence{744}}) {
    Arrivals arrivals = honest(1000);
    const auto begin = arrivals.begin() + static_cast<std::ptrdiff_t>(first);
    arrivals.erase(begin, begin + 256);
    CHECK(verified(content, arrivals, 1000, 0).lost == 256);
  }
}

void a_lost_tail_and_an_unsent_one() {
  for_each_size([](const auto& content) {
    CHECK(verified(content, honest(7), 10, 0).lost == 3);
    CHECK(verified(content, honest(0), 10, 0).lost == 10);
    CHECK(verified(content, honest(10), 7, 0).corrupted == 3);
  });
}

void a_sample() {
  const FixedContent<0> content(64, kSeed);
  for (const std::uint64_t sample : {1, 2, 10, 999}) {
    for (std::uint64_t pieces = 0; pieces < 3; ++pieces) {
      const Tally tally = verified(content, honest(1000), 1000, pieces, true, sample);
      CHECK(counts(tally) == Counts{} && tally.checked == (1000 + sample - 1) / sample);
      Arrivals arrivals = honest(1000);
      arrivals[500].bit = 3;
      CHECK(verified(content, arrivals, 1000, pieces, true, sample).corrupted == 1);
      arrivals[500].bit = 200;
      CHECK(verified(content, arrivals, 1000, pieces, true, sample).corrupted == (500 % sample == 0));
    }
  }
}

// Bytes that are missing, too many, or no frames at all: told as torn or counted, never read beyond.
void torn_streams() {
  Dice dice(9);
  for_each_size([&](const auto& content) {
    const Stream stream{kSeed, 2, {2, 4, 1000}};
    const Bytes whole = stream_bytes(content, stream, honest(50), true);
    for (int round = 0; round < 200; ++round) {
      Bytes bytes(whole);
      const auto from = static_cast<std::ptrdiff_t>(dice.below(bytes.size()));
      const auto length = static_cast<std::ptrdiff_t>(
          1 + dice.below(std::min<std::size_t>(bytes.size() - static_cast<std::size_t>(from), 40)));
      if (round % 3 == 0) bytes.erase(bytes.begin() + from, bytes.begin() + from + length);
      if (round % 3 == 1)
        bytes.insert(bytes.begin() + from, static_cast<std::size_t>(length), std::byte{0xA5});
      if (round % 3 == 2) {
        for (auto& byte : bytes) byte = static_cast<std::byte>(dice.next());
      }
      Tally tally;
      OrderedVerifier verifier(content, stream, tally);
      verifier.begin(Phase::window);
      const std::size_t rest = feed<Framing::length>(verifier, bytes, static_cast<std::uint64_t>(round));
      verifier.finish(50, rest);
      CHECK_THAT(tally.torn || counts(tally) != Counts{}, std::to_string(content.largest()));
    }
  });
}

}  // namespace

int main() {
  no_false_alarm();
  single_faults();
  random_order(FixedContent<0>(24, kSeed));
  random_order(MixContent({{8, 5000}, {24, 3000}, {300, 2000}}, kSeed));
  random_damage();
  a_lost_lap();
  a_lost_tail_and_an_unsent_one();
  a_sample();
  torn_streams();
  return test::verdict();
}
