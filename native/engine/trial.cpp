#include "engine/trial.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <limits>
#include <new>

#include "engine/clock.hpp"
#include "engine/error.hpp"
#include "engine/placement.hpp"

namespace queuemark {
namespace {

constexpr Nanoseconds kTickNs = 250'000'000;
constexpr Nanoseconds kMomentNs = 1'000'000;
constexpr Nanoseconds kProgressNs = 25'000'000;
constexpr std::size_t kProgressHigh = 64;
// A stall is seen by several looks in a row: when the whole machine was paused, time alone has passed.
constexpr int kChecksPerStall = 4;

Nanoseconds nanoseconds(double seconds) { return static_cast<Nanoseconds>(seconds * 1e9); }

std::uint64_t bitmap_bytes(const Options& options) {
  return (options.items_high() / 64 + 1) * sizeof(std::uint64_t);
}

// Between two messages of a paced trial nothing need move.
Nanoseconds stall_high_ns(const Options& options) {
  const Nanoseconds stall_ns = nanoseconds(options.stall_s);
  return options.rate_per_s ? stall_ns + Schedule(*options.rate_per_s).interval_high_ns() : stall_ns;
}

// Each consumer and the listener need descriptors in the parent; the soft limit is often 1024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

std::string counted(std::uint64_t count, const char* what) { return std::to_string(count) + " " + what; }

}  // namespace

Trial::Trial(const Options& options, const Fault& fault, bool gathers)
    : options_(options),
      fault_(fault),
      shared_(options.consumers, options.streams()),
      workers_(options.consumers + 1),
      allowed_cpus_(allowed_cpus()),
      began_ns_(now_ns()),
      progress_interval_ns_(kProgressNs) {
  raise_descriptor_limit();
  if (Stamping::possible(options)) {
    stamping_ = std::make_unique<Stamping>(options, Stamping::chosen_every(options, gathers));
  }
  if (options.competing() && options.consumers > 1) {
    const std::size_t bytes =
        options.bare_values() ? ValueTable::bytes(options.size_bytes) : bitmap_bytes(options);
    for (unsigned i = 0; i < options.consumers; ++i) {
      memories_.push_back(std::make_unique<SharedMemory>(bytes, "what a consumer saw"));
    }
  }
  parent_event_ = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
  if (parent_event_ < 0) throw_system("make an eventfd for the trial");
}

Trial::~Trial() {
  end_all();
  close(parent_event_);
  close(signals_);
}

std::span<std::byte> Trial::memory_of(unsigned consumer) const {
  if (memories_.empty()) return {};
  return {memories_[consumer]->data(), memories_[consumer]->size()};
}

int Trial::run(const Granted& granted, const Workers& workers) {
  sigset_t ending;
  sigemptyset(&ending);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ending, signal);
  // Blocked in the workers too: a Ctrl-C that reaches the whole group is the parent's to answer.
  sigprocmask(SIG_BLOCK, &ending, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signals_ = signalfd(-1, &ending, SFD_CLOEXEC);
  if (signals_ < 0) throw_system("make a signalfd for the trial");

  start(workers);
  watch(granted);
  end_all();

  TrialResult result = judge(granted);
  result.outside_ns = now_ns() - began_ns_ - result.window_ns;
  print_line(result_event(options_.run_id, options_.seed, result));
  if (interrupted_) return kExitInterrupted;
  return result.state == State::ok ? kExitOk : kExitNotProved;
}

void Trial::start(const Workers& workers) {
  for (unsigned i = 0; i < options_.consumers; ++i) {
    start_one(i + 1, [&, i] { workers.consumer(i); });
  }
  start_one(0, workers.producer);
  workers.leave();
  last_progress_ns_ = now_ns();
}

int Trial::start_one(unsigned worker, const std::function<void()>& work) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    throw SystemError(
        system_said("start worker " + std::to_string(worker + 1) + " of " + std::to_string(workers_.size())),
        "raise the limit of processes (ulimit -u), or take fewer consumers");
  }
  if (pid > 0) {
    workers_[worker].pid = pid;
    workers_[worker].pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (workers_[worker].pidfd < 0) throw_system("watch worker " + std::to_string(pid));
    return pid;
  }
  // The kernel ends this process when its parent dies; a parent that died before the call is noticed by its
  // pid.
  Slot& slot = worker == 0 ? shared_.producer() : shared_.consumer(worker - 1);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kExitInternal);
  try {
    pin(cpus_of(worker, options_.placement, allowed_cpus_));
    work();
    slot.finished.store(1, std::memory_order_release);
  } catch (const std::bad_alloc&) {
    slot.complain("out of memory; free some, or take fewer consumers or smaller messages");
    _exit(kExitInternal);
  } catch (const std::exception& error) {
    slot.complain(error.what());
    _exit(kExitInternal);
  }
  _exit(kExitOk);
}

