// The ring: wrapping, full, empty and closed; batches that appear at once; sleeping and waking; and a writer
// and a reader at work at the same time, who check every message.

#include "engine/ring.hpp"

#include <linux/futex.h>

#include <array>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "engine/content.hpp"
#include "tests/check.hpp"
#include "tests/heap_ring.hpp"

using namespace queuemark;

namespace {

constexpr WaitStrategy kSpin{};
constexpr WaitStrategy kBlock{0};
constexpr WaitStrategy kSpinThenBlock{50'000};

void put(RingWriter& writer, std::uint64_t number, std::uint64_t& calls) {
  store64(writer.claim(1, 1, calls).at, number);
  writer.fill(1);
}

void one_round_after_the_other() {
  for (const std::uint64_t slots : {1, 2, 4, 64}) {
    const test::HeapRing test({slots, 8});
    RingWriter writer(test.ring, kSpin);
    RingReader reader(test.ring, kSpin);
    std::uint64_t calls = 0, sent = 0, taken = 0;
    for (std::uint64_t round = 0; round < 200; ++round) {
      const std::uint64_t count = 1 + round % slots;
      for (std::uint64_t i = 0; i < count; ++i) put(writer, sent++, calls);
      CHECK(writer.unpublished() == count);
      writer.publish(calls);
      CHECK(writer.unpublished() == 0);
      while (taken < sent) {
        const FullSlots full = reader.view(calls);
        CHECK(full.count >= 1 && full.count <= sent - taken);
        for (std::uint64_t i = 0; i < full.count; ++i) CHECK(load64(full.at + 8 * i) == taken++);
        reader.release(full.count, calls);
      }
    }
    CHECK(calls == 0);
  }
}

// A claim never reaches over the wrap; the rest of what was waited for is claimed at the beginning.
void a_claim_that_wraps() {
  const test::HeapRing test({8, 16});
  RingWriter writer(test.ring, kSpin);
  RingReader reader(test.ring, kSpin);
  std::uint64_t calls = 0;
  CHECK(writer.claim(8, 8, calls).count == 8);
  writer.fill(5);
  writer.publish(calls);
  for (std::uint64_t taken = 0; taken < 5;) {
    const std::uint64_t count = reader.view(calls).count;
    reader.release(count, calls);
    taken += count;
  }
  const FreeSlots first = writer.claim(6, 6, calls);
  CHECK(first.count == 3 && first.at == test.ring.slots() + 5 * 16);
  writer.fill(3);
  const FreeSlots second = writer.claim(3, 3, calls);
  CHECK(second.count == 3 && second.at == test.ring.slots());
  writer.fill(3);
  writer.publish(calls);
  std::uint64_t came = 0;
  for (; came < 6;) {
    const FullSlots full = reader.view(calls);
    CHECK(came + full.count <= 3 || came >= 3);
    came += full.count;
    reader.release(full.count, calls);
  }
  CHECK(came == 6);
}

// Slots that are known to be free are claimed without waiting for more, and without looking again.
void what_is_claimed_is_free() {
  const test::HeapRing test({4, 8});
  RingWriter writer(test.ring, kSpin);
  RingReader reader(test.ring, kSpin);
  std::uint64_t calls = 0;
  for (std::uint64_t i = 0; i < 3; ++i) put(writer, i, calls);
  writer.publish(calls);
  CHECK(writer.claim(1, 64, calls).count == 1);
  put(writer, 3, calls);
  writer.publish(calls);
  reader.release(reader.view(calls).count, calls);
  CHECK(writer.claim(1, 64, calls).count == 1);
}

// A view is at most a quarter of the ring and 16 KiB, so that the writer has room while it is read.
void a_view_is_a_block() {
  for (const auto& [slots, slot_bytes, wanted] : {std::array<std::uint64_t, 3>{65536, 16, 1024},
                                                  {64, 16, 16},
                                                  {2, 16, 1},
                                                  {1, 16, 1},
                                                  {64, 100'000, 1}}) {
    const test::HeapRing test({slots, slot_bytes});
    RingWriter writer(test.ring, kSpin);
    RingReader reader(test.ring, kSpin);
    std::uint64_t calls = 0;
    writer.claim(slots, slots, calls);
    writer.fill(slots);
    writer.publish(calls);
    CHECK_THAT(reader.view(calls).count == wanted, std::to_string(slots) + " slots");
  }
}

void the_end() {
  for (const WaitStrategy strategy : {kSpin, kBlock, kSpinThenBlock}) {
    const test::HeapRing test({4, 8});
    RingWriter writer(test.ring, strategy);
    RingReader reader(test.ring, strategy);
    std::uint64_t calls = 0;
    put(writer, 1, calls);
    put(writer, 2, calls);
    writer.publish(calls);
    writer.close(calls);
    for (std::uint64_t number = 1; number <= 2; ++number) {
      const FullSlots full = reader.view(calls);
      CHECK(full.count == 1 && load64(full.at) == number);
      reader.release(1, calls);
    }
    CHECK(reader.view(calls).count == 0);
    CHECK(reader.view(calls).count == 0);
    CHECK(calls == 0);
  }
}

void an_end_without_messages() {
  const test::HeapRing test({4, 8});
  RingWriter writer(test.ring, kBlock);
  RingReader reader(test.ring, kBlock);
  std::uint64_t calls = 0;
  writer.close(calls);
  CHECK(reader.view(calls).count == 0);
}

// Waits until a thread of this process sleeps in futex(2), which is the event that the tests below need.
void until_asleep(const std::atomic<pid_t>& thread) {
  const auto asleep = [&] {
    if (!thread.load()) return false;
    char path[64], text[64] = {};
    std::snprintf(path, sizeof path, "/proc/self/task/%d/syscall", thread.load());
    std::FILE* file = std::fopen(path, "r");
    if (!file) return false;
    static_cast<void>(std::fgets(text, sizeof text, file));
    std::fclose(file);
    return std::atol(text) == SYS_futex && text[0] != 'r';
  };
  for (const Nanoseconds end = now_ns() + 10'000'000'000; !asleep() && now_ns() < end;) sleep_ns(100'000);
}

// A word that never changes: nobody wakes who does not sleep, and nobody sleeps who finds what it waits for.
void no_call_where_nobody_sleeps() {
  const test::HeapRing test({64, 8});
  RingWriter writer(test.ring, kBlock);
  RingReader reader(test.ring, kBlock);
  std::uint64_t calls = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    put(writer, i, calls);
    writer.publish(calls);
    reader.view(calls);
    reader.release(1, calls);
  }
  CHECK(calls == 0);
}

void a_sleeping_reader_is_woken(WaitStrategy strategy, bool by_the_end) {
  const test::HeapRing test({4, 8});
  RingWriter writer(test.ring, strategy);
  std::uint64_t writer_calls = 0, reader_calls = 0, came = 0;
  std::atomic<pid_t> id{0};
  std::thread sleeper([&] {
    RingReader reader(test.ring, strategy);
    id = gettid();
    came = reader.view(reader_calls).count;
  });
  until_asleep(id);
  if (by_the_end) {
    writer.close(writer_calls);
  } else {
    put(writer, 1, writer_calls);
    writer.publish(writer_calls);
  }
  sleeper.join();
  CHECK(came == (by_the_end ? 0 : 1));
  CHECK(writer_calls == 1 && reader_calls >= 1);
  // It is up: nobody rings again.
  put(writer, 2, writer_calls);
  writer.publish(writer_calls);
  CHECK(writer_calls == 1);
}

// The writer of a full ring sleeps on until half of it is free.
void a_sleeping_writer_is_woken(WaitStrategy strategy, std::uint64_t least) {
  const test::HeapRing test({8, 8});
  RingReader reader(test.ring, strategy);
  std::uint64_t writer_calls = 0, reader_calls = 0, got = 0;
  std::atomic<pid_t> id{0};
  std::thread sleeper([&] {
    RingWriter writer(test.ring, strategy);
    writer.claim(8, 8, writer_calls);
    writer.fill(8);
    writer.publish(writer_calls);
    id = gettid();
    got = writer.claim(least, 8, writer_calls).count;
  });
  until_asleep(id);
  for (std::uint64_t released = 0; released < 8; ++released) {
    CHECK(released > 4 || reader_calls == (released == 4));
    reader.view(reader_calls);
    reader.release(1, reader_calls);
  }
  sleeper.join();
  CHECK(got >= least && got <= 8);
  CHECK(reader_calls >= 1 && writer_calls >= 1);
}

// One thread writes in batches that change, the other one reads; each message is its number and its number
// mixed. Few slots keep the ring full or empty all the time.
void at_the_same_time(std::uint64_t slots, WaitStrategy strategy, std::uint64_t messages,
                      std::uint64_t batch_high) {
  constexpr std::size_t kBytes = 24;
  const test::HeapRing test({slots, kBytes});
  std::thread writing([&] {
    RingWriter writer(test.ring, strategy);
    std::uint64_t calls = 0;
    for (std::uint64_t sent = 0; sent < messages;) {
      std::uint64_t left = std::min({messages - sent, slots, 1 + mixed(sent) % batch_high});
      while (left) {
        const FreeSlots free = writer.claim(left, left, calls);
        for (std::uint64_t i = 0; i < free.count; ++i, ++sent) {
          store64(free.at + kBytes * i, sent);
          store64(free.at + kBytes * i + 8, mixed(sent));
          store64(free.at + kBytes * i + 16, ~sent);
        }
        writer.fill(free.count);
        left -= free.count;
      }
      writer.publish(calls);
    }
    writer.close(calls);
  });
  RingReader reader(test.ring, strategy);
  std::uint64_t calls = 0, next = 0, wrong = 0;
  for (;;) {
    const FullSlots full = reader.view(calls);
    if (!full.count) break;
    for (std::uint64_t i = 0; i < full.count; ++i, ++next) {
      const std::byte* at = full.at + kBytes * i;
      wrong += load64(at) != next || load64(at + 8) != mixed(next) || load64(at + 16) != ~next;
    }
    reader.release(full.count, calls);
  }
  writing.join();
  CHECK_THAT(next == messages && wrong == 0, std::to_string(slots) + " slots, batches up to " +
                                                 std::to_string(batch_high) + ": " + std::to_string(next) +
                                                 " came, " + std::to_string(wrong) + " wrong");
}

// Slots of the largest message hold smaller ones behind their lengths.
void mixed_lengths() {
  constexpr std::size_t kLargest = 96;
  const test::HeapRing test({16, 8 + kLargest});
  const auto length_of = [](std::uint64_t number) { return mixed(number) % (kLargest + 1); };
  constexpr std::uint64_t kMessages = 20'000;
  std::thread writing([&] {
    RingWriter writer(test.ring, kSpinThenBlock);
    std::uint64_t calls = 0;
    for (std::uint64_t sent = 0; sent < kMessages; ++sent) {
      std::byte* at = writer.claim(1, 1, calls).at;
      store32(at, static_cast<std::uint32_t>(length_of(sent)));
      std::memset(at + 4, static_cast<int>(sent % 251), length_of(sent));
      writer.fill(1);
      writer.publish(calls);
    }
    writer.close(calls);
  });
  RingReader reader(test.ring, kSpinThenBlock);
  std::uint64_t calls = 0, next = 0, wrong = 0;
  for (;;) {
    const FullSlots full = reader.view(calls);
    if (!full.count) break;
    for (std::uint64_t i = 0; i < full.count; ++i, ++next) {
      const std::byte* at = full.at + reader.slot_bytes() * i;
      const std::size_t length = load32(at);
      wrong += length != length_of(next);
      for (std::size_t byte = 0; byte < std::min(length, kLargest); ++byte) {
        wrong += at[4 + byte] != static_cast<std::byte>(next % 251);
      }
    }
    reader.release(full.count, calls);
  }
  writing.join();
  CHECK(next == kMessages && wrong == 0);
}

}  // namespace

int main() {
  one_round_after_the_other();
  a_claim_that_wraps();
  what_is_claimed_is_free();
  a_view_is_a_block();
  the_end();
  an_end_without_messages();
  no_call_where_nobody_sleeps();
  for (const WaitStrategy strategy : {kBlock, kSpinThenBlock}) {
    a_sleeping_reader_is_woken(strategy, false);
    a_sleeping_reader_is_woken(strategy, true);
    for (const std::uint64_t least : {1, 5}) a_sleeping_writer_is_woken(strategy, least);
  }
  for (const WaitStrategy strategy : {kBlock, kSpinThenBlock, kSpin}) {
    // Who spins on a machine of one cpu waits for the other's turn of it.
    const std::uint64_t turns = strategy.sleeps() ? 20'000 : 300;
    at_the_same_time(1, strategy, turns, 1);
    at_the_same_time(2, strategy, turns, 2);
    at_the_same_time(64, strategy, 20 * turns, 64);
    at_the_same_time(4096, strategy, 100 * turns, 100);
  }
  mixed_lengths();
  return test::verdict();
}
