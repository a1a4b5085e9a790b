// Unix datagrams, one connected pair a consumer. They are not lost: a sender waits for its send buffer.
//
// net.unix.max_dgram_qlen limits how many datagrams wait for a receiver that many senders share; of the two
// ends of a pair, which are connected to each other, the kernel asks for the send buffer alone
// (net/unix/af_unix.c, unix_dgram_sendmsg). It is recorded all the same, since people look for it.

#include <fstream>

#include "engine/trial.hpp"
#include "transports/unix_datagrams.hpp"

namespace queuemark {
namespace {

Description describe() {
  return describe_unix_datagrams(SOCK_DGRAM, "unix-dgram", "Unix datagrams, one connected pair a consumer");
}

// The end is an empty datagram: a closed datagram socket tells its peer nothing.
class UnixDgramProducer : public DatagramProducer {
 public:
  using DatagramProducer::DatagramProducer;
  void finish() {
    for (unsigned stream = 0; stream < ends_.size(); ++stream) send(stream, nullptr, 0);
  }
};

class UnixDgram : public UnixDatagrams {
 public:
  UnixDgram(const Options& options, std::size_t largest)
      : UnixDatagrams(options, Params(describe(), options.params), SOCK_DGRAM, largest) {}
  UnixDgramProducer open_producer() { return {connections_, wait_}; }
  Granted granted() const {
    Granted granted = UnixDatagrams::granted();
    std::ifstream file("/proc/sys/net/unix/max_dgram_qlen");
    if (std::int64_t limit = 0; file >> limit) granted["max_dgram_qlen"] = limit;
    return granted;
  }
};

}  // namespace

extern const Entry unix_dgram;
const Entry unix_dgram{describe, run_trial<UnixDgram>};

}  // namespace queuemark
