// The hot loop, once for every transport. A transport brings its two ends:
//
//   struct Producer {                        struct Consumer {
//     void send(stream, bytes, count);         std::size_t receive(into, capacity);  // 0: the end
//     void finish();                           std::uint64_t calls = 0;
//     std::uint64_t calls = 0, bytes = 0;    };
//   };
//
// For the policy `vector` a producer has send_many(stream, messages), which takes at least the first of them,
// whole, and says how many it took. Where the mechanism keeps messages apart, the consumer then has
// receive_many(), how many came, and message(index), instead of receive(). So it has where messages come in
// what the mechanism's own protocol has around them (Framing::envelope), whatever the policy, and then also
// frame_bytes(index).
//
// A producer whose mechanism may hold back the last bytes of a burst also has push(), for the fences of the
// warm-up; the window ends with finish() alone.
//
// A mechanism that may lose brings mark(stream, bytes, count) instead of finish(), and `marked` in its
// consumer: marks stand behind the probes, the warm-up and the last message, repeated until they came
// (mark.hpp).
//
// A producer whose mechanism can say what it has accepted has confirm(), which waits for that: the send
// window ends behind it, if the trial's ack asks for one.
//
// A consumer whose mechanism delivers again what is not acknowledged in time counts in `redelivered` what it
// was told of so: that many messages may have come twice, or late.
//
// send() takes all bytes or throws SystemError: a failed call is never counted as sent. finish() puts
// the end behind the last message of each stream. receive() returns one message where the mechanism
// keeps boundaries, else what there is. Both count every call they make, failed tries included.
//
// Where messages are written and read in place, a producer has rings() instead of send() (policy_slots.hpp),
// and a consumer, instead of receive():
//
//   FullSlots view();          // waits for messages, behind each other; none: the end
//   void release(count);       // the first of these may be written again
//   std::size_t slot_bytes();  // from one to the next
#pragma once

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "engine/clock.hpp"
#include "engine/counters.hpp"
#include "engine/fault.hpp"
#include "engine/mark.hpp"
#include "engine/policy.hpp"
#include "engine/policy_slots.hpp"
#include "engine/schedule.hpp"
#include "engine/sequence.hpp"
#include "engine/shared.hpp"
#include "engine/stamps.hpp"

namespace queuemark {

// cpu, switches, calls and what the hardware counts between two instants of one process. Made before the
// first of them: opening the counters takes its time.
class Usage {
 public:
  void begin(std::uint64_t calls) {
    calls_ = calls;
    cpu_ns_ = cpu_time_ns();
    getrusage(RUSAGE_SELF, &before_);
    counters_.start();
  }
  void end(std::uint64_t calls, Tally& tally) const {
    tally.events = counters_.read();
    rusage after{};
    getrusage(RUSAGE_SELF, &after);
    tally.cpu_ns = cpu_time_ns() - cpu_ns_;
    tally.calls = calls - calls_;
    tally.switches_voluntary = static_cast<std::uint64_t>(after.ru_nvcsw - before_.ru_nvcsw);
    tally.switches_involuntary = static_cast<std::uint64_t>(after.ru_nivcsw - before_.ru_nivcsw);
    tally.peak_memory_bytes = static_cast<std::uint64_t>(after.ru_maxrss) * 1024;
  }

 private:
  std::uint64_t calls_ = 0;
  Nanoseconds cpu_ns_ = 0;
  rusage before_{};
  Counters counters_;
};

template <class Out, class Content, class Policy>
class Production {
  using Cursor = typename Content::Cursor;

 public:
  Production(Out& out, const Content& content, Policy& policy, Pace& pace, const Options& options,
             const Shared& shared, const Stamping* stamping, const Fault& fault, std::uint64_t deal_items,
             int parent_event, bool crowded)
      : out_(out),
        content_(content),
        policy_(policy),
        pace_(pace),
        options_(options),
        shared_(shared),
        stamps_(stamping, options.streams()),
        fault_(fault),
        deal_items_(deal_items),
        parent_event_(parent_event),
        cursors_(options.streams()),
        given_(options.streams()) {
    if (!options.rate_per_s) return;
    pacing_.emplace(Pacing{Schedule(*options.rate_per_s), Pacer(options.wait, crowded), stamping});
    if (!options.items) pacing_->end_ns = static_cast<Nanoseconds>(options.duration_s * 1e9);
    if (stamping) stamping->departed().pacing.touch();
  }

