// Every message to every consumer: what the loop gives to its one stream goes into all connections.
//
// A message counts as sent when the last connection has taken it. The slowest consumer therefore sets the
// pace of all: nobody is left out, and nothing is kept for those who lag but what their connection holds.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <utility>

namespace queuemark {

template <class Out>
class FanOut : public Out {
 public:
  FanOut(Out&& out, unsigned consumers) : Out(std::move(out)), consumers_(consumers) {}

  void send(unsigned, const std::byte* from, std::size_t count) {
    for (unsigned consumer = 0; consumer < consumers_; ++consumer) Out::send(consumer, from, count);
  }
  std::size_t send_many(unsigned, std::span<const iovec> messages)
    requires requires(Out& out) { out.send_many(0u, messages); }
  {
    for (unsigned consumer = 0; consumer < consumers_; ++consumer) {
      for (std::size_t done = 0; done < messages.size();) {
        done += Out::send_many(consumer, messages.subspan(done));
      }
    }
    return messages.size();
  }
  auto rings(unsigned)
    requires requires(Out& out) { out.rings(); }
  {
    return Out::rings();
  }

 private:
  unsigned consumers_;
};

}  // namespace queuemark
