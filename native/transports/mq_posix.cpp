// One POSIX message queue that all consumers take from, and where requests are replied to, another one back
// (mq_overview(7)).
//
// A queue needs a name while it is opened, and no longer: the name is removed at once, and the workers
// inherit the descriptor. Should a runner be killed between the two calls, the name stays; there is only one
// such name for each user, and the next start of any trial removes it, since each one asks each transport
// whether it is available.

#include <mqueue.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "engine/descriptor.hpp"
#include "engine/trial.hpp"
#include "transports/reply_channel.hpp"

namespace queuemark {
namespace {

// include/linux/ipc_namespace.h, Linux 3.5 and later: what a privileged process may ask for.
constexpr std::uint64_t kHardSizeMax = 16 * 1024 * 1024;
constexpr std::int64_t kHardDepthMax = 65536;

std::string queue_name() { return "/queuemark-" + std::to_string(getuid()); }

std::uint64_t system_limit(const char* name, std::uint64_t otherwise) {
  std::ifstream file(std::string("/proc/sys/fs/mqueue/") + name);
  std::uint64_t limit = otherwise;
  file >> limit;
  return limit;
}

// Where several runners of one user start at once, one may find the other's name in the moment before it is
// removed. Whoever removes it takes nothing from the other, who has its descriptor; O_EXCL gives each its
// own.
Descriptor open_queue(int flags, long depth, std::size_t size_bytes) {
  mq_attr attributes{};
  attributes.mq_maxmsg = depth;
  attributes.mq_msgsize = static_cast<long>(size_bytes);
  const std::string name = queue_name();
  for (int tries = 0; tries < 100; ++tries) {
    Descriptor queue(mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | flags, 0600, &attributes));
    const int error = errno;
    if (queue.number() >= 0 || error == EEXIST) mq_unlink(name.c_str());
    if (queue.number() >= 0) return queue;
    errno = error;
    if (error != EEXIST) break;
  }
  return Descriptor();
}

void raise_queue_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_MSGQUEUE, &limit) != 0) return;
  const rlimit wanted{RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_MSGQUEUE, &wanted) == 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_MSGQUEUE, &limit);
}

std::string remedy_for(int error) {
  if (error == EMFILE || error == ENOMEM) {
    return "the bytes of message queues of this user are used up: raise the limit (ulimit -q), or take a "
           "smaller "
           "depth or size";
  }
  if (error == EINVAL) return "raise fs.mqueue.msg_max and fs.mqueue.msgsize_max (sysctl), or take less";
  if (error == ENOSPC) return "raise fs.mqueue.queues_max (sysctl)";
  if (error == ENOSYS) return "use a kernel with CONFIG_POSIX_MQUEUE";
  return "allow POSIX message queues here";
}

// CAP_SYS_RESOURCE lifts the limits of fs.mqueue; root in a container often lacks it (capabilities(7)).
bool privileged() {
  constexpr int kSysResource = 24;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("CapEff:", 0) == 0) return std::stoull(line.substr(7), nullptr, 16) >> kSysResource & 1;
  }
  return false;
}

Description describe() {
  Description description;
  description.name = "mq-posix";
  description.summary = "one POSIX message queue that all consumers take from";
  description.facts.boundaries = true;
  description.facts.cost.ways = {{"mq-posix", {}}};
  description.facts.cost.holds = "depth";
  description.facts.patterns = {"share", "pingpong"};
  description.facts.dispatches = {"compete"};
  description.facts.policies = {"each"};
  description.facts.max_size_bytes = privileged() ? kHardSizeMax : system_limit("msgsize_max", 8192);
  description.params = {
      Param::items("depth", 10, 1, kHardDepthMax,
                   "messages that the queue holds (mq_maxmsg); above fs.mqueue.msg_max only with "
                   "CAP_SYS_RESOURCE")};
  raise_queue_limit();
  const Descriptor probe = open_queue(0, 1, 1);
  if (probe.number() < 0) {
    const int error = errno;
    description.reason = system_said("open a POSIX message queue", error);
    description.remedy = remedy_for(error);
  }
  return description;
}

class MqProducer {
 public:
  MqProducer(Descriptor& queue, unsigned consumers, Wait wait)
      : queue_(queue), consumers_(consumers), patience_(wait, queue.number(), POLLOUT) {}
  void send(unsigned, const std::byte* from, std::size_t count) {
    put(reinterpret_cast<const char*>(from), count);
    bytes += count;
  }
  // An empty message is the end; each consumer takes exactly one, behind everything else.
  void finish() {
    for (unsigned i = 0; i < consumers_; ++i) put("", 0);
  }
  std::uint64_t calls = 0, bytes = 0;

