// Mixes of sizes: shares that are exact, an order that both ends know, messages as those of one size are.

#include "engine/mix.hpp"

#include <map>
#include <vector>

#include "tests/check.hpp"

using namespace queuemark;
using test::Dice;

namespace {

const Dealing kAlone{0, 1, 1000};
using Mix = std::vector<MixPart>;
const Mix kUsual{{64, 7000}, {1024, 2500}, {16384, 500}};

std::vector<std::size_t> sizes(const MixContent& content, std::uint64_t salt, Sequence first,
                               std::size_t count) {
  std::vector<std::size_t> found;
  auto cursor = content.at(first, salt, kAlone);
  for (; found.size() < count; cursor.advance()) found.push_back(content.size(cursor));
  return found;
}

Mix of_many(std::uint32_t parts) {
  Mix mix;
  for (std::uint32_t i = 0; i < parts; ++i) mix.push_back({8 + i, kMixPeriod / parts});
  mix.back().hundredths += kMixPeriod % parts;
  return mix;
}

// From any message on, whatever the stream.
void shares_are_exact() {
  for (const Mix& mix : {kUsual, Mix{{8, 1}, {9, 9999}}, Mix{{100, 9999}, {1 << 20, 1}}, of_many(64)}) {
    const MixContent content(mix, 3);
    CHECK(content.largest() == mix.back().size_bytes);
    for (const Sequence first : {Sequence{0}, Sequence{1}, Sequence{kMixPeriod - 1}, Sequence{123'456'789}}) {
      for (unsigned stream = 0; stream < 3; ++stream) {
        std::map<std::size_t, std::uint32_t> counted;
        for (const std::size_t size :
             sizes(content, stream_salt(3, stream, Phase::window), first, kMixPeriod)) {
          ++counted[size];
        }
        CHECK(counted.size() == mix.size());
        for (const MixPart& part : mix) CHECK(counted[part.size_bytes] == part.hundredths);
      }
    }
  }
}

// A cursor that was advanced is the cursor of that place, across the table's end.
void advancing() {
  const MixContent content(kUsual, 5);
  auto cursor = content.at(0, 77, kAlone);
  for (Sequence sequence = 0; sequence < 2 * kMixPeriod + 10; ++sequence, cursor.advance()) {
    const auto there = content.at(sequence, 77, kAlone);
    CHECK(cursor.sequence == there.sequence && cursor.mix == there.mix && cursor.place == there.place);
  }
}

// The order follows from seed, stream and phase; it is not that of the parts, nor the same everywhere.
void orders() {
  const MixContent one(kUsual, 5), again(kUsual, 5), other(kUsual, 6);
  const std::uint64_t salt = stream_salt(5, 0, Phase::window);
  const auto order = sizes(one, salt, 0, kMixPeriod);
  CHECK(order == sizes(again, salt, 0, kMixPeriod));
  CHECK(order != sizes(other, salt, 0, kMixPeriod));
  CHECK(order != sizes(one, stream_salt(5, 1, Phase::window), 0, kMixPeriod));
  CHECK(order != sizes(one, stream_salt(5, 0, Phase::warmup), 0, kMixPeriod));
  // No long runs: of sizes drawn at 70 %, 60 in a row are as good as impossible.
  std::size_t run = 0, longest = 0;
  for (std::size_t i = 1; i < order.size(); ++i) {
    run = order[i] == order[i - 1] ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  CHECK_THAT(longest > 2 && longest < 60, std::to_string(longest));
}

void as_those_of_one_size() {
  const MixContent content(kUsual, 7);
  std::vector<std::byte> bytes(content.largest());
  for (Sequence sequence = 0; sequence < 300; ++sequence) {
    const auto cursor = content.at(sequence, 9, kAlone);
    const std::size_t size = content.size(cursor);
    const FixedContent<0> alone(size, 7);
    content.write(bytes.data(), cursor);
    CHECK(alone.compare(bytes.data(), size, alone.at(sequence, 9, kAlone)) == 0);
  }
}

// A message proves its number by itself; one of another size than its number's is not believed.
void claims() {
  const MixContent content(kUsual, 7);
  std::vector<std::byte> bytes(content.largest() + 1);
  const std::uint64_t salt = stream_salt(7, 0, Phase::window), foreign = stream_salt(7, 1, Phase::window);
  Dice dice(1);
  for (int round = 0; round < 1000; ++round) {
    const Sequence sequence = dice.below(kNumberMask);
    const auto cursor = content.at(sequence, salt, kAlone);
    const std::size_t size = content.size(cursor);
    content.write(bytes.data(), cursor);
    const auto claim = content.claim(bytes.data(), size, salt, kAlone, 0, true);
    CHECK(claim && claim->sequence == sequence && claim->place == cursor.place);
    for (const std::size_t length : {std::size_t{0}, std::size_t{7}, size - 1, size + 1}) {
      CHECK(!content.claim(bytes.data(), length, salt, kAlone, 0, false));
    }
    CHECK(!content.claim(bytes.data(), size, foreign, kAlone, 0, true));
  }
}

}  // namespace

int main() {
  shares_are_exact();
  advancing();
  orders();
  as_those_of_one_size();
  claims();
  return test::verdict();
}
