// queuemark-runner: performs one trial of one mechanism, or probes the machine
// (docs/reference/runner-contract.md).

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <new>
#include <string>
#include <vector>

#include "engine/error.hpp"
#include "engine/events.hpp"
#include "engine/options.hpp"
#include "engine/placement.hpp"
#include "engine/probe.hpp"
#include "engine/transport.hpp"

namespace queuemark {

#define TRANSPORT(name) extern const Entry name;
#include "transports.def"
#undef TRANSPORT

#define PROBE(name) extern const Probe name##_probe;
#include "probes.def"
#undef PROBE

namespace {

#define TRANSPORT(name) &name,
const Entry* const kEntries[] = {
#include "transports.def"
};
#undef TRANSPORT

#define PROBE(name) &name##_probe,
const Probe* const kProbes[] = {
#include "probes.def"
};
#undef PROBE

constexpr const char* kHelp = R"(queuemark-runner: performs one trial of one message-passing mechanism

  queuemark-runner list                         what there is, as one line of JSON
  queuemark-runner trial TRANSPORT [OPTION...]  one trial; JSON events, one a line
  queuemark-runner probe [--quick] [--only NAME,...] [--cpus A,B]
                                                what this machine can do; JSON, one figure a line
  queuemark-runner --version | --help

  --size BYTES (64)  --consumers N (1)  --items N | --duration S (0.2)  --warmup S (0.01)
  --policy each|split|buffer:BYTES|vector:N  --linger-us N  --wait block|spin|spin-then-block
  --placement spread|same|free  --pattern share|fanout|pingpong  --dispatch deal|compete
  --ack fence|none|each|window:N  --server URL
  --in-flight N (1)  --rate R  --stamp-every N
  --verify full|sample:K  --seed N  -P NAME=VALUE
  --mix BYTES:PERCENT,...  --messages FILE  --messages-format lines|u32
  --inject flip|drop|duplicate|reorder|kill-consumer|stall-consumer
  --producer-address IP  --consumer-address IP  --consumer-netns PATH
  --stall S (5)  --deadline S (600)  --parent PID  --run-id TEXT  --role all

Exit codes: 0 ok, 1 internal error, 2 usage, 3 unavailable here, 4 delivery not proved, 130 interrupted.
)";

std::vector<Description> describe_all() {
  std::vector<Description> descriptions;
  for (const Entry* entry : kEntries) descriptions.push_back(entry->describe());
  return descriptions;
}

void say(const char* text) { std::fprintf(stderr, "queuemark-runner: %s\n", text); }

// The caller's death must be this process's: asked of the kernel, and checked, since it may have been first.
void follow(int parent_pid) {
  if (!parent_pid) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent_pid) _exit(kExitInterrupted);
}

int unperformed(const Options& options, State state, const std::string& reason, const std::string& remedy) {
  TrialResult result;
  result.state = state;
  result.reason = reason;
  result.remedy = remedy;
  print_line(result_event(options.run_id, options.seed, result));
  say((reason + (remedy.empty() ? "" : "; " + remedy)).c_str());
  return state == State::unavailable ? kExitUnavailable : kExitInternal;
}

int trial(const std::vector<std::string>& arguments) {
  const std::vector<Description> descriptions = describe_all();
  const Options options = Options::read(arguments, descriptions);
  follow(options.parent_pid);
  for (std::size_t i = 0; i < descriptions.size(); ++i) {
    if (descriptions[i].name != options.transport) continue;
    if (!descriptions[i].reason.empty()) {
      return unperformed(options, State::unavailable, descriptions[i].reason, descriptions[i].remedy);
    }
    try {
      return kEntries[i]->run(options);
    } catch (const Unavailable& error) {
      return unperformed(options, State::unavailable, error.what(), error.remedy);
    } catch (const UsageError&) {
      throw;
    } catch (const SystemError& error) {
      return unperformed(options, State::failed, error.what(), error.remedy);
    } catch (const std::bad_alloc&) {
      return unperformed(options, State::failed, "out of memory", "take fewer consumers or smaller messages");
    } catch (const std::exception& error) {
      return unperformed(options, State::failed, error.what(), "");
    }
  }
  return kExitInternal;
}

// All probes together take some seconds; whatever holds one up, a minute is the end of it.
int probe(const std::vector<std::string>& arguments) {
  constexpr unsigned kDeadlineS = 60;
  std::vector<std::string> names;
  for (const Probe* probe : kProbes) names.push_back(probe->name);
  const ProbeOptions options = ProbeOptions::read(arguments, names);
  follow(options.parent_pid);
  for (const int ending : {SIGINT, SIGTERM}) signal(ending, [](int) { _exit(kExitInterrupted); });
  signal(SIGALRM, [](int) { _exit(kExitInternal); });
  signal(SIGPIPE, SIG_IGN);
  alarm(kDeadlineS);
  pin({options.cpus.front()});
  for (const Probe* probe : kProbes) {
    const bool asked = options.quick ? probe->quick : true;
    if (asked && options.wants(probe->name)) probe->run(Probing(probe->name, options));
  }
  return kExitOk;
}

int run(const std::vector<std::string>& arguments) {
  const std::string verb = arguments.empty() ? "--help" : arguments.front();
  if (verb == "--help" || verb == "-h" || verb == "help") {
    std::fputs(kHelp, stdout);
    return kExitOk;
  }
  if (verb == "--version") {
    std::puts("queuemark-runner " QUEUEMARK_VERSION);
    return kExitOk;
  }
  if (verb == "list") {
    if (arguments.size() > 1) throw UsageError("list takes no arguments");
    print_line(listing(describe_all()));
    return kExitOk;
  }
  if (verb == "probe") return probe({arguments.begin() + 1, arguments.end()});
  if (verb == "trial") return trial({arguments.begin() + 1, arguments.end()});
  throw UsageError("unknown verb '" + verb + "'; see: queuemark-runner --help");
}

}  // namespace
}  // namespace queuemark

int main(int count, char** words) {
  try {
    return queuemark::run({words + 1, words + count});
  } catch (const queuemark::UsageError& error) {
    queuemark::say(error.what());
    return queuemark::kExitUsage;
  } catch (const std::exception& error) {
    queuemark::say(error.what());
    return queuemark::kExitInternal;
  }
}
