// Stamps: each sample belongs to its message, whatever was lost, late or repeated; what is overwritten is
// missed.

#include "engine/stamps.hpp"

#include <vector>

#include "engine/sequence.hpp"
#include "tests/check.hpp"

using namespace queuemark;

namespace {

constexpr Nanoseconds kOpened = 1'000'000'000;

Options options_of(unsigned consumers, double rate_per_s = 0) {
  Options options;
  options.consumers = consumers;
  if (rate_per_s > 0) options.rate_per_s = rate_per_s;
  return options;
}

// A trial's shared memory, its window open.
struct Scene {
  explicit Scene(const Options& options, std::uint64_t every)
      : shared(options.consumers, options.streams()), stamping(options, every) {
    shared.control().window_open_ns.store(kOpened);
  }
  Arrivals arrivals(const Dealing& dealing) {
    Arrivals made(stamping, dealing, stamping.arrived(dealing.stream), shared.control());
    made.begin(Phase::window);
    return made;
  }
  HistogramSum latency(unsigned consumer = 0) const { return sum(stamping.arrived(consumer).latency); }
  HistogramSum raw(unsigned consumer = 0) const { return sum(stamping.arrived(consumer).raw); }

  Shared shared;
  Stamping stamping;

 private:
  template <class Counter>
  static HistogramSum sum(const Histogram<Counter>& histogram) {
    HistogramSum made;
    made.add(histogram);
    return made;
  }
};

void the_board_never_gives_another_messages_time() {
  std::vector<std::atomic<std::uint64_t>> entries(8);
  const StampBoard board(entries);
  for (std::uint64_t ordinal = 0; ordinal < 8; ++ordinal) CHECK(!board.read(ordinal));
  for (std::uint64_t ordinal = 0; ordinal < 20; ++ordinal) board.write(ordinal, 1000 + ordinal);
  for (std::uint64_t ordinal = 0; ordinal < 12; ++ordinal) CHECK(!board.read(ordinal));
  for (std::uint64_t ordinal = 12; ordinal < 20; ++ordinal) CHECK(board.read(ordinal) == 1000 + ordinal);
  for (std::uint64_t ordinal = 20; ordinal < 28; ++ordinal) CHECK(!board.read(ordinal));
  const Nanoseconds day_ns = 86'400'000'000'000;
  board.write(20, day_ns);
  CHECK(board.read(20) == day_ns && !board.read(12));
}

void the_producer_stamps_one_in_so_many() {
  Scene scene(options_of(2), 3);
  Stamps stamps(&scene.stamping, 2);
  CHECK(!stamps.due(0, 0) && stamps.run(0, 0) > 1'000'000);
  stamps.open();
  for (Sequence number = 0; number < 10; ++number) {
    CHECK(stamps.due(1, number) == (number % 3 == 0));
    if (stamps.due(1, number)) stamps.write(1, 50 + static_cast<Nanoseconds>(number));
    CHECK(stamps.run(1, number) == 3 - number % 3);
  }
  CHECK(scene.stamping.board(1).read(3) == 59 && !scene.stamping.board(1).read(4));
  CHECK(!scene.stamping.board(0).read(0));
  Stamps none(nullptr, 1);
  none.open();
  CHECK(!none.due(0, 0) && none.run(0, 0) > 1'000'000);
}

void a_message_is_sampled_by_its_own_number() {
  Scene scene(options_of(1), 4);
  const StampBoard board = scene.stamping.board(0);
  for (std::uint64_t ordinal = 0; ordinal < 25; ++ordinal) board.write(ordinal, 100 * ordinal);
  Arrivals arrivals = scene.arrivals({});
  const auto at = [&](Nanoseconds elapsed) { arrivals.set_received_ns(kOpened + elapsed); };
  at(7);
  arrivals.took(0, 1);  // stamped at 0
  arrivals.took(1, 3);
  at(450);
  arrivals.took(6, 7);  // 4 and 5 are lost or late; 8 and 12 were stamped at 200 and 300
  at(1100);
  arrivals.took_late(4);  // stamped at 100
  arrivals.took_late(5);
  arrivals.took(13, 3);
  at(1600);
  arrivals.took(16, 1);  // 400
  CHECK(scene.latency().samples() == 5 && scene.stamping.arrived(0).missed == 0);
  CHECK((scene.latency().pairs() ==
         std::vector<std::uint64_t>{7, 1, 150 - 8, 1, 250 - 151, 1, 1000 - 251, 1, 1200 - 1001, 1}));
  CHECK(scene.raw().samples() == 0);
}

void what_was_written_over_is_missed() {
  Scene scene(options_of(1), 1);
  const StampBoard board = scene.stamping.board(0);
  std::uint64_t entries = 1;
  while (board.write(0, 1), board.write(entries, 2), board.read(0)) entries *= 2;
  for (std::uint64_t ordinal = 0; ordinal < entries + 10; ++ordinal) board.write(ordinal, 5);
  Arrivals arrivals = scene.arrivals({});
  arrivals.set_received_ns(kOpened + 9);
  arrivals.took(0, entries + 10);
  CHECK(scene.latency().samples() == entries && scene.latency().most_ns() == 4);
  CHECK(scene.stamping.arrived(0).missed == 10);
  arrivals.discard();
  CHECK(scene.latency().samples() == 0 && scene.stamping.arrived(0).missed == entries + 10);
}

void the_warm_up_has_no_samples() {
  for (const double rate_per_s : {0.0, 1000.0}) {
    Scene scene(options_of(1, rate_per_s), 1);
    scene.stamping.board(0).write(0, 0);
    Arrivals arrivals = scene.arrivals({});
    arrivals.begin(Phase::warmup);
    arrivals.received(0, 1000, 10);
    arrivals.took(0, 100);
    arrivals.took_late(50);
    CHECK(scene.latency().samples() == 0 && scene.raw().samples() == 0);
  }
}

// Dealt in turns of two to two consumers, the second one's messages are 2, 3, 6, 7, ... of the producer's.
void a_paced_message_counts_from_when_it_was_due() {
  Scene scene(options_of(2, 1e6), 4);
  const StampBoard board = scene.stamping.board(1);
  for (std::uint64_t ordinal = 0; ordinal < 2; ++ordinal) board.write(ordinal, 10'000);
  Arrivals arrivals = scene.arrivals({1, 2, 2});
  arrivals.set_received_ns(kOpened + 10'500);
  arrivals.took(0, 5);  // due at 2, 3, 6, 7 and 10 us
  CHECK((scene.latency(1).pairs() ==
         std::vector<std::uint64_t>{
             500, 1, Buckets::of(3500) - 501, 1, Buckets::of(4500) - Buckets::of(3500) - 1, 1,
             Buckets::of(7500) - Buckets::of(4500) - 1, 1, Buckets::of(8500) - Buckets::of(7500) - 1, 1}));
  // Of these the numbers 0 and 4 are stamped.
  CHECK(scene.raw(1).samples() == 2 && scene.raw(1).least_ns() == 500 && scene.raw(1).most_ns() == 500);
  arrivals.took_late(1);
  CHECK(scene.latency(1).samples() == 6 && scene.raw(1).samples() == 2 && scene.latency(0).samples() == 0);
}

// The clock is read when a message that has a sample is among the bytes, whole.
void the_clock_is_read_when_it_is_needed() {
  Scene scene(options_of(1), 8);
  Arrivals arrivals = scene.arrivals({});
  scene.stamping.board(0).write(0, 0);
  arrivals.set_received_ns(kOpened);
  arrivals.took(0, 1);
  const auto read = [&](Sequence first, std::size_t bytes) {
    arrivals.received(first, bytes, 10);
    Arrivals copy = arrivals;
    const Nanoseconds before = now_ns();
    return copy.received_ns() <= before;
  };
  CHECK(!read(1, 79) && read(1, 80) && !read(1, 10) && read(8, 10) && !read(8, 9) && read(9, 10));
}

void numbers_that_cannot_be_known_have_no_stamps() {
  Options options = options_of(2);
  options.size_bytes = 7;
  CHECK(Stamping::possible(options));
  options.dispatch = Dispatch::compete;
  CHECK(!Stamping::possible(options));
  options.consumers = 1;
  CHECK(Stamping::possible(options));
}

void how_many_are_stamped() {
  Options options = options_of(1);
  const std::uint64_t call = Stamping::chosen_every(options, false),
                      gathered = Stamping::chosen_every(options, true);
  CHECK(call > 1 && gathered > call);
  for (const auto& [rate_per_s, every] :
       {std::pair{0.5, 1u}, std::pair{1e6, 1u}, std::pair{1.1e6, 2u}, std::pair{5e6, 8u}}) {
    CHECK(Stamping::chosen_every(options_of(1, rate_per_s), true) == every);
  }
  options.stamp_every = 7;
  CHECK(Stamping::chosen_every(options, true) == 7);
}

// Small messages that come late tell so by the one behind them: they came when they came.
void a_doubtful_message_keeps_its_time() {
  Options options = options_of(1);
  Scene scene(options, 1);
  const StampBoard board = scene.stamping.board(0);
  for (std::uint64_t ordinal = 0; ordinal < 10; ++ordinal) board.write(ordinal, 0);
  const SmallContent content(2);
  Tally tally;
  OrderedVerifier<SmallContent> verifier(
      content, {1, 0, {}, 1, false}, tally,
      Arrivals(scene.stamping, {}, scene.stamping.arrived(0), scene.shared.control()));
  verifier.begin(Phase::window);
  for (const Sequence number : {0, 1, 3, 2, 4}) {
    std::byte bytes[2];
    content.write(bytes, {number});
    verifier.received<Framing::boundary>(1);
    verifier.message(bytes, 2);
  }
  verifier.finish(5, 0);
  CHECK(tally.lost == 0 && tally.reordered == 1 && tally.corrupted == 0);
  CHECK(scene.latency().samples() == 5 && scene.stamping.arrived(0).missed == 0);
}

}  // namespace

int main() {
  the_board_never_gives_another_messages_time();
  the_producer_stamps_one_in_so_many();
  a_message_is_sampled_by_its_own_number();
  what_was_written_over_is_missed();
  the_warm_up_has_no_samples();
  a_paced_message_counts_from_when_it_was_due();
  the_clock_is_read_when_it_is_needed();
  numbers_that_cannot_be_known_have_no_stamps();
  how_many_are_stamped();
  a_doubtful_message_keeps_its_time();
  return test::verdict();
}
