#include "engine/fault.hpp"

#include <algorithm>

#include "engine/error.hpp"

namespace queuemark {

std::uint64_t dealt_items(std::uint64_t items, unsigned stream, unsigned streams, std::uint64_t deal_items) {
  const std::uint64_t round = deal_items * streams, before = deal_items * stream, rest = items % round;
  const std::uint64_t in_last = rest > before ? std::min(rest - before, deal_items) : 0;
  return items / round * deal_items + in_last;
}

namespace {

// A timed trial sends an unknown number; its first few hundred are sure to come.
constexpr std::uint64_t kTimedItems = 400;

std::uint64_t expected_in(unsigned stream, const Options& options, std::uint64_t deal_items) {
  if (!options.items) return kTimedItems;
  return dealt_items(options.items, stream, options.streams(), deal_items);
}

}  // namespace

Fault Fault::draw(const Options& options, std::uint64_t deal_items) {
  Fault fault{options.fault};
  if (fault.kind == FaultKind::none) return fault;
  const std::uint64_t needed = fault.kind == FaultKind::reorder ? 2 : 1;
  std::vector<unsigned> fitting;
  for (unsigned stream = 0; stream < options.streams(); ++stream) {
    if (expected_in(stream, options, deal_items) >= needed) fitting.push_back(stream);
  }
  if (fitting.empty()) {
    throw UsageError("--inject " + options.fault_name + " needs at least " + std::to_string(needed) +
                     " messages in one stream; take more items");
  }
  const std::uint64_t draw = mixed(options.seed ^ 0xFA017);
  fault.bit_draw = mixed(draw);
  fault.stream = fitting[draw % fitting.size()];
  const std::uint64_t count = expected_in(fault.stream, options, deal_items);
  if (fault.at_producer()) {
    const std::uint64_t last = count - needed;
    fault.message = std::min(last, count / 4 + mixed(draw + 1) % std::max<std::uint64_t>(1, count / 2));
  } else {
    const bool any = options.streams() == 1;
    fault.consumer = any ? static_cast<unsigned>(draw % options.consumers) : fault.stream;
    // Consumers that compete may get few messages each, so an early one is taken.
    fault.message = mixed(draw + 1) % (options.competing() ? std::min<std::uint64_t>(4, count) : count);
  }
  return fault;
}

}  // namespace queuemark
