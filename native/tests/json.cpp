// JSON: commas, escapes, and bytes that are no text.

#include "engine/json.hpp"

#include <cstdint>

#include "tests/check.hpp"

using namespace queuemark;

namespace {

std::string text(std::string_view value) {
  Json json;
  return json.value(value).text();
}

void escapes() {
  CHECK(text("plain") == R"("plain")");
  CHECK(text("a\"b\\c") == R"("a\"b\\c")");
  CHECK(text("\n\t\x01") == R"("\u000a\u0009\u0001")");
  CHECK(text(std::string_view("\0", 1)) == R"("\u0000")");
  CHECK(text("") == R"("")");
}

// A path may hold any bytes; JSON may not (RFC 8259, 8.1).
void what_is_not_utf8_is_replaced() {
  CHECK(text("Grüße, 日本, 𝄞") == "\"Grüße, 日本, 𝄞\"");
  const std::string replaced = "\xEF\xBF\xBD";
  CHECK(text("a\xff"
             "b") == "\"a" + replaced + "b\"");
  CHECK(text("\x80") == "\"" + replaced + "\"");
  CHECK(text("\xC3") == "\"" + replaced + "\"");
  CHECK(text("\xC3x") == "\"" + replaced + "x\"");
  CHECK(text("\xC0\xAF") == "\"" + replaced + replaced + "\"");
  CHECK(text("\xE2\x82") == "\"" + replaced + replaced + "\"");
  CHECK(text("\xED\xA0\x80") == "\"" + replaced + replaced + replaced + "\"");
  CHECK(text("\xF5\x80\x80\x80").find('\xF5') == std::string::npos);
}

void shapes() {
  Json json;
  json.begin_object().member("a", 1).member("b", true).key("c").begin_array();
  json.value(1).value("two").null().begin_object().end_object().end_array();
  json.member_or_null("d", "").member_or_null("e", "x").end_object();
  CHECK(json.text() == R"({"a":1,"b":true,"c":[1,"two",null,{}],"d":null,"e":"x"})");
  Json numbers;
  numbers.begin_array().value(std::uint64_t{UINT64_MAX}).value(std::int64_t{INT64_MIN}).end_array();
  CHECK(numbers.text() == "[18446744073709551615,-9223372036854775808]");
}

}  // namespace

int main() {
  escapes();
  what_is_not_utf8_is_replaced();
  shapes();
  return test::verdict();
}
