// What every message carries, written by the sender and compared by the receiver, byte for byte.
//
// 1. A message of at least 8 bytes begins with its sequence number: 48 bits of number and 16 bits of a seeded
//    tag over it, so that a damaged number cannot pass for another one. The rest is a seeded table,
//    mixed with a value of the message's own: no two messages are alike, and none can be built from another.
// 2. A message under 8 bytes is the low bytes of its sequence number, and proves no more than these can.
// 3. A person's own message follows its sequence number unchanged.
// 4. Where sizes are mixed (mix.hpp), each message is as those of its size alone are.
//
// Numbers lie little-endian in messages. A Cursor is a place in one stream and all that is computed
// once a message; advancing it costs one addition.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>

#include "engine/messages.hpp"
#include "engine/options.hpp"

namespace queuemark {

static_assert(std::endian::native == std::endian::little, "messages hold little-endian numbers");

using Sequence = std::uint64_t;

constexpr std::size_t kSequenceBytes = 8;
constexpr std::size_t kTableWords = 512;
constexpr unsigned kTagShift = 48;
constexpr std::uint64_t kNumberMask = (std::uint64_t{1} << kTagShift) - 1;

// Odd, and irregular enough that flipping any bit of a number changes the tag by at least 2 (checked
// below): a carry from the lower bits can take back at most 1, so each single flip is seen.
constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15;

constexpr bool each_flip_changes_the_tag() {
  for (unsigned bit = 0; bit < kTagShift; ++bit) {
    const std::uint64_t change = (kStep << bit) >> kTagShift;
    if (change < 2 || change > 0xFFFD) return false;
  }
  return true;
}
static_assert(each_flip_changes_the_tag());

inline std::uint64_t load64(const std::byte* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}
inline void store64(std::byte* at, std::uint64_t word) { std::memcpy(at, &word, sizeof word); }
inline std::uint32_t load32(const std::byte* at) {
  std::uint32_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}
inline void store32(std::byte* at, std::uint32_t word) { std::memcpy(at, &word, sizeof word); }

// A bijection of 64 bits that spreads every bit (the finaliser of SplitMix64: Steele, Lea, Flood, OOPSLA
// 2014).
constexpr std::uint64_t mixed(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

// Warm-up and window have content of their own: what is left over from one is not taken for the other.
enum class Phase : std::uint32_t { opening, warmup, window };

// What all messages of one stream in one phase have in common.
inline std::uint64_t stream_salt(std::uint64_t seed, unsigned stream, Phase phase) {
  return mixed(seed ^ mixed((std::uint64_t{stream} << 8) | static_cast<std::uint64_t>(phase)));
}

using Table = std::uint64_t[kTableWords];
struct SeededTable {
  explicit SeededTable(std::uint64_t seed);
  Table words;
};

// Long messages: whole words of table ^ mix, and the OR of all differences from them. Compiled for several
// instruction sets, chosen once when the program is loaded.
void write_words(std::byte* into, const Table& table, std::uint64_t mix, std::size_t words);
std::uint64_t compare_words(const std::byte* from, const Table& table, std::uint64_t mix, std::size_t words);

// Which message of a person's file a stream's message is: what was dealt in turns is counted in turns.
struct Dealing {
  unsigned stream = 0;
  unsigned streams = 1;
  std::uint64_t deal_items = 1;

  std::uint64_t global(Sequence sequence) const {
    return (sequence / deal_items * streams + stream) * deal_items + sequence % deal_items;
  }
};

// Seeded messages of one size. kSize 0 is any size from 8 up, known at run time; else whole words.
template <std::size_t kSize>
class FixedContent {
  static_assert(kSize % 8 == 0 && (kSize == 0 || kSize >= kSequenceBytes));

 public:
  static constexpr bool kOneSize = true;
  static constexpr bool kProves = true;  // a message's claim of its number can be checked from itself

  struct Cursor {
    Sequence sequence;
    std::uint64_t mix;
    void advance() {
      ++sequence;
      mix += kStep;
    }
  };

  FixedContent(std::size_t size_bytes, std::uint64_t seed)
      : FixedContent(size_bytes, std::make_shared<const SeededTable>(seed)) {}
  FixedContent(std::size_t size_bytes, std::shared_ptr<const SeededTable> table)
      : size_(size_bytes), table_(std::move(table)) {}

  std::size_t largest() const { return size(); }
  std::size_t size(const Cursor&) const { return size(); }
  Cursor at(Sequence sequence, std::uint64_t salt, const Dealing&) const {
    return {sequence, sequence * kStep + salt};
  }

  void write(std::byte* into, const Cursor& cursor) const {
    store64(into, header(cursor));
    const std::size_t words = body_words();
    if (words <= kInlineWords) {
      for (std::size_t i = 0; i < words; ++i) store64(into + 8 + 8 * i, table_->words[i] ^ cursor.mix);
    } else {
      write_words(into + 8, table_->words, cursor.mix, words);
    }
    if (const std::size_t tail = tail_bytes()) {
      const std::uint64_t word = tail_word(cursor);
      std::memcpy(into + size() - tail, &word, tail);
    }
  }

  // `count` messages behind each other. Of a size that the compiler knows what they share is read once: it
  // cannot see by itself that the bytes it stores are not the table.
  void write_run(std::byte* into, Cursor& cursor, std::uint64_t count) const {
    Cursor place = cursor;
    if constexpr (kSize != 0) {
      std::array<std::uint64_t, kSize / 8 - 1> words;
      std::copy_n(table_->words, words.size(), words.begin());
      for (std::uint64_t i = 0; i < count; ++i, into += kSize) {
        store64(into, header(place));
        for (std::size_t word = 0; word < words.size(); ++word) {
          store64(into + 8 + 8 * word, words[word] ^ place.mix);
        }
        place.advance();
      }
    } else {
      for (std::uint64_t i = 0; i < count; ++i, into += size()) {
        write(into, place);
        place.advance();
      }
    }
    cursor = place;
  }

  // 0 when the bytes are exactly this message; one branch, on the length, which guards the reading.
  std::uint64_t compare(const std::byte* from, std::size_t length, const Cursor& cursor) const {
    if (length != size()) return 1;
    return (load64(from) ^ header(cursor)) | compare_body(from, cursor);
  }

  std::uint64_t compare_number(const std::byte* from, std::size_t length, const Cursor& cursor) const {
    if (length != size()) return 1;
    return load64(from) ^ header(cursor);
  }

  std::uint64_t compare_body(const std::byte* from, const Cursor& cursor) const {
    std::uint64_t difference = 0;
    const std::size_t words = body_words();
    if (words <= kInlineWords) {
      for (std::size_t i = 0; i < words; ++i) {
        difference |= load64(from + 8 + 8 * i) ^ table_->words[i] ^ cursor.mix;
      }
    } else {
      difference = compare_words(from + 8, table_->words, cursor.mix, words);
    }
    if (const std::size_t tail = tail_bytes()) {
      std::uint64_t found = 0, wanted = 0;
      const std::uint64_t word = tail_word(cursor);
      std::memcpy(&found, from + size() - tail, tail);
      std::memcpy(&wanted, &word, tail);
      difference |= found ^ wanted;
    }
    return difference;
  }

  // The number that a message carries, when its tag and (asked for) its content bear it out.
  std::optional<Cursor> claim(const std::byte* from, std::size_t length, std::uint64_t salt,
                              const Dealing& dealing, Sequence, bool body) const {
    if (length != size()) return std::nullopt;
    const Cursor cursor = at(load64(from) & kNumberMask, salt, dealing);
    if (compare_number(from, length, cursor) || (body && compare_body(from, cursor))) return std::nullopt;
    return cursor;
  }

 private:
  static constexpr std::size_t kInlineWords = 15;

  std::size_t size() const {
    if constexpr (kSize != 0) return kSize;
    return size_;
  }
  std::size_t body_words() const { return (size() - kSequenceBytes) / 8; }
  std::size_t tail_bytes() const { return size() % 8; }
  std::uint64_t tail_word(const Cursor& cursor) const {
    return table_->words[body_words() % kTableWords] ^ ~cursor.mix;
  }
  static std::uint64_t header(const Cursor& cursor) { return cursor.sequence | (cursor.mix & ~kNumberMask); }

  std::size_t size_;
  std::shared_ptr<const SeededTable> table_;
};

// Messages of 1 to 7 bytes: the low bytes of the sequence number.
class SmallContent {
 public:
  static constexpr bool kOneSize = true;
  static constexpr bool kProves = false;

  struct Cursor {
    Sequence sequence;
    void advance() { ++sequence; }
  };

  explicit SmallContent(std::size_t size_bytes)
      : size_(size_bytes), mask_((std::uint64_t{1} << (8 * size_bytes)) - 1) {}

  std::size_t largest() const { return size_; }
  std::size_t size(const Cursor&) const { return size_; }
  std::uint64_t mask() const { return mask_; }
  Cursor at(Sequence sequence, std::uint64_t, const Dealing&) const { return {sequence}; }

  void write(std::byte* into, const Cursor& cursor) const { std::memcpy(into, &cursor.sequence, size_); }
  void write_run(std::byte* into, Cursor& cursor, std::uint64_t count) const {
    Cursor place = cursor;
    for (std::uint64_t i = 0; i < count; ++i, into += size_) {
      write(into, place);
      place.advance();
    }
    cursor = place;
  }

  std::uint64_t value(const std::byte* from) const {
    std::uint64_t found = 0;
    std::memcpy(&found, from, size_);
    return found;
  }
  std::uint64_t compare(const std::byte* from, std::size_t length, const Cursor& cursor) const {
    return length != size_ ? 1 : value(from) ^ (cursor.sequence & mask_);
  }
  std::uint64_t compare_number(const std::byte* from, std::size_t length, const Cursor& cursor) const {
    return compare(from, length, cursor);
  }
  std::uint64_t compare_body(const std::byte*, const Cursor&) const { return 0; }

  // The number nearest to the expected one that has these low bytes.
  std::optional<Cursor> claim(const std::byte* from, std::size_t length, std::uint64_t, const Dealing&,
                              Sequence expected, bool) const {
    if (length != size_) return std::nullopt;
    const std::uint64_t ahead = (value(from) - expected) & mask_;
    const std::uint64_t behind = (mask_ + 1) - ahead;
    if (ahead <= mask_ / 2 || behind > expected) return Cursor{expected + ahead};
    return Cursor{expected - behind};
  }

 private:
  std::size_t size_;
  std::uint64_t mask_;
};

// A person's own messages, looped, each behind its sequence number.
class FileContent {
 public:
  static constexpr bool kOneSize = false;
  static constexpr bool kProves = true;

  struct Cursor {
    Sequence sequence;
    std::uint64_t mix;
    std::size_t record;
    std::size_t records;
    std::uint64_t left_in_turn;
    std::uint64_t deal_items;
    std::uint64_t skip;  // records that are dealt to the other streams between two turns, modulo records
    void advance() {
      ++sequence;
      mix += kStep;
      if (++record == records) record = 0;
      if (--left_in_turn == 0) {
        left_in_turn = deal_items;
        record = (record + skip) % records;
      }
    }
  };

  explicit FileContent(std::shared_ptr<const Messages> messages) : messages_(std::move(messages)) {}

  std::size_t largest() const { return kSequenceBytes + messages_->largest_bytes(); }
  std::size_t size(const Cursor& cursor) const { return kSequenceBytes + (*messages_)[cursor.record].size(); }
  Cursor at(Sequence sequence, std::uint64_t salt, const Dealing& dealing) const {
    const std::size_t records = messages_->count();
    return {sequence,
            sequence * kStep + salt,
            dealing.global(sequence) % records,
            records,
            dealing.deal_items - sequence % dealing.deal_items,
            dealing.deal_items,
            (dealing.streams - 1) % records * (dealing.deal_items % records) % records};
  }

  void write(std::byte* into, const Cursor& cursor) const {
    const auto record = (*messages_)[cursor.record];
    store64(into, header(cursor));
    std::memcpy(into + kSequenceBytes, record.data(), record.size());
  }
  std::uint64_t compare_number(const std::byte* from, std::size_t length, const Cursor& cursor) const {
    return length != size(cursor) ? 1 : load64(from) ^ header(cursor);
  }
  std::uint64_t compare_body(const std::byte* from, const Cursor& cursor) const {
    const auto record = (*messages_)[cursor.record];
    return record.empty() ? 0 : std::memcmp(from + kSequenceBytes, record.data(), record.size()) != 0;
  }
  std::uint64_t compare(const std::byte* from, std::size_t length, const Cursor& cursor) const {
    const std::uint64_t difference = compare_number(from, length, cursor);
    return difference ? difference : compare_body(from, cursor);
  }
  std::optional<Cursor> claim(const std::byte* from, std::size_t length, std::uint64_t salt,
                              const Dealing& dealing, Sequence, bool body) const {
    if (length < kSequenceBytes) return std::nullopt;
    const Cursor cursor = at(load64(from) & kNumberMask, salt, dealing);
    if (compare_number(from, length, cursor) || (body && compare_body(from, cursor))) return std::nullopt;
    return cursor;
  }

 private:
  static std::uint64_t header(const Cursor& cursor) { return cursor.sequence | (cursor.mix & ~kNumberMask); }

  std::shared_ptr<const Messages> messages_;
};

}  // namespace queuemark