// Sleeps until a worker ends, the producer comes to its next stage, somebody asks for the end, or something
// is due.
void Trial::watch(const Granted& granted) {
  const std::size_t count = workers_.size();
  std::vector<pollfd> watched;
  for (const Worker& worker : workers_) watched.push_back({worker.pidfd, POLLIN, 0});
  watched.push_back({parent_event_, POLLIN, 0});
  watched.push_back({signals_, POLLIN, 0});
  Due due;
  due.deadline_ns = began_ns_ + nanoseconds(options_.deadline_s);
  due.check_ns = now_ns() + nanoseconds(options_.stall_s) / kChecksPerStall;

  std::size_t running = count;
  while (running && failure_.empty()) {
    const Nanoseconds wait = std::max<Nanoseconds>(0, due.next() - now_ns());
    const timespec timeout{wait / 1'000'000'000, wait % 1'000'000'000};
    if (ppoll(watched.data(), watched.size(), &timeout, nullptr) < 0) {
      if (errno == EINTR) continue;
      throw_system("wait for the workers");
    }
    running -= collect({watched.data(), count});
    if (watched[count + 1].revents & POLLIN) {
      interrupted_ = true;
      failure_ = "interrupted";
    }
    if (!failure_.empty()) break;
    if (watched[count].revents & POLLIN) enter_stage(due, granted);
    keep_time(due, now_ns());
  }
}

// Takes the workers that have ended; the first that ended badly is why the trial has failed.
std::size_t Trial::collect(std::span<pollfd> watched) {
  std::size_t ended = 0;
  for (std::size_t i = 0; i < watched.size() && failure_.empty(); ++i) {
    if (!(watched[i].revents & POLLIN)) continue;
    watched[i].fd = -1;
    ++ended;
    reap(workers_[i]);
    if (ended_badly(i)) failure_ = cause(i);
  }
  return ended;
}

// The producer has told that the probes have passed, or, the second time, that it opens the window.
void Trial::enter_stage(Due& due, const Granted& granted) {
  std::uint64_t event = 0;
  if (read(parent_event_, &event, sizeof event) < 0) throw_system("read the trial's eventfd");
  if (++stage_ == 1) {
    std::vector<int> consumer_pids;
    for (std::size_t i = 1; i < workers_.size(); ++i) consumer_pids.push_back(workers_[i].pid);
    print_line(ready_event(options_, workers_[0].pid, consumer_pids, granted));
    return;
  }
  due.opened_ns = now_ns();
  due.tick_ns = due.opened_ns + kTickNs;
  due.sample_ns = due.opened_ns + kProgressNs;
  if (!options_.items) due.stop_ns = due.opened_ns + nanoseconds(options_.duration_s);
}

void Trial::keep_time(Due& due, Nanoseconds now) {
  if (now >= due.stop_ns) {
    // The producer opens the window after it has told so, perhaps much later: on a busy machine it may wait
    // for its cpu in between.
    const Nanoseconds window_ns = shared_.control().window_open_ns.load(std::memory_order_acquire);
    const Nanoseconds end_ns = window_ns ? window_ns + nanoseconds(options_.duration_s) : now + kMomentNs;
    due.stop_ns = now >= end_ns ? INT64_MAX : end_ns;
    if (now >= end_ns) shared_.control().stop.store(1, std::memory_order_relaxed);
  }
  if (now >= due.tick_ns) {
    print_line(tick_event(now - due.opened_ns, shared_.producer().taken_in(Phase::window),
                          shared_.taken(Phase::window)));
    due.tick_ns = now + kTickNs;
  }
  if (now >= due.sample_ns) due.sample_ns = sample_progress();
  if (now >= due.check_ns) {
    check_progress(now);
    due.check_ns = now + nanoseconds(options_.stall_s) / kChecksPerStall;
  }
  if (now >= due.deadline_ns) {
    failure_ = "not finished within the deadline of " + std::to_string(options_.deadline_s) + " s";
  }
}

void Trial::reap(Worker& worker) {
  while (waitpid(worker.pid, &worker.status, 0) < 0 && errno == EINTR) {
  }
  worker.ended = true;
}

bool Trial::ended_badly(std::size_t worker) {
  return !WIFEXITED(workers_[worker].status) || WEXITSTATUS(workers_[worker].status) != kExitOk;
}

// Anything that moves counts: a producer that waits for its consumers is as well as one that sends. The
// counts are chained, not only combined: those of two workers may always be equal and would cancel each
// other.
void Trial::check_progress(Nanoseconds now) {
  std::uint64_t progress = shared_.producer().progress.load(std::memory_order_acquire);
  progress = mixed(progress) ^ shared_.producer().offered.load(std::memory_order_relaxed);
  for (unsigned i = 0; i < options_.consumers; ++i) {
    progress = mixed(progress) ^ shared_.consumer(i).progress.load(std::memory_order_acquire);
  }
  if (progress != last_progress_) {
    last_progress_ = progress;
    last_progress_ns_ = now;
    idle_checks_ = 0;
  } else if (++idle_checks_ >= kChecksPerStall && now - last_progress_ns_ >= stall_high_ns(options_)) {
    failure_ = standstill();
  }
}