  // One probe on each stream, then traffic for the warm-up's time; returns when all of it was taken.
  void warm_up() {
    begin(Phase::warmup);
    for (unsigned stream = 0; stream < options_.streams(); ++stream) give(stream, 1);
    wait_until_taken(Mark::probed);
    if (shared_.taken(Phase::warmup) < pace_.count() * options_.copies() && !pace_.stopped()) {
      throw SystemError("a probe message was lost, although nothing else was on its way");
    }
    tell_parent();
    const Nanoseconds end = now_ns() + static_cast<Nanoseconds>(options_.warmup_s * 1e9);
    while (now_ns() < end && !pace_.stopped()) {
      for (unsigned stream = 0; stream < options_.streams(); ++stream) give(stream, kWarmupTurn);
    }
    wait_until_taken(Mark::warmed_up);
  }

  void window() {
    window_of([&] {
      send_all();
      policy_.flush();
      if constexpr (requires { out_.confirm(); }) out_.confirm();
      if (pacing_) wait_out();
    });
  }

 protected:
  // work: hands all messages of the window to the mechanism.
  template <class Work>
  void window_of(Work&& work) {
    shared_.producer().tally.warmup_messages = pace_.count();
    const std::uint64_t bytes_before = out_.bytes;
    begin(Phase::window);
    shared_.set_phase(Phase::window);
    tell_parent();
    usage_.begin(out_.calls);
    stamps_.open();
    opened_ns_ = now_ns();
    shared_.control().window_open_ns.store(opened_ns_, std::memory_order_release);
    Tally& tally = shared_.producer().tally;
    try {
      work();
    } catch (...) {
      settle(tally, bytes_before);
      throw;
    }
    settle(tally, bytes_before);
    // Release pairs with the acquire of a consumer that sees the end: it knows then what was dealt.
    shared_.control().ending.store(1, std::memory_order_release);
    if constexpr (kMarked) {
      repeat(Mark::end);
    } else {
      out_.finish();
    }
  }

 private:
  static constexpr std::uint64_t kWarmupTurn = 64;

 protected:
  static constexpr bool kMarked = requires(Out& out, const std::byte* bytes) { out.mark(0u, bytes, 0u); };
  static constexpr bool kLingers = requires(Policy& policy) { policy.next_flush_ns(); };
  static constexpr Nanoseconds kPatienceNs = 50'000, kPatienceHighNs = 5'000'000;

  // A paced window: which message of the producer is next, all streams together.
  struct Pacing {
    Schedule schedule;
    Pacer pacer;
    const Stamping* stamping;
    Sequence number = 0;
    std::optional<Nanoseconds> late_ns = std::nullopt;  // of the message that was stamped and is sent next
    Nanoseconds end_ns = INT64_MAX;                     // what would be due then or later is not sent
  };

  void begin(Phase phase) {
    phase_ = phase;
    pace_.begin(phase);
    for (unsigned stream = 0; stream < cursors_.size(); ++stream) {
      const Dealing dealing{stream, options_.streams(), deal_items_};
      cursors_[stream] = content_.at(0, stream_salt(options_.seed, stream, phase), dealing);
      given_[stream] = 0;
    }
  }

  void send_all() {
    const bool bounded = options_.items || (options_.competing() && options_.consumers > 1);
    std::uint64_t left = bounded ? options_.items_high() : UINT64_MAX;
    for (unsigned stream = 0; left && !pace_.stopped() && !scheduled_all();
         stream = stream + 1 == cursors_.size() ? 0 : stream + 1) {
      left -= turn(stream, std::min(left, deal_items_), left);
    }
  }

  // One turn of the deal; the fault, if it falls into it, is made at its message.
  std::uint64_t turn(unsigned stream, std::uint64_t count, std::uint64_t left) {
    const bool here = fault_.at_producer() && !fault_made_ && fault_.stream == stream &&
                      fault_.message >= given_[stream] && fault_.message - given_[stream] < count;
    if (!here) return give(stream, count);
    const std::uint64_t before = give(stream, fault_.message - given_[stream]);
    if (given_[stream] != fault_.message) return before;
    const std::uint64_t used = make_fault(stream, left - before);
    const std::uint64_t done = before + used;
    return done < count ? done + give(stream, count - done) : done;
  }

  // In runs that end before each message that is to be stamped, or is not due yet.
  std::uint64_t give(unsigned stream, std::uint64_t count) {
    std::uint64_t done = 0;
    for (std::uint64_t run = 0, taken = 0; done < count && taken == run; done += taken) {
      run = may_follow(stream, count - done);
      if (!run) break;
      taken = policy_.run(stream, cursors_[stream], run);
      given_[stream] += taken;
      if (paced()) offered(taken);
    }
    return done;
  }

