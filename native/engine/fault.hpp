// The one fault that a trial is asked to make, to show that the laboratory would notice it.
//
// Which message, which consumer and which bit are drawn from the seed; the message is counted within its
// stream. Nothing of this is in the hot loop: the producer runs up to the message, makes the fault, and runs
// on.
#pragma once

#include "engine/content.hpp"
#include "engine/options.hpp"

namespace queuemark {

struct Fault {
  FaultKind kind = FaultKind::none;
  unsigned stream = 0;    // of the producer's faults
  unsigned consumer = 0;  // of kill-consumer and stall-consumer
  Sequence message = 0;
  std::uint64_t bit_draw = 0;

  bool at_producer() const {
    return kind == FaultKind::flip || kind == FaultKind::drop || kind == FaultKind::duplicate ||
           kind == FaultKind::reorder;
  }
  bool at_consumer(unsigned index) const {
    return (kind == FaultKind::kill_consumer || kind == FaultKind::stall_consumer) && consumer == index;
  }

  // Throws UsageError when so few messages are sent that there is none to make it with.
  static Fault draw(const Options& options, std::uint64_t deal_items);
};

// How many of `items` messages, dealt in turns of deal_items over the streams, go to this one.
std::uint64_t dealt_items(std::uint64_t items, unsigned stream, unsigned streams, std::uint64_t deal_items);

}  // namespace queuemark
