// Writes JSON, one value after the other, commas and escapes included. Numbers are exact integers.
#pragma once

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
    for (const char c : text) escape(c);
    text_ += '"';
    return *this;
  }
  Json& value(const char* text) { return value(std::string_view(text)); }
  Json& value(bool flag) { return raw(flag ? "true" : "false"); }
  Json& value(std::integral auto number) { return raw(std::to_string(number)); }
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
  void escape(char c) {
    if (c == '"' || c == '\\') {
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
