// What stands before the first message: the address of a server, what the server says of itself, and what is
// answered.

#include "engine/error.hpp"
#include "nats/address.hpp"
#include "nats/info.hpp"
#include "nats/protocol.hpp"
#include "tests/check.hpp"

using namespace queuemark;
using namespace queuemark::nats_client;

namespace {

void addresses() {
  const Address bare = Address::read("nats://127.0.0.1");
  CHECK(bare.host == "127.0.0.1" && bare.port == "4222" && bare.user.empty() && bare.token.empty());
  const Address named = Address::read("nats://me:a%40b%3Ac@example.org:4333/");
  CHECK(named.host == "example.org" && named.port == "4333" && named.user == "me" &&
        named.password == "a@b:c");
  CHECK(named.place() == "example.org:4333");
  const Address told = Address::read("nats://s3cr3t@[::1]:1");
  CHECK(told.host == "::1" && told.port == "1" && told.token == "s3cr3t" && told.user.empty());
  CHECK(told.place() == "[::1]:1");
  const Address trusting = Address::read("tls://me:%3F@a:1/?ca=/etc/my%20own/@ca.pem");
  CHECK(trusting.encrypted && trusting.host == "a" && trusting.port == "1" && trusting.password == "?");
  CHECK(trusting.ca_file == "/etc/my own/@ca.pem");
  CHECK(!bare.encrypted && Address::read("tls://a").encrypted && Address::read("tls://a").ca_file.empty());
  for (const char* url :
       {"", "127.0.0.1:4222", "http://a", "nats://", "tls://", "nats://a?ca=b", "tls://a?",
        "tls://a?ca=", "tls://a?cb=c", "nats://:4222", "nats://a:0", "nats://a:65536", "nats://a:4222x",
        "nats://[::1", "nats://[::1]4222", "nats://a%4:b@c", "nats://a%4g:b@c"}) {
    CHECK_THROWS(UsageError, Address::read(url));
  }
}

// Whoever reads over a shoulder, or a log, does not learn it.
void passwords_are_not_repeated() {
  try {
    Address::read("nats://me:s3cr3t@:4222");
    CHECK(false);
  } catch (const UsageError& error) {
    CHECK(std::string(error.what()).find("s3cr3t") == std::string::npos);
  }
}

void infos() {
  const ServerInfo said = ServerInfo::read(
      R"({"server_id":"N\"A}","server_name":"here","version":"2.15.1","connect_urls":["a","b"],"jetstream":{"x":[1,{"y":"}"}]},)"
      R"("headers":true, "max_payload" : 512 ,"auth_required":true,"tls_required":false,"nonce":null})");
  CHECK(said.name == "here" && said.version == "2.15.1" && said.headers && said.max_payload_bytes == 512);
  CHECK(said.login_required && !said.tls_required && !said.tls_available && !said.tls_verify);
  const ServerInfo encrypted =
      ServerInfo::read(R"({"tls_required":true,"tls_verify":true,"tls_available":true})");
  CHECK(encrypted.tls_required && encrypted.tls_available && encrypted.tls_verify);
  const ServerInfo silent = ServerInfo::read("{}");
  CHECK(silent.version.empty() && !silent.headers && silent.max_payload_bytes == 1024 * 1024);
  for (const char* json :
       {"", "[]", "{", "{\"a\"", "{\"a\":", "{\"a\":}", "{\"a\":\"", "{\"a\":\"\\", "{\"a\":[1", "x"}) {
    CHECK_THROWS(ProtocolError, ServerInfo::read(json));
  }
  CHECK_THROWS(ProtocolError, ServerInfo::read("{\"a\":" + std::string(1000, '[')));
}

bool says(const std::string& line, const char* what) { return line.find(what) != std::string::npos; }

// A server takes both for true where nothing is said.
void connecting() {
  ServerInfo with_headers;
  with_headers.headers = true;
  const std::string line = connect_line(Address::read("nats://me:\"x@h"), with_headers, true, false);
  CHECK(line.rfind("CONNECT {", 0) == 0 && says(line, "\"verbose\":true") &&
        says(line, "\"pedantic\":false"));
  CHECK(says(line, "\"user\":\"me\"") && says(line, "\"pass\":\"\\\"x\"") && !says(line, "auth_token"));
  CHECK(says(line, "\"no_responders\":true"));
  CHECK(says(line, "\"tls_required\":false"));
  const std::string told = connect_line(Address::read("tls://s3cr3t@h"), {}, false, true);
  CHECK(says(told, "\"tls_required\":true"));
  // A server without headers refuses a client that asks to be told in one.
  CHECK(says(told, "\"no_responders\":false"));
  CHECK(says(told, "\"verbose\":false") && says(told, "\"auth_token\":\"s3cr3t\"") &&
        !says(told, "\"user\""));
  CHECK(!says(connect_line(Address::read("nats://h"), {}, false, false), "auth_token"));
}

}  // namespace

int main() {
  addresses();
  passwords_are_not_repeated();
  infos();
  connecting();
  return test::verdict();
}
