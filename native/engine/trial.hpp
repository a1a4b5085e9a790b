// One trial: a process tree of its own. The parent binds the channel, forks the workers, sleeps, prints four
// lines a second at the most, and ends it: when all is done, when a worker dies, when nothing moves any more.
//
// What a transport brings, besides its two ends (loop.hpp):
//
//   struct T {
//     static constexpr Framing framing;
//     static constexpr Dispatch dispatch;               deal: a connection a consumer; all may get the same
//     T(const Options&, std::size_t largest_message);   binds the channel; throws Unavailable, SystemError
//     Granted granted() const;
//     Producer open_producer();                         in the producer's process
//     Consumer open_consumer(unsigned index);           in a consumer's process
//     Consumer open_batch_consumer(unsigned index, std::size_t items, std::size_t bytes);   optional: for
//                                                       the policy vector, where boundaries are kept
//     Client open_client();                             as open_producer() and open_consumer(), where
//     requests Echo open_echo(unsigned index);                   are replied to; optional where the same ends
//     do (pingpong.hpp) void leave();                                     in the parent: it keeps no end of
//     the channel std::size_t read_bytes() const;                   how much one receive may bring
//     std::uint64_t deal_items() const;                 messages a turn, where they are dealt
//   };
#pragma once

#include <poll.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <span>

#include "engine/content.hpp"
#include "engine/events.hpp"
#include "engine/fanout.hpp"
#include "engine/fault.hpp"
#include "engine/loop.hpp"
#include "engine/mix.hpp"
#include "engine/options.hpp"
#include "engine/pingpong.hpp"
#include "engine/placement.hpp"
#include "engine/sequence.hpp"
#include "engine/shared.hpp"
#include "engine/stamps.hpp"

namespace queuemark {

class Trial {
 public:
  // gathers: messages reach the mechanism many at a time, or without any call.
  Trial(const Options& options, const Fault& fault, bool gathers);

  struct Workers {
    std::function<void()> producer;
    std::function<void(unsigned)> consumer;
    std::function<void()> leave;
  };
  // Performs the trial, prints its events, and returns the exit code.
  int run(const Granted& granted, const Workers& workers);

  const Shared& shared() const { return shared_; }
  int parent_event() const { return parent_event_; }
  // Null where messages cannot be told apart.
  const Stamping* stamping() const { return stamping_.get(); }
  bool workers_share_a_cpu() const {
    return crowded(options_.consumers + 1, options_.placement, allowed_cpus_);
  }
  // A consumer's bitmap or value counts, where consumers compete and there are several; else empty.
  std::span<std::byte> memory_of(unsigned consumer) const;

  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  ~Trial();

 private:
  struct Worker {
    int pid = 0;
    int pidfd = -1;
    int status = 0;
    bool ended = false;
  };

  // When the parent has something to do next, by the clock of clock.hpp.
  struct Due {
    Nanoseconds opened_ns = 0;
    Nanoseconds stop_ns = INT64_MAX;
    Nanoseconds tick_ns = INT64_MAX;
    Nanoseconds check_ns = INT64_MAX;
    Nanoseconds deadline_ns = INT64_MAX;
    Nanoseconds sample_ns = INT64_MAX;
    Nanoseconds next() const { return std::min({stop_ns, tick_ns, check_ns, deadline_ns, sample_ns}); }
  };

  void start(const Workers& workers);
  int start_one(unsigned worker, const std::function<void()>& work);
  void watch(const Granted& granted);
  std::size_t collect(std::span<pollfd> watched);
  void enter_stage(Due& due, const Granted& granted);
  void keep_time(Due& due, Nanoseconds now);
  void reap(Worker& worker);
  bool ended_badly(std::size_t worker);
  void check_progress(Nanoseconds now);
  Nanoseconds sample_progress();
  void end_all();
  std::string standstill() const;
  std::string cause(std::size_t worker);
  Nanoseconds complained_ns(std::size_t worker) const;
  const Slot& slot_of(std::size_t worker) const;
  std::string death_of(std::size_t worker) const;
  std::string role_of(std::size_t worker) const;
  TrialResult judge(const Granted& granted);
  void judge_round_trips(TrialResult& result, Nanoseconds opened_ns);
  void judge_dealt(TrialResult& result);
  void judge_competing(TrialResult& result);
  void judge_bitmaps(TrialResult& result);
  void judge_values(TrialResult& result);
  void judge_unfinished(TrialResult& result);
  std::optional<LatencyResult> latency() const;
  std::string broken_promise(const TrialResult& result) const;