  // How many messages of the stream, one at the least, may be sent as from now; none: the schedule has ended.
  std::uint64_t may_follow(unsigned stream, std::uint64_t most) {
    if (paced()) return follow_schedule(stream, most);
    if (stamps_.due(stream, given_[stream])) [[unlikely]]
      stamps_.write(stream, now_ns() - opened_ns_);
    return std::min(most, stamps_.run(stream, given_[stream]));
  }

  std::uint64_t follow_schedule(unsigned stream, std::uint64_t most) {
    if (scheduled_all()) return 0;
    Pacing& pacing = *pacing_;
    const Nanoseconds due_ns = pacing.schedule.due(pacing.number);
    const Nanoseconds elapsed_ns = await(due_ns);
    if (stamps_.due(stream, given_[stream])) {
      stamps_.write(stream, elapsed_ns);
      pacing.late_ns = elapsed_ns - due_ns;
    }
    most = std::min(most, stamps_.run(stream, given_[stream]));
    return pacing.schedule.due_by(elapsed_ns, pacing.number, most);
  }

  bool paced() const { return pacing_ && phase_ == Phase::window; }
  bool scheduled_all() const { return pacing_ && pacing_->schedule.due(pacing_->number) >= pacing_->end_ns; }

  // A buffer that fills slowly is no standstill.
  void offered(std::uint64_t messages) {
    if (messages && pacing_->late_ns) {
      pacing_->stamping->departed().pacing.record(static_cast<std::uint64_t>(*pacing_->late_ns));
    }
    pacing_->late_ns.reset();
    pacing_->number += messages;
    shared_.producer().offered.store(pacing_->number, std::memory_order_relaxed);
  }

  // Waits until so long after the opening, or longer; says how long. What lingers meanwhile is sent in its
  // time.
  Nanoseconds await(Nanoseconds due_ns) {
    for (;;) {
      Nanoseconds moment = opened_ns_ + due_ns;
      if constexpr (kLingers) moment = std::min(moment, policy_.next_flush_ns());
      const Nanoseconds now = pacing_->pacer.wait_until(moment);
      if constexpr (kLingers) policy_.flush_overdue(now);
      if (now >= opened_ns_ + due_ns) return now - opened_ns_;
    }
  }

  // The window of so many messages lasts until the next one would be due.
  void wait_out() {
    if (!pace_.stopped()) await(std::min(pacing_->end_ns, pacing_->schedule.due(pacing_->number)));
  }

  std::uint64_t make_fault(unsigned stream, std::uint64_t left) {
    Cursor& cursor = cursors_[stream];
    const std::uint64_t used = fault_.kind == FaultKind::reorder ? 2 : 1;
    if (left < used || !may_follow(stream, 1)) return 0;
    if (fault_.kind == FaultKind::flip) {
      policy_.one(stream, cursor, static_cast<std::int64_t>(fault_.bit_draw % (8 * content_.size(cursor))));
    } else if (fault_.kind == FaultKind::duplicate) {
      policy_.one(stream, cursor, -1);
      policy_.one(stream, cursor, -1);
    } else if (fault_.kind == FaultKind::reorder) {
      if (paced()) await(pacing_->schedule.due(pacing_->number + 1));
      if (stamps_.due(stream, given_[stream] + 1)) stamps_.write(stream, now_ns() - opened_ns_);
      const Cursor first = cursor;
      cursor.advance();
      policy_.one(stream, cursor, -1);
      policy_.one(stream, first, -1);
    }
    cursor.advance();
    given_[stream] += used;
    if (paced()) offered(used);
    own_to_fault();
    return used;
  }

  void own_to_fault() {
    fault_made_ = true;
    shared_.producer().fault_message = fault_.message;
    shared_.producer().fault_made.store(1, std::memory_order_release);
  }

  // What the mechanism accepted; a fault's dropped message counts as published, its repetition does not.
  void settle(Tally& tally, std::uint64_t bytes_before) {
    tally.last_ns = now_ns();
    usage_.end(out_.calls, tally);
    tally.bytes = out_.bytes - bytes_before;
    std::uint64_t sum = 0;
    for (unsigned stream = 0; stream < given_.size(); ++stream) {
      shared_.dealt(stream).store(given_[stream], std::memory_order_release);
      sum += given_[stream];
    }
    tally.messages = sum - std::min(sum, policy_.unsent());
  }

