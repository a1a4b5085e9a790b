// What a trial has shown: the counts of all workers put together, and whether they prove the delivery.

#include <sys/resource.h>

#include <fstream>
#include <utility>

#include "engine/placement.hpp"
#include "engine/trial.hpp"

namespace queuemark {
namespace {

// The largest memory of this program. Not ru_maxrss, which is kept over exec: a caller's own memory, where it
// started this program from a large process without copying that (getrusage(2), proc_pid_status(5)).
std::uint64_t own_peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stoull(line.substr(6)) * 1024;
  }
  return 0;
}

EventCounts events_of(const TrialResult& result) {
  EventCounts sum = result.producer.events;
  for (const ConsumerResult& consumer : result.consumers) sum.add(consumer.tally.events);
  return sum;
}

}  // namespace

TrialResult Trial::judge(const Granted& granted) {
  TrialResult result;
  result.performed = true;
  result.granted = granted;
  const Slot& producer = shared_.producer();
  result.producer = producer.tally;
  result.producer_cpus = cpus_of(0, options_.placement, allowed_cpus_);
  result.oversubscribed = workers_share_a_cpu();
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
  // With nobody to receive, what was accepted is all that there is.
  if (!options_.consumers) result.window_ns = result.send_window_ns;
  if (options_.pingpong()) judge_round_trips(result, opened_ns);

  if (!failure_.empty()) {
    judge_unfinished(result);
  } else {
    result.sent = producer.tally.messages;
    result.events = events_of(result);
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
    if (i == 0 && !options_.competing() && !options_.fans_out()) made.consumer = fault_.stream;
    result.injected = made;
  }
  if (failure_.empty()) result.latency = latency();
  for (const ProgressPoint& point : progress_) {
    if (!failure_.empty() || point.elapsed_ns <= result.window_ns) result.progress.push_back(point);
  }
  result.reason = failure_.empty() ? broken_promise(result) : failure_;
  result.state = result.reason.empty() ? State::ok : State::failed;
  return result;
}

// The window ends with the last reply. The consumers learn that there are no more requests after it.
void Trial::judge_round_trips(TrialResult& result, Nanoseconds opened_ns) {
  const Tally& client = shared_.producer().tally;
  result.round_trips = client.round_trips;
  result.window_ns = result.send_window_ns;
  for (ConsumerResult& consumer : result.consumers) {
    consumer.window_ns = std::min(consumer.window_ns, result.window_ns);
  }
  if (client.handed_ns) result.send_window_ns = client.handed_ns - opened_ns;
}

// All consumers' latencies together. Of a trial that was cut off there are none: a worker may have been
// killed while it counted.
std::optional<LatencyResult> Trial::latency() const {
  if (!stamping_) return std::nullopt;
  LatencyResult latency;
  latency.every = stamping_->every();
  const bool paced = stamping_->schedule().has_value();
  if (paced) {
    latency.raw_every = std::exchange(latency.every, 1);
    latency.raw.emplace();
    latency.pacing.emplace().add(stamping_->departed().pacing);
  }
  if (options_.pingpong()) {
    latency.kind = "round-trip";
    latency.histogram.add(stamping_->departed().round_trip);
    if (paced) latency.raw->add(stamping_->departed().raw);
    return latency;
  }
  for (unsigned i = 0; i < options_.consumers; ++i) {
    const Arrived& arrived = stamping_->arrived(i);
    latency.missed += arrived.missed;
    latency.histogram.add(arrived.latency);
    if (paced) latency.raw->add(arrived.raw);
  }
  return latency;
}

