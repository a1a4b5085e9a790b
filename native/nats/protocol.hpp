// The protocol of NATS, as a client reads and writes it: a line each, and behind MSG and HMSG so many bytes
// and the end of a line (docs.nats.io, "Client Protocol").
//
// 1. Operations are taken whole from the front of a buffer. What has not come whole stays there, and what is
//    known of it is kept: no line is read twice, and no payload is touched or copied.
// 2. Nothing outside the buffer is read, whatever it holds.
// 3. What is no protocol is a ProtocolError that shows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace queuemark::nats_client {

struct ProtocolError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What a server says of itself; far longer than any other line.
constexpr std::size_t kLineHighBytes = 64 * 1024;
constexpr std::string_view kLineEnd = "\r\n";

enum class Operation { message, info, ping, pong, ok, error };

// One operation; what it points to lies in the buffer that it was read from.
struct Incoming {
  Operation operation = Operation::ok;
  std::size_t bytes = 0;  // of the whole operation, its end of line included
  std::string_view text;  // of an INFO its JSON, of an -ERR what it says
  // Of a message:
  std::uint64_t subscription = 0;
  std::string_view subject;
  std::string_view reply;  // the subject that a reply goes to; empty: none is asked for
  std::span<const std::byte> headers;
  std::span<const std::byte> payload;
};

class Reader {
 public:
  // payload_high: bytes of the largest message that may come, headers included.
  explicit Reader(std::size_t payload_high) : payload_high_(payload_high) {}

  // Reads the operation at the front of `bytes`; false when it has not come whole. Between two calls `bytes`
  // may lie elsewhere and be longer, but begins with the same ones until an operation was read.
  // Throws ProtocolError.
  bool next(std::span<const std::byte> bytes, Incoming& found) {
    if (!known_ && !as_before(bytes) && !read_line(bytes)) return false;
    if (bytes.size() < whole_bytes_) return false;
    fill(bytes, found);
    known_ = false;
    return true;
  }

  // The messages at the front whose lines are, byte for byte, that of the message before, as many as have
  // come whole: each(headers, payload). Returns their bytes together. Subject, subscription, reply and sizes
  // are those of that one. Where a subscriber gets many messages of a size these are nearly all, and what
  // they cost is this.
  template <class Each>
  std::size_t alike(std::span<const std::byte> bytes, Each&& each) const {
    const std::size_t line = remembered_bytes_, headers = remembered_shape_.header_bytes;
    const std::size_t behind = line + headers + remembered_shape_.payload_bytes;
    const std::size_t whole = behind + kLineEnd.size();
    if (line < sizeof(std::uint64_t) || known_) return 0;
    const std::byte* at = bytes.data();
    const std::byte* const end = at + bytes.size();
    for (; static_cast<std::size_t>(end - at) >= whole && is_remembered(at) && ends_line(at + behind);
         at += whole) {
      each(std::span(at + line, headers), std::span(at + line + headers, behind - line - headers));
    }
    return static_cast<std::size_t>(at - bytes.data());
  }

 private:
  struct Range {
    std::size_t begin = 0, bytes = 0;
  };
  // What of a message is said in its line.
  struct Shape {
    std::size_t line_bytes = 0;
    std::uint64_t subscription = 0;
    Range subject;
    Range reply;
    std::size_t header_bytes = 0;
    std::size_t payload_bytes = 0;
  };
  static constexpr std::size_t kRememberedBytes = 128;

  // Messages of one subscription and one size have one line, byte for byte: that is compared, not read.
  bool as_before(std::span<const std::byte> bytes) {
    const std::size_t line = remembered_bytes_;
    if (!line || bytes.size() < line || std::memcmp(bytes.data(), remembered_, line) != 0) return false;
    shape_ = remembered_shape_;
    return know(Operation::message, line + shape_.header_bytes + shape_.payload_bytes + kLineEnd.size());
  }
  // By whole words, the last of which may overlap the one before: a call would cost more.
  bool is_remembered(const std::byte* at) const {
    constexpr std::size_t kWord = sizeof(std::uint64_t);
    std::uint64_t difference = 0;
    const auto compare = [&](std::size_t from) {
      std::uint64_t wanted, found;
      std::memcpy(&wanted, remembered_ + from, kWord);
      std::memcpy(&found, at + from, kWord);
      difference |= wanted ^ found;
    };
    for (std::size_t from = 0; from + kWord < remembered_bytes_; from += kWord) compare(from);
    compare(remembered_bytes_ - kWord);
    return !difference;
  }
  static bool ends_line(const std::byte* at) { return at[0] == std::byte{'\r'} && at[1] == std::byte{'\n'}; }
  bool know(Operation operation, std::size_t whole_bytes) {
    operation_ = operation;
    whole_bytes_ = whole_bytes;
    searched_bytes_ = 0;
    return known_ = true;
  }

  bool read_line(std::span<const std::byte> bytes);
  void read_message(std::string_view line, bool headed);
  void remember(std::string_view line);
  void fill(std::span<const std::byte> bytes, Incoming& found) const;

  std::size_t payload_high_;
  bool known_ = false;              // the line at the front was read
  std::size_t searched_bytes_ = 0;  // of the front, without an end of line
  Operation operation_ = Operation::ok;
  std::size_t whole_bytes_ = 0;
  Range text_;
  Shape shape_;
  std::size_t remembered_bytes_ = 0;
  Shape remembered_shape_;
  char remembered_[kRememberedBytes];
};

// What a client says, without the end of the line.
std::string subscribe_line(std::string_view subject, std::string_view queue, std::uint64_t subscription);
// The subscription ends by itself after so many messages.
std::string unsubscribe_line(std::uint64_t subscription, std::uint64_t messages);

// What stands around a message on its way to the server: PUB and its end of line, or HPUB with headers.
// A policy writes messages into it (engine/policy.hpp).
class PublishEnvelope {
 public:
  // reply: where replies go; empty: none is asked for. header_bytes: of headers before each message, 0: none.
  PublishEnvelope(std::string_view subject, std::string_view reply, std::size_t header_bytes);

  void readdress(std::string_view subject);
  std::string_view subject() const { return subject_; }
  std::string_view headers() const { return headers_; }

  std::size_t around(std::size_t size) const {
    return line_.size() + digits_of(headers_.size() + size) + headers_.size() + 2 * kLineEnd.size();
  }
  std::byte* open(std::byte* into, std::size_t size) {
    if (size != size_) [[unlikely]]
      prepare(size);
    // As most of them are this long, two moves are all: a call would cost more.
    const std::size_t bytes = before_.size();
    if (bytes >= 16 && bytes <= 32) [[likely]] {
      std::memcpy(into, before_.data(), 16);
      std::memcpy(into + bytes - 16, before_.data() + bytes - 16, 16);
    } else {
      std::memcpy(into, before_.data(), bytes);
    }
    return into + bytes;
  }
  std::byte* close(std::byte* behind) const {
    std::memcpy(behind, kLineEnd.data(), kLineEnd.size());
    return behind + kLineEnd.size();
  }

 private:
  static std::size_t digits_of(std::size_t number) {
    std::size_t digits = 1;
    for (; number >= 10; number /= 10) ++digits;
    return digits;
  }
  void prepare(std::size_t size);

  std::string subject_;
  std::string reply_;
  std::string headers_;
  std::string line_;             // but for the bytes that follow, which are its last word
  std::size_t size_ = SIZE_MAX;  // of the messages that before_ is for
  std::string before_;           // what stands before them
};

}  // namespace queuemark::nats_client
