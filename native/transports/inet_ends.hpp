// Where the two ends of a connection are made: each at an IPv4 address, the consumers' ones in another
// network namespace where one is named (ip(7), network_namespaces(7)).
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>

#include <string>

#include "engine/descriptor.hpp"
#include "engine/options.hpp"

namespace queuemark {

// Any free port of an address.
inline sockaddr_in any_port_of(const std::string& address) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  if (inet_pton(AF_INET, address.c_str(), &made.sin_addr) != 1) {
    throw UsageError("'" + address + "' is not an IPv4 address");
  }
  return made;
}

class InetEnds {
 public:
  explicit InetEnds(const Options& options)
      : producer_(any_port_of(options.producer_address)),
        consumer_(any_port_of(options.consumer_address)),
        netns_path_(options.consumer_netns) {
    if (netns_path_.empty()) return;
    home_ = opened("/proc/self/ns/net");
    away_ = opened(netns_path_);
  }

  const sockaddr_in& producer() const { return producer_; }
  const sockaddr_in& consumer() const { return consumer_; }

  // What `make` makes at the consumers' side. A socket belongs to the namespace that it was made in,
  // whichever process uses it later, so the workers that are forked need not know of it. When `make` throws
  // there is no trial any more, and nobody who could miss the way back.
  template <class Make>
  auto at_consumer(Make&& make) const {
    if (away_.number() < 0) return make();
    enter(away_);
    auto made = make();
    enter(home_);
    return made;
  }

 private:
  static Descriptor opened(const std::string& path) {
    Descriptor made(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (made.number() < 0) throw_system("open the network namespace " + path);
    return made;
  }
  void enter(const Descriptor& netns) const {
    if (setns(netns.number(), CLONE_NEWNET) == 0) return;
    throw SystemError(system_said("enter the network namespace " + netns_path_),
                      "run as root, or in a user namespace that owns it");
  }

  sockaddr_in producer_;
  sockaddr_in consumer_;
  std::string netns_path_;
  Descriptor home_;
  Descriptor away_;
};

}  // namespace queuemark