// Each consumer has a stream of its own (or is the only one of a queue): its verifier saw every message in
// order.
void Trial::judge_dealt(TrialResult& result) {
  for (unsigned i = 0; i < options_.consumers; ++i) {
    ConsumerResult& consumer = result.consumers[i];
    const std::uint64_t dealt = shared_.dealt(options_.stream_of(i)).load(std::memory_order_acquire);
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
  if (options_.bare_values()) {
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
// a message after its call has returned, when the consumer may already have counted it; of a fan-out, after
// the last consumer's call has, when the first may be many messages ahead.
void Trial::judge_unfinished(TrialResult& result) {
  std::uint64_t furthest = 0;
  for (unsigned i = 0; i < options_.consumers; ++i) {
    ConsumerResult& consumer = result.consumers[i];
    consumer.delivered = shared_.consumer(i).taken_in(Phase::window);
    // Until its first message of the window what it found is of the warm-up.
    if (!consumer.delivered) consumer.tally = Tally{};
    consumer.window_ns = 0;
    result.delivered += consumer.delivered;
    furthest = std::max(furthest, consumer.delivered);
  }
  result.sent =
      std::max(shared_.producer().taken_in(Phase::window), options_.fans_out() ? furthest : result.delivered);
  result.lost = result.sent * options_.copies() - result.delivered;
  result.window_ns = 0;
  result.send_window_ns = 0;
}

// Why delivery is not proved, in one line, or nothing.
std::string Trial::broken_promise(const TrialResult& result) const {
  std::string text;
  const auto say = [&](const std::string& what) { text += (text.empty() ? "" : "; ") + what; };
  std::uint64_t warmup_messages = 0, redelivered = 0;
  for (unsigned i = 0; i < options_.consumers; ++i) {
    const ConsumerResult& consumer = result.consumers[i];
    warmup_messages += consumer.tally.warmup_messages;
    redelivered += consumer.tally.redelivered;
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
  const std::uint64_t warmup_due = result.producer.warmup_messages * options_.copies();
  if (options_.lossless && warmup_messages != warmup_due) {
    say("warm-up: " + std::to_string(warmup_due) + " were to arrive, but " + std::to_string(warmup_messages) +
        " arrived");
  }
  if (options_.pingpong()) {
    const Tally& client = result.producer;
    if (client.warmup_faults) say("the producer found faults in the replies during the warm-up");
    if (client.reply_faults)
      say(std::to_string(client.reply_faults) + " replies were damaged, lost, repeated or out of order");
    if (result.round_trips != result.sent) {
      say("sent " + std::to_string(result.sent) + " requests, but " + std::to_string(result.round_trips) +
          " replies came back whole");
    }
  }
  std::string counts;
  const auto count = [&](std::uint64_t number, const char* what) {
    if (number) counts += (counts.empty() ? "" : ", ") + std::to_string(number) + " " + what;
  };
  // What a mechanism never promised, or told of, is counted and no fault of the trial.
  if (options_.lossless) {
    count(result.lost, "lost");
    count(result.duplicated - std::min(result.duplicated, redelivered), "duplicated");
    count(result.reordered - std::min(result.reordered, redelivered), "reordered");
  }
  count(result.corrupted, "corrupted");
  if (!counts.empty()) {
    say(counts + " of " + std::to_string(result.sent) + " messages" +
        (options_.fans_out() ? " to each consumer" : ""));
  }
  if (result.sent * options_.copies() != result.delivered + result.lost) {
    say("sent " + std::to_string(result.sent) + (options_.fans_out() ? " to each consumer" : "") +
        ", but delivered " + std::to_string(result.delivered) + " and lost " + std::to_string(result.lost));
  }
  if (options_.items && result.sent != options_.items) {
    say("asked for " + std::to_string(options_.items) + " messages, sent " + std::to_string(result.sent));
  }
  if (options_.fault == FaultKind::flip && !result.corrupted)
    say("the flipped message was lost, or cannot be told from the lost ones beside it");
  if (options_.fault != FaultKind::none && !result.injected)
    say("the fault " + options_.fault_name + " could not be made");
  return text.empty() ? text : "delivery not proved: " + text;
}

}  // namespace queuemark
