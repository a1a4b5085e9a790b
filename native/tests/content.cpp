// Content: no false alarm, every single flipped bit found, no message like another, tags that hold.

#include "engine/content.hpp"

#include <vector>

#include "engine/mix.hpp"
#include "tests/check.hpp"

using namespace queuemark;
using test::Dice;

namespace {

const Dealing kAlone{0, 1, 1000};

template <class Content>
void every_flip_is_found(const Content& content, Sequence sequence) {
  const std::uint64_t salt = stream_salt(7, 3, Phase::window);
  const auto cursor = content.at(sequence, salt, kAlone);
  const std::size_t size = content.size(cursor);
  std::vector<std::byte> bytes(size);
  content.write(bytes.data(), cursor);
  const std::string of = "size " + std::to_string(size) + ", sequence " + std::to_string(sequence);
  CHECK_THAT(content.compare(bytes.data(), size, cursor) == 0, of);
  CHECK_THAT(content.compare_number(bytes.data(), size, cursor) == 0, of);
  CHECK_THAT(content.compare_body(bytes.data(), cursor) == 0, of);
  CHECK_THAT(content.compare(bytes.data(), size + 1, cursor) != 0, of);
  CHECK_THAT(content.compare(bytes.data(), size - 1, cursor) != 0, of);
  for (std::size_t bit = 0; bit < 8 * size; ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    const std::string where = of + ", bit " + std::to_string(bit);
    CHECK_THAT(content.compare(bytes.data(), size, cursor) != 0, where);
    if constexpr (Content::kProves) {
      CHECK_THAT(!content.claim(bytes.data(), size, salt, kAlone, sequence, true), where);
      if (bit < 64) CHECK_THAT(content.compare_number(bytes.data(), size, cursor) != 0, where);
    }
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

void flips() {
  for (const std::size_t size :
       {8, 9, 10, 15, 16, 17, 24, 63, 64, 127, 128, 129, 135, 136, 137, 4096, 9001}) {
    const FixedContent<0> content(size, 7);
    for (const Sequence sequence : {Sequence{0}, Sequence{1}, Sequence{999}, kNumberMask - 1}) {
      every_flip_is_found(content, sequence);
    }
  }
  every_flip_is_found(FixedContent<16>(16, 7), 12345);
  const MixContent mix({{8, 2500}, {63, 2500}, {129, 2500}, {137, 2500}}, 7);
  for (Sequence sequence = 0; sequence < 12; ++sequence) every_flip_is_found(mix, sequence);
  for (std::size_t size = 1; size < 8; ++size) every_flip_is_found(SmallContent(size), 200);
}

// The size that the compiler knows and the one that it does not are the same content.
void one_content_for_both() {
  const FixedContent<16> known(16, 5);
  const FixedContent<0> told(16, 5);
  std::byte bytes[16];
  for (Sequence sequence = 0; sequence < 1000; ++sequence) {
    known.write(bytes, known.at(sequence, 9, kAlone));
    CHECK(told.compare(bytes, 16, told.at(sequence, 9, kAlone)) == 0);
  }
}

// A cursor that was advanced is the cursor of that place.
void advancing() {
  const FixedContent<0> content(40, 2);
  std::vector<std::byte> one(40), other(40);
  auto cursor = content.at(0, 77, kAlone);
  for (Sequence sequence = 0; sequence < 5000; ++sequence, cursor.advance()) {
    content.write(one.data(), cursor);
    content.write(other.data(), content.at(sequence, 77, kAlone));
    CHECK(one == other);
  }
}

// A message is taken for no other: not of another number, stream, phase or seed.
void no_two_alike() {
  const FixedContent<0> content(64, 1), foreign(64, 2);
  std::vector<std::byte> bytes(64);
  const auto salt = [](unsigned stream, Phase phase) { return stream_salt(1, stream, phase); };
  const std::uint64_t own = salt(0, Phase::window);
  for (Sequence sequence = 0; sequence < 300; ++sequence) {
    content.write(bytes.data(), content.at(sequence, own, kAlone));
    for (Sequence other = 0; other < 300; ++other) {
      CHECK((content.compare(bytes.data(), 64, content.at(other, own, kAlone)) == 0) == (other == sequence));
    }
    CHECK(content.compare(bytes.data(), 64, content.at(sequence, salt(1, Phase::window), kAlone)));
    CHECK(content.compare(bytes.data(), 64, content.at(sequence, salt(0, Phase::warmup), kAlone)));
    CHECK(foreign.compare(bytes.data(), 64, foreign.at(sequence, stream_salt(2, 0, Phase::window), kAlone)));
  }
}

// The body of one behind the number of another is not believed; nor are bytes that were cut, shifted or
// mixed.
void no_patchwork() {
  const FixedContent<0> content(5000, 3);
  std::vector<std::byte> one(5000), other(5000);
  const auto first = content.at(10, 1, kAlone), second = content.at(11, 1, kAlone);
  content.write(one.data(), first);
  content.write(other.data(), second);
  for (std::size_t cut = 1; cut < 5000; cut += 7) {
    std::vector<std::byte> patched(one);
    std::copy(other.begin() + cut, other.end(), patched.begin() + cut);
    CHECK(content.compare(patched.data(), 5000, first));
    CHECK(content.compare(patched.data(), 5000, second));
  }
  // Stretches of one table's length exchanged within a message.
  std::vector<std::byte> turned(one);
  std::swap_ranges(turned.begin() + 8, turned.begin() + 8 + 256, turned.begin() + 8 + 4096);
  CHECK(content.compare(turned.data(), 5000, first));
}

// Of random 8 bytes, about one in 65,536 may carry a fitting tag; no more.
void tags() {
  const FixedContent<0> content(8, 4);
  Dice dice(1);
  int believed = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const std::uint64_t word = dice.next();
    believed += content.claim(reinterpret_cast<const std::byte*>(&word), 8, 99, kAlone, 0, true).has_value();
  }
  CHECK_THAT(believed < 60, std::to_string(believed) + " of a million");
}

// A small message's claim is the number nearest to the expected one that has its bytes.
void nearest() {
  const SmallContent content(1);
  for (Sequence expected = 0; expected < 1000; ++expected) {
    for (std::int64_t away = -127; away <= 127; ++away) {
      const std::int64_t number = static_cast<std::int64_t>(expected) + away;
      if (number < 0) continue;
      std::byte byte{static_cast<unsigned char>(number)};
      const auto claim = content.claim(&byte, 1, 0, kAlone, expected, true);
      CHECK(claim && (claim->sequence == static_cast<Sequence>(number) || expected < 128));
    }
  }
}

}  // namespace

int main() {
  flips();
  one_content_for_both();
  advancing();
  no_two_alike();
  no_patchwork();
  tags();
  nearest();
  return test::verdict();
}
