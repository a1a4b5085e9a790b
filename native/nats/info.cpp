#include "nats/info.hpp"

#include <charconv>

#include "engine/json.hpp"
#include "nats/address.hpp"
#include "nats/json_members.hpp"

namespace queuemark::nats_client {

ServerInfo ServerInfo::read(std::string_view json) {
  ServerInfo info;
  for_each_member(json, [&](std::string_view name, std::string_view value) {
    const bool yes = value == "true";
    if (name == "server_name") info.name = value;
    if (name == "version") info.version = value;
    if (name == "headers") info.headers = yes;
    if (name == "auth_required") info.login_required = yes;
    if (name == "tls_required") info.tls_required = yes;
    if (name == "tls_available") info.tls_available = yes;
    if (name == "tls_verify") info.tls_verify = yes;
    if (name == "max_payload") {
      std::from_chars(value.data(), value.data() + value.size(), info.max_payload_bytes);
    }
  });
  return info;
}

std::string connect_line(const Address& address, const ServerInfo& server, bool verbose, bool encrypted) {
  Json json;
  json.begin_object()
      .member("verbose", verbose)
      .member("pedantic", false)
      .member("tls_required", encrypted)
      .member("name", "queuemark")
      .member("lang", "C++")
      .member("version", QUEUEMARK_VERSION)
      .member("protocol", 1)
      .member("echo", true)
      .member("headers", true)
      .member("no_responders", server.headers);
  if (!address.user.empty()) json.member("user", address.user).member("pass", address.password);
  if (!address.token.empty()) json.member("auth_token", address.token);
  return "CONNECT " + json.end_object().text();
}

}  // namespace queuemark::nats_client