  // The consumers' counts are the fence between warm-up and window: the queue is empty then, and
  // whatever arrives after the phase was set belongs to the window.
  void wait_until_taken([[maybe_unused]] Mark mark) {
    policy_.flush();
    if constexpr (kMarked) return repeat(mark);
    if constexpr (requires { out_.push(); }) out_.push();
    const std::uint64_t due = pace_.count() * options_.copies();
    for (unsigned round = 0; shared_.taken(Phase::warmup) < due && !pace_.stopped(); ++round) {
      if (round < 64) {
        cpu_relax();
      } else {
        sleep_ns(20'000);
      }
    }
  }

  // Until every consumer has seen it, or the parent, who sees that nothing moves, ends the trial. Where a
  // stream keeps its order, all that was sent before has then been taken, or lost.
  void repeat(Mark mark) {
    const Marks marks(content_.largest());
    const Marks::Datagram datagram = marks.datagram(mark);
    for (Nanoseconds patience = kPatienceNs; !all_saw(mark);
         patience = std::min(2 * patience, kPatienceHighNs)) {
      for (unsigned consumer = 0; consumer < options_.consumers; ++consumer) {
        if (!saw(consumer, mark)) out_.mark(consumer, datagram.data(), marks.bytes());
      }
      const Nanoseconds end = now_ns() + patience;
      for (unsigned round = 0; !all_saw(mark) && now_ns() < end; ++round) {
        if (round < 64) {
          cpu_relax();
        } else {
          sleep_ns(20'000);
        }
      }
    }
  }

  // Acquire pairs with the consumer's release: what it counted until then is seen, too.
  bool saw(unsigned consumer, Mark mark) const {
    return shared_.consumer(consumer).marked.load(std::memory_order_acquire) >=
           static_cast<std::uint32_t>(mark);
  }
  bool all_saw(Mark mark) const {
    for (unsigned consumer = 0; consumer < options_.consumers; ++consumer) {
      if (!saw(consumer, mark)) return false;
    }
    return true;
  }

  void tell_parent() const {
    const std::uint64_t one = 1;
    if (write(parent_event_, &one, sizeof one) < 0) throw_system("tell the parent how far the trial is");
  }

  Out& out_;
  const Content& content_;
  Policy& policy_;
  Pace& pace_;
  const Options& options_;
  const Shared& shared_;
  Stamps stamps_;
  std::optional<Pacing> pacing_;
  Fault fault_;
  std::uint64_t deal_items_;
  int parent_event_;
  std::vector<Cursor> cursors_;
  std::vector<std::uint64_t> given_;
  Phase phase_ = Phase::warmup;
  Nanoseconds opened_ns_ = 0;
  bool fault_made_ = false;
  Usage usage_;
};

template <Framing kFraming, class In, class Verifier>
class Consumption {
 public:
  Consumption(In& in, Verifier& verifier, Tally& tally, Slot& slot, const Shared& shared, const Fault& fault,
              bool faulty, std::size_t frame_bytes, std::size_t read_bytes)
      : in_(in),
        verifier_(verifier),
        tally_(tally),
        slot_(slot),
        shared_(shared),
        fault_at_(faulty ? fault.message + 1 : UINT64_MAX),
        fault_(fault),
        marks_(frame_bytes),
        buffer_(kInPlace || kBatches ? 0 : frame_bytes + read_bytes),
        read_bytes_(read_bytes) {}

  // Receives until the end of the stream. `dealt_stream` is where the producer says how much that was.
  void run(unsigned dealt_stream) {
    if constexpr (kInPlace) {
      read_in_place();
    } else if constexpr (kBatches) {
      receive_many();
    } else {
      receive();
    }
    if (phase_ != Phase::window) enter_window();
    tally_.last_ns = now_ns();
    if constexpr (kMarked) {
      // The message at which the fault was to be made may have been lost.
      if (fault_at_ != UINT64_MAX) make_fault();
      saw(Mark::end);
    }
    tally_.ended_early = !shared_.control().ending.load(std::memory_order_acquire);
    if constexpr (requires { in_.redelivered; }) tally_.redelivered = in_.redelivered;
    usage_.end(in_.calls, tally_);
    verifier_.finish(shared_.dealt(dealt_stream).load(std::memory_order_acquire), have_);
    slot_.publish(tally_.messages, Phase::window);
  }

 private:
  static constexpr bool kMarked = requires { In::marked; };
  static constexpr bool kInPlace = requires(In& in) { in.view(); };
  static constexpr bool kBatches = requires(In& in) { in.receive_many(); };

  // One receive a call.
  void receive() {
    for (;;) {
      const std::size_t received = in_.receive(buffer_.data() + have_, read_bytes_);
      if (ends(buffer_.data(), received)) return;
      if (is_mark(buffer_.data(), received)) continue;
      look_at_phase();
      verifier_.template received<kFraming>(kFraming == Framing::boundary ? 1 : have_ + received);
      tally_.bytes += received;
      if constexpr (kFraming == Framing::boundary) {
        verifier_.message(buffer_.data(), received);
      } else {
        have_ += received;
        const std::size_t taken = verifier_.template take<kFraming>(buffer_.data(), have_);
        have_ -= taken;
        if (have_ && taken) std::memmove(buffer_.data(), buffer_.data() + taken, have_);
      }
      count();
    }
  }

  // Many messages a call.
  void receive_many() {
    for (;;) {
      const std::size_t received = in_.receive_many();
      bool told = false;
      for (std::size_t i = 0; i < received; ++i) {
        const std::span<const std::byte> message = in_.message(i);
        // What came by the same call before the end is counted, too.
        if (ends(message.data(), message.size())) return count();
        if (is_mark(message.data(), message.size())) continue;
        look_at_phase();
        if (!told) verifier_.template received<Framing::boundary>(received - i);
        told = true;
        tally_.bytes += frame_bytes(i, message);
        verifier_.message(message.data(), message.size());
      }
      count();
    }
  }

  // No receive at all.
  void read_in_place() {
    for (;;) {
      const FullSlots slots = in_.view();
      if (slots.count == 0) return;
      look_at_phase();
      verifier_.template received<Framing::boundary>(slots.count);
      if constexpr (kFraming == Framing::size) {
        tally_.bytes += slots.count * in_.slot_bytes();
        verifier_.messages(slots.at, slots.count);
      } else {
        read_lengths(slots);
      }
      in_.release(slots.count);
      count();
    }
  }

  void read_lengths(const FullSlots& slots) {
    const std::byte* at = slots.at;
    for (std::uint64_t i = 0; i < slots.count; ++i, at += in_.slot_bytes()) {
      const std::size_t length = load32(at);
      tally_.bytes += kLengthBytes + length;
      verifier_.message(at + kLengthBytes, length);
    }
  }

  // What the mechanism put around it included, where that comes to the consumer's end.
  std::size_t frame_bytes([[maybe_unused]] std::size_t index, std::span<const std::byte> message) const {
    if constexpr (kFraming == Framing::envelope) return in_.frame_bytes(index);
    return message.size();
  }

  bool ends(const std::byte* from, std::size_t received) const {
    if constexpr (kMarked) return marks_.read(from, received) == Mark::end;
    return received == 0;
  }
  bool is_mark([[maybe_unused]] const std::byte* from, [[maybe_unused]] std::size_t received) {
    if constexpr (kMarked) {
      const Mark mark = marks_.read(from, received);
      if (mark == Mark::none) [[likely]]
        return false;
      saw(mark);
      return true;
    }
    return false;
  }
  void look_at_phase() {
    if (phase_ != Phase::window && shared_.phase() == Phase::window) enter_window();
  }
  void count() {
    slot_.publish(tally_.messages, phase_);
    if (tally_.messages >= fault_at_ && phase_ == Phase::window) make_fault();
  }

  // What came before the mark, by the same call perhaps, is counted before the mark is owned to: the producer
  // looks at the count as soon as it knows of the mark. Release pairs with its acquire.
  void saw(Mark mark) {
    slot_.publish(tally_.messages, phase_);
    slot_.marked.store(static_cast<std::uint32_t>(mark), std::memory_order_release);
  }

  void enter_window() {
    const bool clean = verifier_.clean();
    const std::uint64_t warmup_messages = tally_.messages;
    tally_ = Tally{};
    tally_.warmup_messages = warmup_messages;
    tally_.warmup_faults = !clean;
    verifier_.begin(Phase::window);
    phase_ = Phase::window;
    // The call that brought the first message of the window counts; in place there need not be one.
    usage_.begin(in_.calls - (kInPlace ? 0 : 1));
  }

  void make_fault() {
    slot_.fault_message = tally_.messages - std::min<std::uint64_t>(tally_.messages, 1);
    slot_.fault_made.store(1, std::memory_order_release);
    if (fault_.kind == FaultKind::kill_consumer) kill(getpid(), SIGKILL);
    for (;;) pause();
  }

  In& in_;
  Verifier& verifier_;
  Tally& tally_;
  Slot& slot_;
  const Shared& shared_;
  std::uint64_t fault_at_;
  Fault fault_;
  Marks marks_;
  std::vector<std::byte> buffer_;
  std::size_t read_bytes_;
  std::size_t have_ = 0;  // bytes of a message that has not come whole
  Phase phase_ = Phase::warmup;
  Usage usage_;
};

}  // namespace queuemark