 private:
  void put(const char* from, std::size_t count) {
    insist([&] { return mq_send(queue_.number(), from, count, 0); }, calls, "mq_send to the queue",
           patience_);
  }
  Descriptor& queue_;
  unsigned consumers_;
  Patience patience_;
};

class MqConsumer {
 public:
  MqConsumer(Descriptor& queue, Wait wait) : queue_(queue), patience_(wait, queue.number(), POLLIN) {}
  std::size_t receive(std::byte* into, std::size_t capacity) {
    return insist(
        [&] { return mq_receive(queue_.number(), reinterpret_cast<char*>(into), capacity, nullptr); }, calls,
        "mq_receive from the queue", patience_);
  }
  bool comes_by(bool sleeps, Nanoseconds moment) { return brings_by(queue_.number(), sleeps, moment, calls); }
  std::uint64_t calls = 0;

 protected:
  Descriptor& queue_;

 private:
  Patience patience_;
};

// Its replies go into a queue of their own. That is open in both processes by the same description, so
// whether a send waits is said with each send: by a time that has passed long ago.
class MqEcho : public MqConsumer {
 public:
  MqEcho(Descriptor& requests, Descriptor& replies, Wait wait)
      : MqConsumer(requests, wait), replies_(replies), wait_(wait) {}
  std::size_t offer(const std::byte* from, std::size_t count) {
    return attempt([&] { return put(reinterpret_cast<const char*>(from), count); }, calls,
                   "mq_timedsend a reply to the queue");
  }
  bool request_before_room() { return brings_something(queue_.number(), replies_.number(), wait_, calls); }

 private:
  ssize_t put(const char* from, std::size_t count) const {
    const timespec long_ago{};
    if (mq_timedsend(replies_.number(), from, count, 0, &long_ago) == 0) return static_cast<ssize_t>(count);
    if (errno == ETIMEDOUT) errno = EAGAIN;
    return -1;
  }
  Descriptor& replies_;
  Wait wait_;
};

class MqPosix {
 public:
  static constexpr Framing framing = Framing::boundary;
  static constexpr Dispatch dispatch = Dispatch::compete;
  using Producer = MqProducer;
  using Consumer = MqConsumer;

  MqPosix(const Options& options, std::size_t largest)
      : consumers_(options.consumers), wait_(options.wait), params_(describe(), options.params) {
    queue_ = make_queue(largest);
    if (options.pingpong()) replies_ = make_queue(largest);
  }

  Granted granted() const {
    mq_attr attributes{};
    if (mq_getattr(queue_.number(), &attributes) != 0) throw_system("read back the queue's depth");
    return {{"depth", std::int64_t{attributes.mq_maxmsg}},
            {"message_bytes", std::int64_t{attributes.mq_msgsize}}};
  }
  Producer open_producer() { return {queue_, consumers_, wait_}; }
  Consumer open_consumer(unsigned) { return {queue_, wait_}; }
  ReplyChannel<MqProducer, MqConsumer> open_client() {
    return {open_producer(), MqConsumer(replies_, wait_)};
  }
  MqEcho open_echo(unsigned) { return {queue_, replies_, wait_}; }
  void leave() {
    queue_.reset();
    replies_.reset();
  }
  std::size_t read_bytes() const { return 0; }
  std::uint64_t deal_items() const { return 1000; }

 private:
  Descriptor make_queue(std::size_t largest) const {
    const auto depth = static_cast<long>(params_.number("depth"));
    Descriptor made = open_queue(wait_ == Wait::block ? 0 : O_NONBLOCK, depth, largest);
    if (made.number() >= 0) return made;
    const int error = errno;
    throw Unavailable(system_said("open a POSIX message queue of " + std::to_string(depth) + " messages of " +
                                      std::to_string(largest) + " bytes",
                                  error),
                      remedy_for(error));
  }

  unsigned consumers_;
  Wait wait_;
  Params params_;
  Descriptor queue_;
  Descriptor replies_;
};

}  // namespace

extern const Entry mq_posix;
const Entry mq_posix{describe, run_trial<MqPosix>};

}  // namespace queuemark
