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
#include <fstream>
#include <new>

#include "engine/clock.hpp"
#include "engine/error.hpp"
#include "engine/placement.hpp"

namespace queuemark {
namespace {

constexpr Nanoseconds kTickNs = 250'000'000;
constexpr Nanoseconds kMomentNs = 1'000'000;
// A stall is seen by several looks in a row: when the whole machine was paused, time alone has passed.
constexpr int kChecksPerStall = 4;

Nanoseconds nanoseconds(double seconds) { return static_cast<Nanoseconds>(seconds * 1e9); }

std::uint64_t bitmap_bytes(const Options& options) {
  return (options.items_high() / 64 + 1) * sizeof(std::uint64_t);
}

bool bare_values(const Options& options) {
  return options.messages_path.empty() && options.size_bytes < kSequenceBytes;
}

// Each consumer and the listener need descriptors in the parent; the soft limit is often 1024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

// The largest memory of this program. Not ru_maxrss, which is kept over exec: a caller's own memory, where it
// started this program from a large process without copying that (getrusage(2), proc_pid_status(5)).
std::uint64_t own_peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stoull(line.substr(6)) * 1024;
  }
  return 0;
}

std::string counted(std::uint64_t count, const char* what) { return std::to_string(count) + " " + what; }

}  // namespace

