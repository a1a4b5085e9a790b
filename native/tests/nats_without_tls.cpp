// A runner that was built where there is no OpenSSL: it is linked with what then takes the place of TLS.

#include "engine/error.hpp"
#include "nats/tls.hpp"
#include "tests/check.hpp"

using namespace queuemark;

int main() {
  try {
    nats_client::trust_in("");
    CHECK(false);
  } catch (const Unavailable& lack) {
    CHECK(std::string(lack.what()).find("built without OpenSSL") != std::string::npos);
    CHECK(lack.remedy.find("libssl-dev") != std::string::npos);
  }
  return test::verdict();
}
