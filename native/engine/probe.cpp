#include "engine/probe.hpp"

#include <algorithm>
#include <charconv>

#include "engine/error.hpp"
#include "engine/events.hpp"
#include "engine/json.hpp"
#include "engine/placement.hpp"

namespace queuemark {
namespace {

std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    end = text.find(',', begin);
    parts.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
  }
  return parts;
}

int whole(const std::string& option, const std::string& text) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) {
    throw UsageError(option + " takes whole numbers, got '" + text + "'");
  }
  return number;
}

std::vector<int> read_cpus(const std::string& text) {
  const std::vector<int> allowed = allowed_cpus();
  std::vector<int> cpus;
  for (const std::string& part : parts_of(text)) {
    cpus.push_back(whole("--cpus", part));
    if (std::find(allowed.begin(), allowed.end(), cpus.back()) == allowed.end()) {
      throw UsageError("--cpus names cpu " + part + ", which this process may not use");
    }
  }
  if (cpus.size() != 2 || cpus[0] == cpus[1]) {
    throw UsageError("--cpus takes two different cpus, A,B, got '" + text + "'");
  }
  return cpus;
}

std::vector<std::string> read_only(const std::string& text, const std::vector<std::string>& known) {
  const std::vector<std::string> names = parts_of(text);
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string all;
    for (const std::string& each : known) all += (all.empty() ? "" : ", ") + each;
    throw UsageError("--only names the probe '" + name + "', which is none of " + all);
  }
  return names;
}

// Between the two neighbours of its place, as most of statistics has it (type 7 of Hyndman and Fan, 1996).
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Json head(const std::string& name, const ProbeParams& params, ProbeUnit unit) {
  Json json;
  json.begin_object().member("event", "probe").member("name", name).key("params").begin_object();
  for (const auto& [param, value] : params) {
    json.key(param);
    std::visit([&](const auto& held) { json.value(held); }, value);
  }
  json.end_object().member("unit", unit == ProbeUnit::ns ? "ns" : "bytes_per_s");
  return json;
}

}  // namespace

ProbeOptions ProbeOptions::read(const std::vector<std::string>& arguments,
                                const std::vector<std::string>& known) {
  ProbeOptions options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& option = arguments[i];
    if (option == "--quick") {
      options.quick = true;
      continue;
    }
    if (option != "--only" && option != "--cpus" && option != "--parent") {
      throw UsageError("unknown option '" + option + "'; see: queuemark-runner --help");
    }
    if (++i == arguments.size()) throw UsageError(option + " needs a value");
    if (option == "--only") options.only = read_only(arguments[i], known);
    if (option == "--cpus") options.cpus = read_cpus(arguments[i]);
    if (option == "--parent") options.parent_pid = whole(option, arguments[i]);
  }
  if (options.cpus.empty()) {
    options.cpus = allowed_cpus();
    options.cpus.resize(std::min<std::size_t>(options.cpus.size(), 2));
  }
  return options;
}

bool ProbeOptions::wants(const std::string& name) const {
  return only.empty() || std::find(only.begin(), only.end(), name) != only.end();
}

std::optional<int> Probing::other_cpu() const {
  return options_.cpus.size() < 2 ? std::nullopt : std::optional(options_.cpus[1]);
}

void Probing::tell(const ProbeParams& params, ProbeUnit unit, std::vector<double> rounds) const {
  std::sort(rounds.begin(), rounds.end());
  print_line(head(name_, params, unit)
                 .member("value", quantile(rounds, 0.5))
                 .member("low", quantile(rounds, 0.25))
                 .member("high", quantile(rounds, 0.75))
                 .member("samples", rounds.size())
                 .key("reason")
                 .null()
                 .end_object()
                 .text());
}

void Probing::tell_unavailable(const ProbeParams& params, ProbeUnit unit, const std::string& reason) const {
  Json json = head(name_, params, unit);
  for (const char* const value : {"value", "low", "high"}) json.key(value).null();
  print_line(json.member("samples", 0).member("reason", reason).end_object().text());
}

void Probing::attempt(const ProbeParams& params, ProbeUnit unit,
                      const std::function<std::vector<double>()>& measure) const {
  std::vector<double> rounds;
  try {
    rounds = measure();
  } catch (const SystemError& error) {
    return tell_unavailable(params, unit, error.what());
  } catch (const Unavailable& error) {
    return tell_unavailable(params, unit, error.what());
  }
  tell(params, unit, std::move(rounds));
}

std::vector<double> as_bytes_per_s(std::vector<double> rounds_ns, std::size_t bytes) {
  for (double& round : rounds_ns) round = static_cast<double>(bytes) * 1e9 / round;
  return rounds_ns;
}

}  // namespace queuemark