  const Options& options_;
  Fault fault_;
  Shared shared_;
  std::vector<std::unique_ptr<SharedMemory>> memories_;
  std::unique_ptr<Stamping> stamping_;
  std::vector<Worker> workers_;  // 0 is the producer
  std::vector<int> allowed_cpus_;
  int parent_event_ = -1;
  int signals_ = -1;
  Nanoseconds began_ns_ = 0;
  std::string failure_;  // why the trial was ended before its end
  bool interrupted_ = false;
  int stage_ = 0;
  std::uint64_t last_progress_ = 0;
  Nanoseconds last_progress_ns_ = 0;
  int idle_checks_ = 0;
  std::vector<ProgressPoint> progress_;
  Nanoseconds progress_interval_ns_;
};

// Calls `use` with the kind of content that the options ask for. What a framing makes pointless is not even
// compiled: each kind is the whole loop once more, for each transport and policy.
// kTuned: the sizes that the fastest policies are judged by are known to the compiler; not where each message
// is a call, which costs a hundred times what that saves.
template <Framing kFraming, bool kTuned = kFraming != Framing::boundary, class Use>
void with_content(const Options& options, const std::shared_ptr<const Messages>& messages, Use&& use) {
  if constexpr (kFraming != Framing::size) {
    if (messages) return use(FileContent(messages));
    if (!options.mix.empty()) return use(MixContent(options.mix, options.seed));
  }
  if (options.size_bytes < kSequenceBytes) return use(SmallContent(options.size_bytes));
  if constexpr (kTuned) {
    if (options.size_bytes == 16) return use(FixedContent<16>(16, options.seed));
    if (options.size_bytes == 64) return use(FixedContent<64>(64, options.seed));
  }
  return use(FixedContent<0>(options.size_bytes, options.seed));
}

// The one place where a transport, a content and a policy meet.
template <class T>
int run_trial(const Options& options) {
  std::shared_ptr<const Messages> messages;
  if (options.own_messages()) {
    messages = std::make_shared<const Messages>(options.messages_path, options.messages_format);
  }
  const std::size_t largest = messages ? kSequenceBytes + messages->largest_bytes() : options.size_bytes;
  options.require_fitting_vector(largest);
  T transport(options, largest);
  const std::uint64_t deal_items = options.pingpong() ? 1 : transport.deal_items();
  const Fault fault = Fault::draw(options, deal_items);
  // In place there is no call, whatever the policy.
  constexpr bool kInPlace = InPlace<decltype(transport.open_producer())>;
  const bool gathers = kInPlace || options.policy == Policy::buffer || options.policy == Policy::vector;
  Trial trial(options, fault, gathers);
  const Shared& shared = trial.shared();

  const auto produce_into = [&](auto& out) {
    with_content<T::framing>(options, messages, [&](const auto& content) {
      Pace pace(shared);
      with_policy<T::framing>(out, content, pace, options, [&](auto& policy) {
        Production production(out, content, policy, pace, options, shared, trial.stamping(), fault,
                              deal_items, trial.parent_event(), trial.workers_share_a_cpu());
        production.warm_up();
        production.window();
      });
    });
  };
  const auto stream_of = [&](unsigned consumer) {
    const unsigned index = options.stream_of(consumer);
    return Stream{
        options.seed, index, {index, options.streams(), deal_items}, options.sample, options.lossless};
  };
  using ClientEnd = decltype(open_client(transport));
  const auto ask = [&] {
    if constexpr (TwoWay<ClientEnd>) {
      ClientEnd out = open_client(transport);
      std::vector<Stream> streams;
      for (unsigned stream = 0; stream < options.streams(); ++stream) streams.push_back(stream_of(stream));
      with_content<T::framing, false>(options, messages, [&](const auto& content) {
        using Content = std::decay_t<decltype(content)>;
        Pace pace(shared);
        with_call_policy<T::framing>(out, content, pace, options, [&](auto& policy) {
          // Only what is paced is stamped: the client has the times of its requests itself.
          const Stamping* stamping = options.rate_per_s ? trial.stamping() : nullptr;
          Client<T::framing, ClientEnd, Content, std::decay_t<decltype(policy)>> client(
              {out, content, policy, pace, options, shared, stamping, fault, deal_items, trial.parent_event(),
               trial.workers_share_a_cpu()},
              streams, transport.read_bytes(), trial.stamping()->departed());
          client.warm_up();
          client.window();
        });
      });
    }
  };
  const auto produce = [&] {
    if (options.pingpong()) return ask();
    auto out = transport.open_producer();
    if constexpr (T::dispatch == Dispatch::deal) {
      if (options.fans_out()) {
        FanOut to_all(std::move(out), options.consumers);
        return produce_into(to_all);
      }
    }
    produce_into(out);
  };

  const auto consume_with = [&](auto& in, unsigned index, auto&& verifier) {
    Slot& slot = shared.consumer(index);
    constexpr std::size_t kHead = T::framing == Framing::length ? kLengthBytes : 0;
    std::size_t read_bytes = std::max(transport.read_bytes(), largest);
    if (T::framing == Framing::size) read_bytes -= read_bytes % largest;
    if (T::framing == Framing::boundary) read_bytes = std::max(largest, Marks::kLargestBytes);
    Consumption<T::framing, std::decay_t<decltype(in)>, std::decay_t<decltype(verifier)>> consumption(
        in, verifier, slot.tally, slot, shared, fault, fault.at_consumer(index), kHead + largest, read_bytes);
    consumption.run(options.stream_of(index));
  };
  const auto reply = [&](unsigned index) {
    if constexpr (TwoWay<ClientEnd>) {
      with_content<T::framing, false>(options, messages, [&](const auto& content) {
        using Content = std::decay_t<decltype(content)>;
        Slot& slot = shared.consumer(index);
        const Stream stream = stream_of(index);
        Echo<T::framing, decltype(open_echo(transport, index)), Content> echo(
            open_echo(transport, index), content, stream, slot, options.policy == Policy::split);
        consume_with(echo, index, OrderedVerifier<Content>(content, stream, slot.tally));
      });
    }
  };
  const auto consume_from = [&](auto& in, unsigned index) {
    Slot& slot = shared.consumer(index);
    const Stream stream = stream_of(index);
    Arrivals arrivals;
    if (const Stamping* stamping = trial.stamping()) {
      arrivals = Arrivals(*stamping, stream.dealing, stamping->arrived(index), shared.control());
    }
    const auto with_verifier = [&](auto&& verifier) { consume_with(in, index, verifier); };
    with_content<T::framing>(options, messages, [&](const auto& content) {
      using Content = std::decay_t<decltype(content)>;
      const std::span<std::byte> memory = trial.memory_of(index);
      if (memory.empty()) {
        with_verifier(OrderedVerifier<Content>(content, stream, slot.tally, arrivals));
      } else if constexpr (T::dispatch == Dispatch::compete) {
        if constexpr (Content::kProves) {
          with_verifier(CompetingVerifier<Content>(content, stream, slot.tally, memory, arrivals));
        } else {
          with_verifier(ValueVerifier(content, slot.tally, memory));
        }
      }
    });
  };
  const auto consume = [&](unsigned index) {
    if (options.pingpong()) return reply(index);
    if constexpr (requires { transport.open_batch_consumer(index, largest, largest); }) {
      if (options.policy == Policy::vector) {
        auto in = transport.open_batch_consumer(index, options.vector_items, largest);
        return consume_from(in, index);
      }
    }
    auto in = transport.open_consumer(index);
    consume_from(in, index);
  };

  Granted granted = transport.granted();
  // Each request goes to the next consumer, however messages are dealt elsewhere.
  if (options.pingpong() && granted.count("deal_items")) granted["deal_items"] = std::int64_t{1};
  return trial.run(granted, {produce, consume, [&] { transport.leave(); }});
}

}  // namespace queuemark
