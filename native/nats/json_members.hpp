// What a server says in JSON, read without making anything of it.
#pragma once

#include <string_view>

#include "nats/protocol.hpp"

namespace queuemark::nats_client {

// Goes through JSON text once. Texts are taken as they stand, escapes included: nothing that matters has any.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : text_(text) {}

  // Every member of the object: use(name, text of its value; of a text without its quotes).
  template <class Use>
  void members(Use&& use) {
    expect('{');
    if (takes('}')) return;
    do {
      const std::string_view name = quoted();
      expect(':');
      use(name, value(0));
    } while (takes(','));
    expect('}');
  }

 private:
  static constexpr int kDepthHigh = 16;

  std::string_view value(int depth) {
    if (depth > kDepthHigh) fail();
    skip_spaces();
    const std::size_t begin = at_;
    if (peek() == '"') return quoted();
    if (peek() == '{' || peek() == '[') {
      nested(depth);
    } else {
      while (at_ < text_.size() && !is_one_of(",]} \t\r\n")) ++at_;
      if (at_ == begin) fail();
    }
    return text_.substr(begin, at_ - begin);
  }

  void nested(int depth) {
    const bool object = text_[at_++] == '{';
    const char end = object ? '}' : ']';
    if (takes(end)) return;
    do {
      if (object) {
        quoted();
        expect(':');
      }
      value(depth + 1);
    } while (takes(','));
    expect(end);
  }

  std::string_view quoted() {
    expect('"');
    const std::size_t begin = at_;
    while (peek() != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    return text_.substr(begin, at_++ - begin);
  }

  bool is_one_of(std::string_view letters) const { return letters.find(text_[at_]) != letters.npos; }
  char peek() const {
    if (at_ >= text_.size()) fail();
    return text_[at_];
  }
  void skip_spaces() {
    while (at_ < text_.size() && is_one_of(" \t\r\n")) ++at_;
  }
  bool takes(char wanted) {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!takes(wanted)) fail();
  }
  [[noreturn]] static void fail() { throw ProtocolError("the server sent what is no JSON object"); }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Calls use(name, text of the value) for each member of a JSON object. Throws ProtocolError for what is none.
template <class Use>
void for_each_member(std::string_view json, Use&& use) {
  JsonScanner(json).members(use);
}

}  // namespace queuemark::nats_client
