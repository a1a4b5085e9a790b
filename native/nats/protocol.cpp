#include "nats/protocol.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace queuemark::nats_client {
namespace {

constexpr std::size_t kShownBytes = 60;
constexpr std::string_view kHeadersBegin = "NATS/1.0\r\nQueuemark: ";
constexpr std::string_view kHeadersEnd = "\r\n\r\n";

bool is_space(char letter) { return letter == ' ' || letter == '\t'; }

// What came, on one line and as text.
[[noreturn]] void refuse(const std::string& why, std::string_view line) {
  std::string shown(line.substr(0, kShownBytes));
  std::replace_if(shown.begin(), shown.end(), [](char letter) { return letter < ' ' || letter > '~'; }, '?');
  throw ProtocolError("the server sent what is no protocol of NATS (" + why + "): '" + shown +
                      (line.size() > kShownBytes ? "'..." : "'"));
}

// Operations may be in any case.
bool begins_with(std::string_view line, std::string_view word) {
  return line.size() >= word.size() &&
         std::equal(word.begin(), word.end(), line.begin(), [](char wanted, char is) {
           return wanted == (is >= 'a' && is <= 'z' ? is - 'a' + 'A' : is);
         });
}

std::uint64_t number(std::string_view word, std::string_view line) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) refuse("a number was to come", line);
  return value;
}