// Looks how far the consumers are; says when to look again. When there are as many points as may be, every
// second one is dropped, and looks become rarer.
Nanoseconds Trial::sample_progress() {
  const Nanoseconds opened_ns = shared_.control().window_open_ns.load(std::memory_order_acquire);
  if (!opened_ns) return now_ns() + kMomentNs;
  if (progress_.size() == kProgressHigh) {
    for (std::size_t i = 0; i < kProgressHigh / 2; ++i) progress_[i] = progress_[2 * i + 1];
    progress_.resize(kProgressHigh / 2);
    progress_interval_ns_ *= 2;
  }
  // The clock comes last: what is told as delivered was so by then.
  const std::uint64_t delivered = shared_.taken(Phase::window);
  const Nanoseconds elapsed_ns = now_ns() - opened_ns;
  progress_.push_back({elapsed_ns, delivered});
  return opened_ns + (elapsed_ns / progress_interval_ns_ + 1) * progress_interval_ns_;
}

std::string Trial::role_of(std::size_t worker) const {
  return worker == 0 ? "the producer" : "consumer " + std::to_string(worker - 1);
}

std::string Trial::standstill() const {
  const Phase phase = shared_.phase() == Phase::window ? Phase::window : Phase::warmup;
  std::string waiting;
  for (std::size_t i = 1; i < workers_.size(); ++i) {
    if (workers_[i].ended) continue;
    if (waiting.size() > 100) {
      waiting += ", ...";
      break;
    }
    waiting += (waiting.empty() ? "" : ", ") + role_of(i) + " after " +
               counted(shared_.consumer(static_cast<unsigned>(i - 1)).taken_in(phase), "messages");
  }
  std::string text = "stalled: nothing moved for " + std::to_string(options_.stall_s).substr(0, 4) + " s";
  if (phase == Phase::warmup) text += " during the warm-up";
  text += "; the producer had sent " + counted(shared_.producer().taken_in(phase), "messages");
  if (options_.pingpong()) {
    text += " and waits for a reply";
    if (!options_.lossless) text += " (a request or its reply was lost)";
  }
  if (!waiting.empty()) text += ", still waiting: " + waiting;
  return text;
}

std::string Trial::death_of(std::size_t worker) const {
  const int status = workers_[worker].status;
  const Slot& slot = slot_of(worker);
  const std::string progress = " after " + counted(slot.taken_in(Phase::window), "messages");
  if (WIFSIGNALED(status)) {
    return role_of(worker) + " was killed by signal " + std::to_string(WTERMSIG(status)) + " (" +
           strsignal(WTERMSIG(status)) + ")" + progress;
  }
  return role_of(worker) + " failed" + progress + ": " + (slot.error[0] ? slot.error : "it left no reason");
}

// A worker that fails because another one did (a broken pipe, a datagram refused) is not the cause: that is
// one that was killed, else the one that complained first. The kernel closes the ends of a process before it
// reports its death, so that is waited for a moment.
std::string Trial::cause(std::size_t worker) {
  if (WIFSIGNALED(workers_[worker].status)) return death_of(worker);
  std::size_t first = worker;
  const Nanoseconds patience_ns = now_ns() + 50'000'000;
  do {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      if (workers_[i].ended || waitpid(workers_[i].pid, &workers_[i].status, WNOHANG) != workers_[i].pid)
        continue;
      workers_[i].ended = true;
      if (WIFSIGNALED(workers_[i].status)) return death_of(i);
      if (ended_badly(i) && complained_ns(i) < complained_ns(first)) first = i;
    }
    sleep_ns(1'000'000);
  } while (now_ns() < patience_ns);
  return death_of(first);
}

// When a worker said why it failed; later than all others if it did not.
Nanoseconds Trial::complained_ns(std::size_t worker) const {
  const Nanoseconds at_ns = slot_of(worker).complained_ns;
  return at_ns ? at_ns : std::numeric_limits<Nanoseconds>::max();
}

const Slot& Trial::slot_of(std::size_t worker) const {
  return worker == 0 ? shared_.producer() : shared_.consumer(static_cast<unsigned>(worker - 1));
}

// Ends every worker that still runs, and collects it.
void Trial::end_all() {
  for (Worker& worker : workers_) {
    // While it is not collected its pid is its own; of the last one started there may be no descriptor.
    if (worker.pid && !worker.ended) kill(worker.pid, SIGKILL);
  }
  for (Worker& worker : workers_) {
    if (worker.pid && !worker.ended) reap(worker);
    if (worker.pidfd >= 0) close(worker.pidfd);
    worker.pidfd = -1;
  }
}

}  // namespace queuemark
