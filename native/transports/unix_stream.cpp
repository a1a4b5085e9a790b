// Unix stream sockets: one connected pair a consumer, without a name in any file system (unix(7)).

#include "engine/trial.hpp"
#include "transports/stream_sockets.hpp"

namespace queuemark {
namespace {

Description describe() {
  Description description{"unix-stream",
                          "Unix stream sockets, one connected pair a consumer",
                          stream_socket_facts(),
                          stream_socket_params(),
                          {},
                          {}};
  description.facts.cost.ways = {{"unix-stream", {}}};
  const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (probe.number() < 0) {
    description.reason = system_said("open a Unix stream socket");
    description.remedy =
        "allow Unix sockets here (CONFIG_UNIX; the container's or service's address families)";
  }
  return description;
}

class UnixStream : public StreamSockets {
 public:
  UnixStream(const Options& options, std::size_t) : UnixStream(options, Params(describe(), options.params)) {}

 private:
  UnixStream(const Options& options, const Params& params) : StreamSockets(options, params) {
    const SocketBuffers buffers(options, params);
    for (unsigned i = 0; i < options.consumers; ++i) {
      int ends[2];
      if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        throw_system("connect Unix stream socket pair " + std::to_string(i + 1));
      }
      Connection connection{Descriptor(ends[0]), Descriptor(ends[1])};
      buffers.set_producer(connection.producer);
      buffers.set_consumer(connection.consumer);
      connections_.push_back(std::move(connection));
    }
  }
};

}  // namespace

extern const Entry unix_stream;
const Entry unix_stream{describe, run_trial<UnixStream>};

}  // namespace queuemark
