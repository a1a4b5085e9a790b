// Where a server is, and as whom to speak to it: nats://[TOKEN@|USER:PASSWORD@]HOST[:PORT]; encrypted,
// tls://[...]HOST[:PORT][?ca=FILE], where FILE has the certificates of whom to trust.
#pragma once

#include <string>

namespace queuemark::nats_client {

struct Address {
  std::string host;
  std::string port = "4222";
  std::string user;
  std::string password;
  std::string token;
  bool encrypted = false;
  std::string ca_file;  // empty: whom the system trusts

  // Throws UsageError, which does not repeat a password.
  static Address read(const std::string& url);
  std::string place() const { return (host.find(':') == host.npos ? host : "[" + host + "]") + ":" + port; }
};

}  // namespace queuemark::nats_client
