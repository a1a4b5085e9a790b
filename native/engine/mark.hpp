// Marks: datagrams of the engine's own on a mechanism that may lose what it is given.
//
// A mark stands behind messages: behind the probes, behind the warm-up, behind the last message of all. The
// producer repeats it until the consumer has said in shared memory that it came, so the end of a stream
// survives any loss. Its length is no message's length, and its first bytes are no accident.
#pragma once

#include <array>
#include <cstring>
#include <span>

#include "engine/content.hpp"

namespace queuemark {

enum class Mark : std::uint32_t { none, probed, warmed_up, end };

class Marks {
 public:
  static constexpr std::size_t kLargestBytes = 12;

  // Messages are either all under 8 bytes or all at least that long; a mark is 12 or 5 bytes.
  explicit Marks(std::size_t largest_message)
      : bytes_(largest_message < kSequenceBytes ? kLargestBytes : 5) {}

  using Datagram = std::array<std::byte, kLargestBytes>;
  Datagram datagram(Mark mark) const {
    Datagram made{};
    store32(made.data(), kMagic);
    made[4] = static_cast<std::byte>(mark);
    return made;
  }
  std::size_t bytes() const { return bytes_; }
  // Which mark a datagram is; none when it is a message, or ought to be one.
  Mark read(const std::byte* from, std::size_t length) const {
    if (length != bytes_) [[likely]]
      return Mark::none;
    const auto number = static_cast<std::uint32_t>(from[4]);
    const bool known = load32(from) == kMagic && number <= static_cast<std::uint32_t>(Mark::end);
    return known ? static_cast<Mark>(number) : Mark::none;
  }

 private:
  static constexpr std::uint32_t kMagic = 0x5EA1ED0F;
  std::size_t bytes_;
};

}  // namespace queuemark
