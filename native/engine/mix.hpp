// Messages of several sizes in shares that are exact, in an order that both ends know.
//
// 1. Which size message k of a stream has is a function of seed, stream, phase and k alone: nothing is sent
//    along, and the receiver knows every message's size before it comes.
// 2. Among any kMixPeriod messages of a stream that follow each other each size has exactly its share: they
//    are drawn from one shuffled table, each stream from a place of its own on, again and again.
// 3. A message of a size is what messages of that size alone would be (content.hpp).
#pragma once

#include <array>
#include <vector>

#include "engine/content.hpp"

namespace queuemark {

class MixContent {
  using Sized = FixedContent<0>;

 public:
  static constexpr bool kOneSize = false;
  static constexpr bool kProves = true;

  struct Cursor : Sized::Cursor {
    std::uint32_t place;  // in the table
    void advance() {
      Sized::Cursor::advance();
      if (++place == kMixPeriod) place = 0;
    }
  };

  // mix: smallest size first, sizes from 8 bytes up.
  MixContent(const std::vector<MixPart>& mix, std::uint64_t seed);

  std::size_t largest() const { return contents_.back().largest(); }
  std::size_t size(const Cursor& cursor) const { return content(cursor).largest(); }
  Cursor at(Sequence sequence, std::uint64_t salt, const Dealing& dealing) const {
    return {contents_.front().at(sequence, salt, dealing),
            static_cast<std::uint32_t>((sequence + salt % kMixPeriod) % kMixPeriod)};
  }

  void write(std::byte* into, const Cursor& cursor) const { content(cursor).write(into, cursor); }
  std::uint64_t compare(const std::byte* from, std::size_t length, const Cursor& cursor) const {
    return content(cursor).compare(from, length, cursor);
  }
  std::uint64_t compare_number(const std::byte* from, std::size_t length, const Cursor& cursor) const {
    return content(cursor).compare_number(from, length, cursor);
  }
  std::uint64_t compare_body(const std::byte* from, const Cursor& cursor) const {
    return content(cursor).compare_body(from, cursor);
  }
  std::optional<Cursor> claim(const std::byte* from, std::size_t length, std::uint64_t salt,
                              const Dealing& dealing, Sequence, bool body) const {
    if (length < kSequenceBytes) return std::nullopt;
    const Cursor cursor = at(load64(from) & kNumberMask, salt, dealing);
    if (compare_number(from, length, cursor) || (body && compare_body(from, cursor))) return std::nullopt;
    return cursor;
  }

 private:
  const Sized& content(const Cursor& cursor) const { return contents_[order_[cursor.place]]; }

  std::vector<Sized> contents_;  // one a part of the mix
  std::array<std::uint8_t, kMixPeriod> order_;
};

}  // namespace queuemark
