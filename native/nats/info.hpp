// What a server says of itself in an INFO: a JSON object, of whose members some matter here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace queuemark::nats_client {

struct ServerInfo {
  std::string name;
  std::string version;
  std::size_t max_payload_bytes = 1024 * 1024;  // headers included
  bool headers = false;
  bool login_required = false;
  bool tls_required = false;
  bool tls_available = false;
  bool tls_verify = false;  // clients need a certificate

  // Throws ProtocolError for what is no JSON object. What it does not know it passes over.
  static ServerInfo read(std::string_view json);
};

// What a client says of itself in its CONNECT, without the end of the line. Where nothing is said of verbose
// and pedantic a server takes both for true. That nobody answers to a request is told in a header.
struct Address;
std::string connect_line(const Address& address, const ServerInfo& server, bool verbose, bool encrypted);

}  // namespace queuemark::nats_client
