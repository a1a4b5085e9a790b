// What a probe of the machine brings, and how it measures: many short rounds of one operation, of which the
// median and the quartiles are told. What disturbs one round leaves the median alone.
//
// A probe is a file of probes/ and a line of probes.def. It measures one thing, as one or several figures
// that differ in their parameters, each within the same span of time.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/clock.hpp"
#include "engine/transport.hpp"

namespace queuemark {

// The command line of the verb `probe`, read and checked.
struct ProbeOptions {
  bool quick = false;             // what a session can afford before and after its trials
  std::vector<std::string> only;  // empty: all
  std::vector<int> cpus;          // the first two that this process may use, unless named
  int parent_pid = 0;

  // Throws UsageError. `arguments` begins behind the word `probe`.
  static ProbeOptions read(const std::vector<std::string>& arguments, const std::vector<std::string>& known);

  bool wants(const std::string& name) const;
};

enum class ProbeUnit { ns, bytes_per_s };
using ProbeParams = std::map<std::string, ParamValue>;

// How one probe tells what it found.
class Probing {
 public:
  Probing(std::string name, const ProbeOptions& options) : name_(std::move(name)), options_(options) {}

  bool quick() const { return options_.quick; }
  int cpu() const { return options_.cpus.front(); }
  // Where the other process runs that needs a core of its own; nothing where there is only one cpu.
  std::optional<int> other_cpu() const;
  // For all rounds of one figure.
  Nanoseconds span_ns() const { return options_.quick ? kQuickSpanNs : kSpanNs; }

  // rounds: the value of each, at least one.
  void tell(const ProbeParams& params, ProbeUnit unit, std::vector<double> rounds) const;
  void tell_unavailable(const ProbeParams& params, ProbeUnit unit, const std::string& reason) const;

  // Tells what `measure` returns, or why the system refused it: one figure less is no reason to end.
  void attempt(const ProbeParams& params, ProbeUnit unit,
               const std::function<std::vector<double>()>& measure) const;

 private:
  static constexpr Nanoseconds kSpanNs = 40'000'000, kQuickSpanNs = 8'000'000;

  std::string name_;
  const ProbeOptions& options_;
};

// One line of probes.def: how main.cpp reaches a probe. quick: it is one of the quick ones.
struct Probe {
  const char* name;
  bool quick;
  void (*run)(const Probing& probing);
};

constexpr const char* kOneCpu = "it takes two cpus, and this process may use only one";

// Calls `round` until the span is used up; what each returned. The first call is not counted: it finds cold
// caches and pages that were never touched.
template <class Round>
auto rounds_of(Nanoseconds span_ns, Round&& round) {
  constexpr std::size_t kRoundsLow = 5, kRoundsHigh = 2000;
  round();
  std::vector<decltype(round())> values;
  const Nanoseconds end_ns = now_ns() + span_ns;
  while (values.size() < kRoundsLow || (now_ns() < end_ns && values.size() < kRoundsHigh)) {
    values.push_back(round());
  }
  return values;
}

// How long `count` times the operation take.
template <class Operation>
Nanoseconds elapsed_ns(std::uint64_t count, Operation&& operation) {
  const Nanoseconds begin_ns = now_ns();
  for (std::uint64_t i = 0; i < count; ++i) operation();
  return now_ns() - begin_ns;
}

// What one operation takes: a round does as many in a row as last a thousand times longer than reading the
// clock.
template <class Operation>
std::vector<double> ns_of_one(Nanoseconds span_ns, Operation&& operation) {
  constexpr Nanoseconds kRoundNs = 40'000;
  std::uint64_t count = 1;
  while (elapsed_ns(count, operation) < kRoundNs) count *= 2;
  return rounds_of(span_ns, [&] {
    return static_cast<double>(elapsed_ns(count, operation)) / static_cast<double>(count);
  });
}

// Nanoseconds for so many bytes as bytes a second.
std::vector<double> as_bytes_per_s(std::vector<double> rounds_ns, std::size_t bytes);

}  // namespace queuemark