Trial::Trial(const Options& options, const Fault& fault)
    : options_(options),
      fault_(fault),
      shared_(options.consumers, options.streams()),
      workers_(options.consumers + 1),
      allowed_cpus_(allowed_cpus()),
      began_ns_(now_ns()) {
  raise_descriptor_limit();
  if (options.competing() && options.consumers > 1) {
    const std::size_t bytes =
        bare_values(options) ? ValueTable::bytes(options.size_bytes) : bitmap_bytes(options);
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

void Trial::watch(const Granted& granted) {
  const std::size_t count = workers_.size();
  std::vector<pollfd> watched;
  for (const Worker& worker : workers_) watched.push_back({worker.pidfd, POLLIN, 0});
  watched.push_back({parent_event_, POLLIN, 0});
  watched.push_back({signals_, POLLIN, 0});
  const Nanoseconds deadline_ns = began_ns_ + nanoseconds(options_.deadline_s);
  Nanoseconds stop_ns = INT64_MAX, tick_ns = INT64_MAX, opened_ns = 0;
  Nanoseconds check_ns = now_ns() + nanoseconds(options_.stall_s) / kChecksPerStall;
  int stage = 0;
  std::size_t running = count;

  while (running && failure_.empty()) {
    const Nanoseconds now = now_ns();
    const Nanoseconds next = std::min({stop_ns, tick_ns, check_ns, deadline_ns});
    const Nanoseconds wait = std::max<Nanoseconds>(0, next - now);
    const timespec timeout{wait / 1'000'000'000, wait % 1'000'000'000};
    if (ppoll(watched.data(), watched.size(), &timeout, nullptr) < 0 && errno != EINTR)
      throw_system("wait for the workers");

    for (std::size_t i = 0; i < count; ++i) {
      if (!(watched[i].revents & POLLIN)) continue;
      watched[i].fd = -1;
      watched[i].revents = 0;
      --running;
      reap(workers_[i]);
      if (ended_badly(i)) {
        failure_ = cause(i);
        break;
      }
    }
    if (watched[count + 1].revents & POLLIN) {
      interrupted_ = true;
      failure_ = "interrupted";
    }
    if (!failure_.empty()) break;
    if (watched[count].revents & POLLIN) {
      std::uint64_t event = 0;
      if (read(parent_event_, &event, sizeof event) < 0) throw_system("read the trial's eventfd");
      if (++stage == 1) {
        std::vector<int> consumer_pids;
        for (std::size_t i = 1; i < count; ++i) consumer_pids.push_back(workers_[i].pid);
        print_line(ready_event(options_, workers_[0].pid, consumer_pids, granted));
      } else {
        opened_ns = now_ns();
        tick_ns = opened_ns + kTickNs;
        if (!options_.items) stop_ns = opened_ns + nanoseconds(options_.duration_s);
      }
    }
    const Nanoseconds after = now_ns();
    if (after >= stop_ns) {
      // The producer opens the window after it has told so, perhaps much later: on a busy machine it may wait
      // for its cpu in between.
      const Nanoseconds window_ns = shared_.control().window_open_ns.load(std::memory_order_acquire);
      const Nanoseconds end_ns = window_ns ? window_ns + nanoseconds(options_.duration_s) : after + kMomentNs;
      stop_ns = after >= end_ns ? INT64_MAX : end_ns;
      if (after >= end_ns) shared_.control().stop.store(1, std::memory_order_relaxed);
    }
    if (after >= tick_ns) {
      print_line(tick_event(after - opened_ns, shared_.producer().taken_in(Phase::window),
                            shared_.taken(Phase::window)));
      tick_ns = after + kTickNs;
    }
    if (after >= check_ns) {
      check_progress(after);
      check_ns = after + nanoseconds(options_.stall_s) / kChecksPerStall;
    }
    if (after >= deadline_ns)
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
  for (unsigned i = 0; i < options_.consumers; ++i) {
    progress = mixed(progress) ^ shared_.consumer(i).progress.load(std::memory_order_acquire);
  }
  if (progress != last_progress_) {
    last_progress_ = progress;
    last_progress_ns_ = now;
    idle_checks_ = 0;
  } else if (++idle_checks_ >= kChecksPerStall && now - last_progress_ns_ >= nanoseconds(options_.stall_s)) {
    failure_ = standstill();
  }
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
  if (!waiting.empty()) text += ", still waiting: " + waiting;
  return text;
}

std::string Trial::death_of(std::size_t worker) const {
  const int status = workers_[worker].status;
  const Slot& slot = worker == 0 ? shared_.producer() : shared_.consumer(static_cast<unsigned>(worker - 1));
  const std::string progress = " after " + counted(slot.taken_in(Phase::window), "messages");
  if (WIFSIGNALED(status)) {
    return role_of(worker) + " was killed by signal " + std::to_string(WTERMSIG(status)) + " (" +
           strsignal(WTERMSIG(status)) + ")" + progress;
  }
  return role_of(worker) + " failed" + progress + ": " + (slot.error[0] ? slot.error : "it left no reason");
}

// A worker that fails because another one was killed (a broken pipe, say) is not the cause. The kernel closes
// the ends of the killed one before it reports its death, so that is waited for a moment.
std::string Trial::cause(std::size_t worker) {
  if (WIFSIGNALED(workers_[worker].status)) return death_of(worker);
  const Nanoseconds patience_ns = now_ns() + 50'000'000;
  do {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      if (workers_[i].ended || waitpid(workers_[i].pid, &workers_[i].status, WNOHANG) != workers_[i].pid)
        continue;
      workers_[i].ended = true;
      if (WIFSIGNALED(workers_[i].status)) return death_of(i);
    }
    sleep_ns(1'000'000);
  } while (now_ns() < patience_ns);
  return death_of(worker);
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

// ---- the verdict

TrialResult Trial::judge(const Granted& granted) {
  TrialResult result;
  result.granted = granted;
  const Slot& producer = shared_.producer();
  result.producer = producer.tally;
  result.producer_cpus = cpus_of(0, options_.placement, allowed_cpus_);
  result.oversubscribed = options_.placement == Placement::same || workers_.size() > allowed_cpus_.size();
  const Nanoseconds opened_ns = shared_.control().window_open_ns.load(std::memory_order_acquire);
  result.peak_memory_bytes = producer.tally.peak_memory_bytes;
  for (unsigned i = 0; i < options_.consumers; ++i) {
    ConsumerResult consumer;
    consumer.cpus = cpus_of(i + 1, options_.placement, allowed_cpus_);
    consumer.tally = shared_.consumer(i).tally;
    if (shared_.consumer(i).finished.load(std::memory_order_acquire) && opened_ns) {
      consumer.window_ns = consumer.tally.last_ns - opened_ns;
    }
    result.window_ns = std::max(result.window_ns, consumer.window_ns);
    result.peak_memory_bytes += consumer.tally.peak_memory_bytes;
    result.consumers.push_back(std::move(consumer));
  }
  result.peak_memory_bytes += own_peak_bytes();
  if (opened_ns && producer.tally.last_ns) result.send_window_ns = producer.tally.last_ns - opened_ns;

  if (!failure_.empty()) {
    judge_unfinished(result);
  } else {
    result.sent = producer.tally.messages;
    if (options_.competing() && options_.consumers > 1) {
      judge_competing(result);
    } else {
      judge_dealt(result);
    }
  }
  for (unsigned i = 0; i <= options_.consumers; ++i) {
    const Slot& slot = i == 0 ? producer : shared_.consumer(i - 1);
    if (!slot.fault_made.load(std::memory_order_acquire)) continue;
    MadeFault made{options_.fault_name, std::nullopt, slot.fault_message};
    if (i > 0) made.consumer = i - 1;
    if (i == 0 && !options_.competing()) made.consumer = fault_.stream;
    result.injected = made;
  }
  result.reason = failure_.empty() ? broken_promise(result) : failure_;
  result.state = result.reason.empty() ? State::ok : State::failed;
  return result;
}

// Each consumer has a stream of its own (or is the only one of a queue): its verifier saw every message in
// order.
void Trial::judge_dealt(TrialResult& result) {
  for (unsigned i = 0; i < options_.consumers; ++i) {
    ConsumerResult& consumer = result.consumers[i];
    const std::uint64_t dealt = shared_.dealt(options_.competing() ? 0 : i).load(std::memory_order_acquire);
    if (!options_.competing()) consumer.dealt = dealt;
    consumer.delivered = consumer.tally.messages - consumer.tally.duplicated;
    consumer.lost = consumer.tally.lost;
    result.delivered += consumer.delivered;
    result.lost += consumer.lost;
    result.duplicated += consumer.tally.duplicated;
    result.reordered += consumer.tally.reordered;
    result.corrupted += consumer.tally.corrupted;
  }
}

void Trial::judge_competing(TrialResult& result) {
  for (const ConsumerResult& consumer : result.consumers) {
    result.reordered += consumer.tally.reordered;
    result.corrupted += consumer.tally.corrupted;
  }
  if (bare_values(options_)) {
    judge_values(result);
  } else {
    judge_bitmaps(result);
  }
  for (ConsumerResult& consumer : result.consumers) {
    consumer.delivered =
        consumer.tally.messages - std::min(consumer.tally.messages, consumer.tally.duplicated);
    result.delivered += consumer.delivered;
    result.duplicated += consumer.tally.duplicated;
  }
  result.lost = result.sent - std::min(result.sent, result.delivered);
}

// A number that two consumers saw is the later one's duplicate.
void Trial::judge_bitmaps(TrialResult& result) {
  std::vector<std::span<const std::byte>> bitmaps;
  std::uint64_t above = 0;
  for (unsigned i = 0; i < options_.consumers; ++i) {
    bitmaps.push_back(memory_of(i));
    above = std::max(above, result.consumers[i].tally.above);
  }
  const Coverage coverage = lay_over(bitmaps, result.sent, above);
  result.corrupted += coverage.beyond;
  for (unsigned i = 0; i < options_.consumers; ++i) {
    result.consumers[i].tally.duplicated += coverage.seen_before[i];
  }
}

// A value that came too seldom while another came too often was damaged on its way. Which consumer got a
// repeated value cannot be known; the surplus is taken from the first that has so many.
void Trial::judge_values(TrialResult& result) {
  std::vector<std::span<const std::byte>> tables;
  std::uint64_t value_sum = 0;
  for (unsigned i = 0; i < options_.consumers; ++i) {
    tables.push_back(memory_of(i));
    value_sum += result.consumers[i].tally.value_sum;
  }
  const ValueVerdict verdict = compare_values(tables, value_sum, options_.size_bytes, result.sent);
  const std::uint64_t damaged = std::min(verdict.missing, verdict.surplus);
  const bool only_the_sum = verdict.sum_differs && !verdict.missing && !verdict.surplus;
  result.corrupted += damaged + only_the_sum;
  std::uint64_t repeated = verdict.surplus - damaged;
  for (ConsumerResult& consumer : result.consumers) {
    const std::uint64_t here = std::min(repeated, consumer.tally.messages);
    consumer.tally.duplicated += here;
    repeated -= here;
  }
}

// The trial was cut off: what had moved by then, as far as the workers had published it. A producer publishes
// a message after its call has returned, when the consumer may already have counted it.
void Trial::judge_unfinished(TrialResult& result) {
  result.sent = shared_.producer().taken_in(Phase::window);
  for (unsigned i = 0; i < options_.consumers; ++i) {
    ConsumerResult& consumer = result.consumers[i];
    consumer.delivered = shared_.consumer(i).taken_in(Phase::window);
    consumer.window_ns = 0;
    result.delivered += consumer.delivered;
  }
  result.sent = std::max(result.sent, result.delivered);
  result.lost = result.sent - result.delivered;
  result.window_ns = 0;
  result.send_window_ns = 0;
}

// Why delivery is not proved, in one line, or nothing.
std::string Trial::broken_promise(const TrialResult& result) const {
  std::string text;
  const auto say = [&](const std::string& what) { text += (text.empty() ? "" : "; ") + what; };
  std::uint64_t warmup_messages = 0;
  for (unsigned i = 0; i < options_.consumers; ++i) {
    const ConsumerResult& consumer = result.consumers[i];
    warmup_messages += consumer.tally.warmup_messages;
    if (consumer.tally.ended_early)
      say("consumer " + std::to_string(i) + " was told the end before the producer made it");
    if (consumer.tally.warmup_faults)
      say("consumer " + std::to_string(i) + " found faults during the warm-up");
    if (consumer.tally.torn)
      say("the stream of consumer " + std::to_string(i) +
          " was torn: it lost its framing or ended inside a message");
    if (consumer.dealt && *consumer.dealt != consumer.delivered + consumer.lost) {
      say("consumer " + std::to_string(i) + ": dealt " + std::to_string(*consumer.dealt) +
          ", but delivered " + std::to_string(consumer.delivered) + " and lost " +
          std::to_string(consumer.lost));
    }
  }
  if (warmup_messages != result.producer.warmup_messages) {
    say("warm-up: sent " + std::to_string(result.producer.warmup_messages) + ", but " +
        std::to_string(warmup_messages) + " arrived");
  }
  std::string counts;
  const auto count = [&](std::uint64_t number, const char* what) {
    if (number) counts += (counts.empty() ? "" : ", ") + std::to_string(number) + " " + what;
  };
  count(result.lost, "lost");
  count(result.duplicated, "duplicated");
  count(result.reordered, "reordered");
  count(result.corrupted, "corrupted");
  if (!counts.empty()) say(counts + " of " + std::to_string(result.sent) + " messages");
  if (result.sent != result.delivered + result.lost) {
    say("sent " + std::to_string(result.sent) + ", but delivered " + std::to_string(result.delivered) +
        " and lost " + std::to_string(result.lost));
  }
  if (options_.items && result.sent != options_.items) {
    say("asked for " + std::to_string(options_.items) + " messages, sent " + std::to_string(result.sent));
  }
  if (options_.fault != FaultKind::none && !result.injected)
    say("the fault " + options_.fault_name + " could not be made");
  return text.empty() ? text : "delivery not proved: " + text;
}

}  // namespace queuemark
