#include "engine/events.hpp"

#include <unistd.h>

#include <cerrno>

#include "engine/error.hpp"

namespace queuemark {
namespace {

constexpr int kContract = 1;

void write_param_value(Json& json, const ParamValue& value) {
  std::visit([&](const auto& held) { json.value(held); }, value);
}

void write_granted(Json& json, const Granted& granted) {
  json.key("granted").begin_object();
  for (const auto& [name, value] : granted) {
    json.key(name);
    write_param_value(json, value);
  }
  json.end_object();
}

void write_words(Json& json, std::string_view name, const std::vector<std::string>& words) {
  json.key(name).begin_array();
  for (const auto& word : words) json.value(word);
  json.end_array();
}

void write_cpus(Json& json, const std::vector<int>& cpus) {
  json.key("cpus").begin_array();
  for (const int cpu : cpus) json.value(cpu);
  json.end_array();
}

void write_cost(Json& json, const Tally& tally) {
  json.member("cpu_ns", tally.cpu_ns)
      .member("switches_voluntary", tally.switches_voluntary)
      .member("switches_involuntary", tally.switches_involuntary);
}

void write_producer(Json& json, const TrialResult& result) {
  json.key("producer").begin_object();
  write_cpus(json, result.producer_cpus);
  json.member("sent", result.sent)
      .member("calls", result.producer.calls)
      .member("bytes_sent", result.producer.bytes);
  write_cost(json, result.producer);
  json.member("peak_memory_bytes", result.producer.peak_memory_bytes).end_object();
}

void write_consumer(Json& json, std::size_t index, const ConsumerResult& consumer) {
  json.begin_object().member("index", index);
  write_cpus(json, consumer.cpus);
  json.key("dealt");
  consumer.dealt ? json.value(*consumer.dealt) : json.null();
  json.member("delivered", consumer.delivered)
      .member("lost", consumer.lost)
      .member("duplicated", consumer.tally.duplicated)
      .member("reordered", consumer.tally.reordered)
      .member("corrupted", consumer.tally.corrupted)
      .member("checked", consumer.tally.checked)
      .member("window_ns", consumer.window_ns)
      .member("calls", consumer.tally.calls)
      .member("bytes_received", consumer.tally.bytes);
  write_cost(json, consumer.tally);
  json.member("peak_memory_bytes", consumer.tally.peak_memory_bytes).end_object();
}

void write_counters(Json& json, const std::optional<EventCounts>& events) {
  json.key("counters");
  if (!events) {
    json.null();
    return;
  }
  json.begin_object();
  for (std::size_t i = 0; i < kCountedEvents; ++i) {
    json.key(kHardwareEvents[i].name);
    events->counted[i] ? json.value(events->counts[i]) : json.null();
  }
  json.member("user_only", events->user_only)
      .member("enabled_ns", events->enabled_ns)
      .member("running_ns", events->running_ns)
      .member_or_null("reason", events->reason())
      .end_object();
}

void write_histogram(Json& json, std::string_view name, const HistogramSum& histogram) {
  json.key(name)
      .begin_object()
      .member("samples", histogram.samples())
      .member("min_ns", histogram.least_ns())
      .member("max_ns", histogram.most_ns())
      .member("sum_ns", histogram.sum_ns());
  json.key("buckets").begin_array();
  for (const std::uint64_t number : histogram.pairs()) json.value(number);
  json.end_array().end_object();
}

void write_latency(Json& json, const LatencyResult& latency) {
  json.begin_object()
      .member("kind", latency.kind)
      .member("every", latency.every)
      .member("missed", latency.missed);
  write_histogram(json, "histogram", latency.histogram);
  if (latency.raw) write_histogram(json, "raw", *latency.raw);
  json.member("raw_every", latency.raw_every);
  if (latency.pacing) write_histogram(json, "pacing", *latency.pacing);
  json.end_object();
}

void write_progress(Json& json, const std::vector<ProgressPoint>& progress) {
  json.key("progress").begin_array();
  for (const ProgressPoint& point : progress) {
    json.begin_array().value(point.elapsed_ns).value(point.delivered).end_array();
  }
  json.end_array();
}

// Sums over the workers, and what only the trial as a whole has.
void write_sums(Json& json, const TrialResult& result) {
  Tally sum = result.producer;
  std::uint64_t checked = 0, message_bytes = 0;
  for (const auto& consumer : result.consumers) {
    sum.calls += consumer.tally.calls;
    sum.cpu_ns += consumer.tally.cpu_ns;
    sum.switches_voluntary += consumer.tally.switches_voluntary;
    sum.switches_involuntary += consumer.tally.switches_involuntary;
    checked += consumer.tally.checked;
    message_bytes += consumer.tally.message_bytes;
  }
  json.member("checked", checked).member("calls", sum.calls);
  write_cost(json, sum);
  json.member("bytes_on_wire", result.producer.bytes + result.producer.reply_bytes)
      .member("message_bytes", message_bytes);
}

void write_cost_of_messages(Json& json, const Cost& cost) {
  json.begin_object().key("ways").begin_array();
  for (const auto& [mechanism, when] : cost.ways) {
    json.begin_object().member("mechanism", mechanism).key("when").begin_object();
    for (const auto& [name, value] : when) {
      json.key(name);
      write_param_value(json, value);
    }
    json.end_object().end_object();
  }
  json.end_array()
      .member("gathers", cost.gathers)
      .member_or_null("holds", cost.holds)
      .member("frame_bytes", cost.frame_bytes)
      .end_object();
}

void write_facts(Json& json, const Facts& facts) {
  json.key("facts").begin_object();
  json.member("lossless", facts.lossless)
      .member("ordered", facts.ordered)
      .member("redelivers", facts.redelivers)
      .member("boundaries", facts.boundaries)
      .member("copies", facts.copies);
  write_words(json, "patterns", facts.patterns);
  write_words(json, "dispatches", facts.dispatches);
  write_words(json, "policies", facts.policies);
  write_words(json, "acks", facts.acks);
  write_words(json, "waits", facts.waits);
  write_words(json, "durability", facts.durability);
  json.member("max_size_bytes", facts.max_size_bytes).key("whole_bytes");
  facts.whole_bytes ? json.value(*facts.whole_bytes) : json.null();
  json.member("crosses_hosts", facts.crosses_hosts)
      .member("consumers_low", facts.consumers_low)
      .member_or_null("broker", facts.broker)
      .key("cost");
  if (facts.broker.empty()) {
    write_cost_of_messages(json, facts.cost);
  } else {
    json.null();
  }
  json.end_object();
}

void write_param(Json& json, const Param& param) {
  json.begin_object().member("name", param.name).member("unit", param.unit).key("default");
  write_param_value(json, param.fallback);
  if (param.unit == "choice") {
    json.key("low").null().key("high").null();
    write_words(json, "choices", param.choices);
  } else {
    json.member("low", param.low).member("high", param.high).key("choices").null();
  }
  json.member("help", param.help).end_object();
}

const char* name_of(State state) {
  switch (state) {
    case State::ok:
      return "ok";
    case State::unavailable:
      return "unavailable";
    case State::failed:
      break;
  }
  return "failed";
}

}  // namespace

std::string ready_event(const Options& options, int producer_pid, const std::vector<int>& consumer_pids,
                        const Granted& granted) {
  Json json;
  json.begin_object()
      .member("event", "ready")
      .member("contract", kContract)
      .member("run_id", options.run_id)
      .member("producer_pid", producer_pid);
  json.key("consumer_pids").begin_array();
  for (const int pid : consumer_pids) json.value(pid);
  json.end_array();
  write_granted(json, granted);
  return json.end_object().text();
}

std::string tick_event(Nanoseconds elapsed_ns, std::uint64_t sent, std::uint64_t delivered) {
  Json json;
  json.begin_object()
      .member("event", "tick")
      .member("elapsed_ns", elapsed_ns)
      .member("sent", sent)
      .member("delivered", delivered)
      .end_object();
  return json.text();
}

std::string result_event(const std::string& run_id, std::uint64_t seed, const TrialResult& result) {
  Json json;
  json.begin_object()
      .member("event", "result")
      .member("contract", kContract)
      .member("run_id", run_id)
      .member("state", name_of(result.state))
      .member_or_null("reason", result.reason)
      .member_or_null("remedy", result.remedy)
      .member("seed", seed)
      .member("sent", result.sent)
      .member("delivered", result.delivered)
      .member("lost", result.lost)
      .member("duplicated", result.duplicated)
      .member("reordered", result.reordered)
      .member("corrupted", result.corrupted)
      .member("round_trips", result.round_trips);
  write_sums(json, result);
  write_counters(json, result.events);
  json.member("window_ns", result.window_ns)
      .member("send_window_ns", result.send_window_ns)
      .member("outside_ns", result.outside_ns)
      .member("peak_memory_bytes", result.peak_memory_bytes)
      .member("oversubscribed", result.oversubscribed);
  json.key("injected");
  if (result.injected) {
    json.begin_object().member("fault", result.injected->name).key("consumer");
    result.injected->consumer ? json.value(*result.injected->consumer) : json.null();
    json.member("message", result.injected->message).end_object();
  } else {
    json.null();
  }
  write_granted(json, result.granted);
  if (!result.performed) {
    json.key("producer").null();
  } else {
    write_producer(json, result);
  }
  json.key("consumers").begin_array();
  for (std::size_t i = 0; i < result.consumers.size(); ++i) write_consumer(json, i, result.consumers[i]);
  json.end_array().key("latency");
  if (result.latency) {
    write_latency(json, *result.latency);
  } else {
    json.null();
  }
  write_progress(json, result.progress);
  return json.end_object().text();
}

std::string listing(const std::vector<Description>& descriptions) {
  Json json;
  json.begin_object()
      .member("contract", kContract)
      .member("runtime", "native")
      .member("version", QUEUEMARK_VERSION);
  json.key("transports").begin_array();
  for (const auto& description : descriptions) {
    json.begin_object()
        .member("name", description.name)
        .member("runtime", "native")
        .member("summary", description.summary)
        .member("available", description.reason.empty())
        .member_or_null("reason", description.reason)
        .member_or_null("remedy", description.remedy);
    write_facts(json, description.facts);
    json.key("params").begin_array();
    for (const auto& param : description.params) write_param(json, param);
    json.end_array().end_object();
  }
  return json.end_array().end_object().text();
}

void print_line(const std::string& line) {
  const std::string text = line + "\n";
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw_system("print an event to standard output");
    done += static_cast<std::size_t>(written);
  }
}

}  // namespace queuemark
