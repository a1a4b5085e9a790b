// Any free port of 127.0.0.1 (ip(7)).
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

namespace queuemark {

inline sockaddr_in loopback() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace queuemark
