#include "nats/address.hpp"

#include <charconv>
#include <string_view>

#include "engine/error.hpp"

namespace queuemark::nats_client {
namespace {

constexpr std::string_view kScheme = "nats://", kEncryptedScheme = "tls://";
constexpr std::string_view kCaFile = "ca=";

[[noreturn]] void refuse(const std::string& why) {
  throw UsageError("--server takes nats://[TOKEN@|USER:PASSWORD@]HOST[:PORT] or tls://...[?ca=FILE]: " + why);
}

int hex_digit(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

// %40 is '@' (RFC 3986, 2.1).
std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) refuse("a '%' in a name or a password needs two hexadecimal digits behind it");
    plain += static_cast<char>(16 * high + low);
    i += 2;
  }
  return plain;
}

void read_login(Address& address, std::string_view login) {
  const auto colon = login.find(':');
  if (colon == std::string_view::npos) {
    address.token = decoded(login);
  } else {
    address.user = decoded(login.substr(0, colon));
    address.password = decoded(login.substr(colon + 1));
  }
}

// Returns what stands before it.
std::string_view read_ca_file(Address& address, std::string_view rest) {
  const auto mark = rest.find('?');
  if (mark == std::string_view::npos) return rest;
  if (!address.encrypted) refuse("'?' stands in tls://...?ca=FILE alone");
  const std::string_view query = rest.substr(mark + 1);
  if (!query.starts_with(kCaFile) || query == kCaFile) refuse("behind '?' stands ca=FILE, and nothing else");
  address.ca_file = decoded(query.substr(kCaFile.size()));
  return rest.substr(0, mark);
}

void read_place(Address& address, std::string_view place) {
  const bool bracketed = !place.empty() && place.front() == '[';
  const auto end = bracketed ? place.find(']') : place.rfind(':');
  if (bracketed && end == std::string_view::npos) refuse("an IPv6 address stands in [ and ]");
  address.host = bracketed ? place.substr(1, end - 1) : place.substr(0, end);
  std::string_view port = bracketed                       ? place.substr(end + 1)
                          : end == std::string_view::npos ? ""
                                                          : place.substr(end);
  if (address.host.empty()) refuse("it names no host");
  if (port.empty()) return;
  unsigned number = 0;
  const auto [rest, error] = std::from_chars(port.data() + 1, port.data() + port.size(), number);
  if (port.front() != ':' || error != std::errc{} || rest != port.data() + port.size() || !number ||
      number > 65535) {
    refuse("'" + std::string(port) + "' is no port");
  }
  address.port = port.substr(1);
}

}  // namespace

Address Address::read(const std::string& url) {
  std::string_view rest = url;
  Address address;
  address.encrypted = rest.starts_with(kEncryptedScheme);
  if (!address.encrypted && !rest.starts_with(kScheme))
    refuse("it begins neither with nats:// nor with tls://");
  rest.remove_prefix(address.encrypted ? kEncryptedScheme.size() : kScheme.size());
  rest = read_ca_file(address, rest);
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  const auto at = rest.rfind('@');
  if (at != std::string_view::npos) {
    read_login(address, rest.substr(0, at));
    rest.remove_prefix(at + 1);
  }
  read_place(address, rest);
  return address;
}

}  // namespace queuemark::nats_client
