// Unix sequenced packets, one connected pair a consumer: a stream of messages that ends as streams do.

#include "engine/trial.hpp"
#include "transports/unix_datagrams.hpp"

namespace queuemark {
namespace {

Description describe() {
  return describe_unix_datagrams(SOCK_SEQPACKET, "unix-seqpacket",
                                 "Unix sequenced packets, one connected pair a consumer");
}

class SeqpacketProducer : public DatagramProducer {
 public:
  using DatagramProducer::DatagramProducer;
  void finish() {
    for (const Descriptor& end : ends_) {
      if (shutdown(end.number(), SHUT_WR) != 0) throw_system("shut a consumer's socket down for writing");
    }
  }
};

class UnixSeqpacket : public UnixDatagrams {
 public:
  UnixSeqpacket(const Options& options, std::size_t largest)
      : UnixDatagrams(options, Params(describe(), options.params), SOCK_SEQPACKET, largest) {}
  SeqpacketProducer open_producer() { return {connections_, wait_}; }
};

}  // namespace

extern const Entry unix_seqpacket;
const Entry unix_seqpacket{describe, run_trial<UnixSeqpacket>};

}  // namespace queuemark
