// Where there was no OpenSSL to build with.

#include "engine/error.hpp"
#include "nats/tls.hpp"

namespace queuemark::nats_client {

std::shared_ptr<const Trust> trust_in(const std::string&) {
  throw Unavailable(
      "speak TLS: this runner was built without OpenSSL",
      "install what programs are built with it from (apt-get install libssl-dev), and build again");
}

}  // namespace queuemark::nats_client
