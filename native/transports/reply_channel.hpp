// Where replies cannot come back over the channel of the requests: a producer's end of the one and a
// consumer's end of the other, as the one end of a client (engine/pingpong.hpp).
#pragma once

#include <cstddef>
#include <utility>

#include "engine/clock.hpp"

namespace queuemark {

template <class Out, class In>
class ReplyChannel : public Out {
 public:
  ReplyChannel(Out&& requests, In&& replies) : Out(std::move(requests)), replies_(std::move(replies)) {}

  std::size_t receive(unsigned, std::byte* into, std::size_t capacity) {
    const std::size_t received = replies_.receive(into, capacity);
    Out::calls += std::exchange(replies_.calls, 0);
    return received;
  }
  bool reply_comes_by(unsigned, bool sleeps, Nanoseconds moment) {
    const bool comes = replies_.comes_by(sleeps, moment);
    Out::calls += std::exchange(replies_.calls, 0);
    return comes;
  }

 private:
  In replies_;
};

}  // namespace queuemark
