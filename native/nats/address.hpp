// Where a server is, and as whom to speak to it: nats://[TOKEN@|USER:PASSWORD@]HOST[:PORT].
#pragma once

#include <string>

namespace queuemark::nats_client {

struct Address {
  std::string host;
  std::string port = "4222";
  std::string user;
  std::string password;
  std::string token;

  // Throws UsageError, which does not repeat a password.
  static Address read(const std::string& url);
  std::string place() const { return (host.find(':') == host.npos ? host : "[" + host + "]") + ":" + port; }
};

}  // namespace queuemark::nats_client
