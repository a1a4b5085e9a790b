#include "nats/info.hpp"

#include <charconv>

#include "engine/json.hpp"
#include "nats/address.hpp"
#include "nats/protocol.hpp"

namespace queuemark::nats_client {
namespace {

constexpr int kDepthHigh = 16;

// Goes through JSON text once. Texts are taken as they stand, escapes included: nothing that matters has any.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

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
  [[noreturn]] static void fail() { throw ProtocolError("the server sent an INFO that is no JSON object"); }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

ServerInfo ServerInfo::read(std::string_view json) {
  ServerInfo info;
  Scanner(json).members([&](std::string_view name, std::string_view value) {
    const bool yes = value == "true";
    if (name == "version") info.version = value;
    if (name == "headers") info.headers = yes;
    if (name == "auth_required") info.login_required = yes;
    if (name == "tls_required") info.tls_required = yes;
    if (name == "max_payload") {
      std::from_chars(value.data(), value.data() + value.size(), info.max_payload_bytes);
    }
  });
  return info;
}

std::string connect_line(const Address& address, bool verbose) {
  Json json;
  json.begin_object()
      .member("verbose", verbose)
      .member("pedantic", false)
      .member("tls_required", false)
      .member("name", "queuemark")
      .member("lang", "C++")
      .member("version", QUEUEMARK_VERSION)
      .member("protocol", 1)
      .member("echo", true)
      .member("headers", true);
  if (!address.user.empty()) json.member("user", address.user).member("pass", address.password);
  if (!address.token.empty()) json.member("auth_token", address.token);
  return "CONNECT " + json.end_object().text();
}

}  // namespace queuemark::nats_client
