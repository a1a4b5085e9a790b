// File descriptors that close themselves, and the ways of waiting on them.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "engine/clock.hpp"
#include "engine/error.hpp"
#include "engine/options.hpp"

namespace queuemark {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { reset(); }
  void reset() {
    if (number_ >= 0) close(number_);
    number_ = -1;
  }
  int number() const { return number_; }

 private:
  int number_ = -1;
};

// What is done when a call says that it cannot be done now. Where the trial blocks, calls wait by themselves
// and never say so. Where it spins, the call is made again at once; where it spins and then blocks, for
// kSpinNs, and then the process sleeps until the call can be done (poll(2)).
class Patience {
 public:
  // About what it costs to be woken on another cpu: who spins that long first never waits more than twice the
  // time that the better of the two ways would have taken.
  static constexpr Nanoseconds kSpinNs = 50'000;

  Patience() = default;
  // events: of poll(2), those that end the waiting.
  Patience(Wait wait, int descriptor, short events)
      : sleeps_(wait == Wait::spin_then_block), descriptor_(descriptor), events_(events) {}

  // Called each time that the call was refused; since_ns is the caller's, 0 before the first time.
  void wait(Nanoseconds& since_ns, std::uint64_t& calls) const {
    cpu_relax();
    if (!sleeps_) return;
    const Nanoseconds now = now_ns();
    if (!since_ns) since_ns = now;
    if (now - since_ns < kSpinNs) return;
    pollfd awaited{descriptor_, events_, 0};
    ++calls;
    if (poll(&awaited, 1, -1) < 0 && errno != EINTR) throw_system("wait for a descriptor");
    since_ns = 0;
  }

 private:
  bool sleeps_ = false;
  int descriptor_ = -1;
  short events_ = 0;
};

// Makes a call until it is not told to come back. Every try is counted. Returns what the call returned;
// throws SystemError for every other refusal.
template <class Call>
std::size_t insist(Call&& call, std::uint64_t& calls, const char* what_was_tried,
                   const Patience& patience = {}) {
  Nanoseconds since_ns = 0;
  for (;;) {
    ++calls;
    const ssize_t result = call();
    if (result >= 0) [[likely]]
      return static_cast<std::size_t>(result);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      patience.wait(since_ns, calls);
    } else if (errno != EINTR) {
      throw_system(what_was_tried);
    }
  }
}

// Makes a call once, in a process that must not be kept waiting by it: 0 when it is told to come back.
template <class Call>
std::size_t attempt(Call&& call, std::uint64_t& calls, const char* what_was_tried) {
  for (;;) {
    ++calls;
    const ssize_t result = call();
    if (result >= 0) [[likely]]
      return static_cast<std::size_t>(result);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    if (errno != EINTR) throw_system(what_was_tried);
  }
}

// Waits until one end brings something (its end of stream, too) or the other one takes something; says
// whether the first does. Who spins looks once, and is told that something is taken.
inline bool brings_something(int bringing, int taking, Wait wait, std::uint64_t& calls) {
  pollfd ends[] = {{bringing, POLLIN, 0}, {taking, POLLOUT, 0}};
  ++calls;
  if (poll(ends, 2, wait == Wait::spin ? 0 : -1) < 0 && errno != EINTR) {
    throw_system("wait for a request or for room for a reply");
  }
  return ends[0].revents != 0;
}

// Waits until an end brings something (its end of stream, too), or for a moment at the longest; says whether
// it does. Who does not sleep looks again and again.
inline bool brings_by(int end, bool sleeps, Nanoseconds moment, std::uint64_t& calls) {
  for (;;) {
    const Nanoseconds left = std::max<Nanoseconds>(0, moment - now_ns());
    const Nanoseconds wait = sleeps ? left : 0;
    const timespec timeout{wait / 1'000'000'000, wait % 1'000'000'000};
    pollfd awaited{end, POLLIN, 0};
    ++calls;
    const int found = ppoll(&awaited, 1, &timeout, nullptr);
    if (found > 0) return true;
    if (found < 0 && errno != EINTR) throw_system("wait for a reply");
    if (!left) return false;
    cpu_relax();
  }
}

}  // namespace queuemark