// The words of a line behind its operation, five at the most.
struct Words {
  std::array<std::string_view, 5> at;
  std::size_t count = 0;
};
Words words_of(std::string_view line, std::size_t from) {
  Words words;
  for (std::size_t end = from; from < line.size(); from = end) {
    while (from < line.size() && is_space(line[from])) ++from;
    end = from;
    while (end < line.size() && !is_space(line[end])) ++end;
    if (end == from) break;
    if (words.count == words.at.size()) refuse("too many words", line);
    words.at[words.count++] = line.substr(from, end - from);
  }
  return words;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

// The line at the front, once its end has come; false until then.
bool Reader::read_line(std::span<const std::byte> bytes) {
  const auto text = reinterpret_cast<const char*>(bytes.data());
  const std::size_t searched = searched_bytes_;
  const auto end =
      searched == bytes.size()
          ? nullptr
          : static_cast<const char*>(std::memchr(text + searched, '\n', bytes.size() - searched));
  if (!end) {
    searched_bytes_ = bytes.size();
    if (bytes.size() > kLineHighBytes) refuse("a line without an end", {text, bytes.size()});
    return false;
  }
  const auto behind = static_cast<std::size_t>(end + 1 - text);
  // Who reads has room for one line and one message, not for a longer line that came whole.
  if (behind > kLineHighBytes) refuse("a line that is too long", {text, behind});
  if (behind < kLineEnd.size() || end[-1] != '\r') refuse("a line ends without its CR", {text, behind});
  const std::string_view line(text, behind - kLineEnd.size());
  text_ = {};
  const auto rest_of = [&](std::size_t from) {
    const std::string_view rest = trimmed(line.substr(from));
    text_ = {static_cast<std::size_t>(rest.data() - text), rest.size()};
  };
  if (begins_with(line, "MSG ") || begins_with(line, "MSG\t")) {
    read_message(line, false);
    remember({text, behind});
    return know(Operation::message, behind + shape_.payload_bytes + kLineEnd.size());
  }
  if (begins_with(line, "HMSG ") || begins_with(line, "HMSG\t")) {
    read_message(line, true);
    remember({text, behind});
    return know(Operation::message, behind + shape_.header_bytes + shape_.payload_bytes + kLineEnd.size());
  }
  if (begins_with(line, "INFO ")) {
    rest_of(5);
    return know(Operation::info, behind);
  }
  if (begins_with(line, "-ERR")) {
    rest_of(4);
    return know(Operation::error, behind);
  }
  const std::string_view word = trimmed(line);
  for (const auto& [name, operation] : {std::pair{std::string_view("PING"), Operation::ping},
                                        std::pair{std::string_view("PONG"), Operation::pong},
                                        std::pair{std::string_view("+OK"), Operation::ok}}) {
    if (word.size() == name.size() && begins_with(word, name)) return know(operation, behind);
  }
  refuse("an unknown operation", line);
}

// MSG subject subscription [reply] bytes, or HMSG subject subscription [reply] header_bytes bytes.
void Reader::read_message(std::string_view line, bool headed) {
  const Words words = words_of(line, headed ? 5 : 4);
  const std::size_t least = headed ? 4 : 3;
  if (words.count != least && words.count != least + 1) refuse("a message has another number of words", line);
  shape_ = {};
  shape_.line_bytes = line.size() + kLineEnd.size();
  shape_.subscription = number(words.at[1], line);
  const auto range = [&](std::string_view word) {
    return Range{static_cast<std::size_t>(word.data() - line.data()), word.size()};
  };
  shape_.subject = range(words.at[0]);
  if (words.count == least + 1) shape_.reply = range(words.at[2]);
  const std::uint64_t bytes = number(words.at[words.count - 1], line);
  const std::uint64_t header_bytes = headed ? number(words.at[words.count - 2], line) : 0;
  if (bytes > payload_high_ || header_bytes > bytes) {
    refuse("a message of more than " + std::to_string(payload_high_) + " bytes", line);
  }
  shape_.header_bytes = static_cast<std::size_t>(header_bytes);
  shape_.payload_bytes = static_cast<std::size_t>(bytes - header_bytes);
}

void Reader::remember(std::string_view line) {
  remembered_bytes_ = line.size() <= kRememberedBytes ? line.size() : 0;
  std::memcpy(remembered_, line.data(), remembered_bytes_);
  remembered_shape_ = shape_;
}

void Reader::fill(std::span<const std::byte> bytes, Incoming& found) const {
  const auto text = reinterpret_cast<const char*>(bytes.data());
  found.operation = operation_;
  found.bytes = whole_bytes_;
  if (operation_ != Operation::message) {
    found.text = {text + text_.begin, text_.bytes};
    return;
  }
  if (std::memcmp(text + whole_bytes_ - kLineEnd.size(), kLineEnd.data(), kLineEnd.size()) != 0) {
    refuse("a message does not end where it is to", {text, shape_.line_bytes - kLineEnd.size()});
  }
  found.subscription = shape_.subscription;
  found.subject = {text + shape_.subject.begin, shape_.subject.bytes};
  found.reply = {text + shape_.reply.begin, shape_.reply.bytes};
  found.headers = bytes.subspan(shape_.line_bytes, shape_.header_bytes);
  found.payload = bytes.subspan(shape_.line_bytes + shape_.header_bytes, shape_.payload_bytes);
}

std::string subscribe_line(std::string_view subject, std::string_view queue, std::uint64_t subscription) {
  std::string line = "SUB ";
  line.append(subject).append(" ");
  if (!queue.empty()) line.append(queue).append(" ");
  return line.append(std::to_string(subscription));
}

std::string unsubscribe_line(std::uint64_t subscription, std::uint64_t messages) {
  return "UNSUB " + std::to_string(subscription) + " " + std::to_string(messages);
}

PublishEnvelope::PublishEnvelope(std::string_view subject, std::string_view reply, std::size_t header_bytes)
    : reply_(reply) {
  if (header_bytes) {
    headers_ = kHeadersBegin;
    headers_.append(header_bytes - kHeadersBegin.size() - kHeadersEnd.size(), 'h').append(kHeadersEnd);
  }
  readdress(subject);
}

void PublishEnvelope::readdress(std::string_view subject) {
  subject_ = subject;
  line_ = headers_.empty() ? "PUB " : "HPUB ";
  line_.append(subject_).append(" ");
  if (!reply_.empty()) line_.append(reply_).append(" ");
  if (!headers_.empty()) line_.append(std::to_string(headers_.size())).append(" ");
  size_ = SIZE_MAX;
}

void PublishEnvelope::prepare(std::size_t size) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, headers_.size() + size).ptr;
  before_.assign(line_).append(digits, end).append(kLineEnd).append(headers_);
  size_ = size;
}

}  // namespace queuemark::nats_client
