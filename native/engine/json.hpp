// Writes JSON, one value after the other, commas and escapes included. Whole numbers are exact, others have
// six digits, and what is no number is null. Bytes that are no UTF-8 (a path may hold any) become U+FFFD
// each: JSON is UTF-8 and nothing else (RFC 8259).
#pragma once

#include <cmath>
#include <concepts>
#include <cstdio>
#include <string>
#include <string_view>

namespace queuemark {

class Json {
 public:
  Json& begin_object() { return open('{'); }
  Json& end_object() { return close('}'); }
  Json& begin_array() { return open('['); }
  Json& end_array() { return close(']'); }

  Json& key(std::string_view name) {
    value(name);
    text_ += ':';
    separate_ = false;
    return *this;
  }

  Json& value(std::string_view text) {
    comma();
    text_ += '"';
    while (!text.empty()) {
      const std::size_t length = character_bytes(text);
      if (length > 1) {
        text_ += text.substr(0, length);
      } else {
        escape(text.front());
      }
      text.remove_prefix(length ? length : 1);
    }
    text_ += '"';
    return *this;
  }
  Json& value(const char* text) { return value(std::string_view(text)); }
  Json& value(bool flag) { return raw(flag ? "true" : "false"); }
  Json& value(std::integral auto number) { return raw(std::to_string(number)); }
  Json& value(std::floating_point auto number) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.6g", static_cast<double>(number));
    return std::isfinite(number) ? raw(digits) : null();
  }
  Json& null() { return raw("null"); }

  template <class T>
  Json& member(std::string_view name, const T& item) {
    return key(name).value(item);
  }
  // An empty text is null: "no reason" is not a reason.
  Json& member_or_null(std::string_view name, std::string_view text) {
    key(name);
    return text.empty() ? null() : value(text);
  }

  const std::string& text() const { return text_; }

 private:
  void comma() {
    if (separate_) text_ += ',';
    separate_ = true;
  }
  Json& raw(std::string_view text) {
    comma();
    text_ += text;
    return *this;
  }
  Json& open(char bracket) {
    comma();
    text_ += bracket;
    separate_ = false;
    return *this;
  }
  Json& close(char bracket) {
    text_ += bracket;
    separate_ = true;
    return *this;
  }
  // How many bytes the first character has; 0 when it is none (Unicode 15, table 3-7).
  static std::size_t character_bytes(std::string_view text) {
    const auto byte = [&](std::size_t i) {
      return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4) return 0;
    const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (byte(1) < low || byte(1) > high) return 0;
    for (std::size_t i = 2; i < length; ++i) {
      if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
    }
    return length;
  }
  void escape(char c) {
    if (static_cast<unsigned char>(c) >= 0x80) {
      text_ += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
      text_ += code;
    } else {
      text_ += c;
    }
  }

  std::string text_;
  bool separate_ = false;
};

}  // namespace queuemark
