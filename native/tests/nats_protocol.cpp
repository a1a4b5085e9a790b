// The protocol of NATS: however its bytes are cut up on their way, the same operations come out, and whatever
// the bytes are, nothing beside them is read. With a number of seconds as an argument it goes on for so long,
// with other bytes each time; a second one, which a failure tells, makes the same ones again.

#include <fstream>
#include <vector>

#include "engine/clock.hpp"
#include "nats/info.hpp"
#include "nats/jetstream.hpp"
#include "nats/protocol.hpp"
#include "tests/check.hpp"

using namespace queuemark;
using namespace queuemark::nats_client;
using test::Dice;

namespace {

constexpr std::size_t kPayloadHigh = 3000;

std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// An operation without the buffer that it came in.
struct Seen {
  Operation operation;
  std::string text = {};
  std::uint64_t subscription = 0;
  std::string subject = {}, reply = {}, headers = {}, payload = {};
  bool operator==(const Seen&) const = default;
};

Seen kept(const Incoming& found) {
  if (found.operation != Operation::message) return {found.operation, std::string(found.text)};
  return {found.operation,          {},
          found.subscription,       std::string(found.subject),
          std::string(found.reply), text_of(found.headers),
          text_of(found.payload)};
}

std::string random_payload(Dice& dice, std::size_t bytes) {
  std::string payload(bytes, '\0');
  for (char& letter : payload) letter = static_cast<char>(dice.below(256));
  return payload;
}

// One operation as it goes over the wire, and what is to be seen of it.
std::pair<std::string, Seen> random_operation(Dice& dice) {
  const std::string space = dice.below(8) ? " " : dice.below(2) ? "  " : "\t";
  switch (dice.below(9)) {
    case 0:
      return {"PING\r\n", {Operation::ping}};
    case 1:
      return {"pong\r\n", {Operation::pong}};
    case 2:
      return {"+OK\r\n", {Operation::ok}};
    case 3:
      return {"-ERR 'Stale Connection'\r\n", {Operation::error, "'Stale Connection'"}};
    case 4:
      return {"INFO {\"version\":\"2\"} \r\n", {Operation::info, "{\"version\":\"2\"}"}};
    default:
      break;
  }
  // Few sizes and subjects, so that lines repeat, as those of one subscription do.
  const std::size_t sizes[] = {0, 1, 16, 128, kPayloadHigh - 40};
  const std::uint64_t subscription = 1 + dice.below(3);
  const std::string subject = dice.below(4) ? "qm.a" : "qm.b";
  const std::string reply = dice.below(3) ? "" : "_INBOX.1";
  const std::string payload = random_payload(dice, sizes[dice.below(5)]);
  const std::string headers =
      dice.below(3) ? "" : "NATS/1.0\r\nA: " + std::string(dice.below(20), 'b') + "\r\n\r\n";
  std::string line =
      (headers.empty() ? "MSG" : "HMSG") + space + subject + space + std::to_string(subscription) + space;
  if (!reply.empty()) line += reply + space;
  if (!headers.empty()) line += std::to_string(headers.size()) + space;
  line += std::to_string(headers.size() + payload.size()) + "\r\n" + headers + payload + "\r\n";
  return {line, {Operation::message, {}, subscription, subject, reply, headers, payload}};
}

// Reads as a connection does: some bytes come, what is whole is taken, the rest is moved to the front of
// memory that is exactly as long as what lies in it.
// runs: messages that are like the one before are taken together.
std::vector<Seen> read_in_pieces(std::string_view wire, Dice& dice, std::uint64_t piece_high, bool runs) {
  Reader reader(kPayloadHigh);
  std::vector<Seen> seen;
  std::string waiting;
  while (!wire.empty()) {
    const std::size_t piece = std::min<std::size_t>(wire.size(), 1 + dice.below(piece_high));
    waiting += wire.substr(0, piece);
    wire.remove_prefix(piece);
    const std::vector<std::byte> buffer(bytes_of(waiting).begin(), bytes_of(waiting).end());
    std::size_t begin = 0;
    Incoming found;
    while (begin < buffer.size() && reader.next(std::span(buffer).subspan(begin), found)) {
      CHECK(found.bytes > 0 && found.bytes <= buffer.size() - begin);
      seen.push_back(kept(found));
      begin += found.bytes;
      if (found.operation != Operation::message || !runs) continue;
      begin += reader.alike(std::span(buffer).subspan(begin), [&](auto headers, auto payload) {
        seen.push_back(seen.back());
        seen.back().headers = text_of(headers);
        seen.back().payload = text_of(payload);
      });
    }
    waiting.erase(0, begin);
  }
  CHECK(waiting.empty());
  return seen;
}

void pieces_make_the_whole(Dice& dice) {
  std::string wire;
  std::vector<Seen> wanted;
  for (int i = 0; i < 60; ++i) {
    auto [bytes, seen] = random_operation(dice);
    wire += bytes;
    wanted.push_back(std::move(seen));
  }
  for (const std::uint64_t piece_high : {1, 7, 100, 5000, 1 << 20}) {
    for (const bool runs : {false, true}) {
      CHECK_THAT(read_in_pieces(wire, dice, piece_high, runs) == wanted,
                 "pieces up to " + std::to_string(piece_high));
    }
  }
}

// Reads it as whoever waits for it does.
void understand(const Incoming& found) {
  if (found.operation == Operation::info) ServerInfo::read(found.text);
  if (found.operation != Operation::message || pull_status(found)) return;
  if (found.reply.starts_with("$JS.ACK.")) is_redelivered(found.reply);
  const std::string answer = text_of(found.payload);
  if (answer.starts_with("{")) stored_as(answer);
}

// What is damaged may be refused or be something else, but all of it lies within what came.
void damaged_stays_within(Dice& dice, std::string wire) {
  for (std::uint64_t damage = dice.below(6); damage && !wire.empty(); --damage) {
    const std::size_t at = dice.below(wire.size());
    if (dice.below(3) == 0) {
      wire.erase(at, 1 + dice.below(20));
    } else if (dice.below(2)) {
      wire[at] = static_cast<char>(dice.below(256));
    } else {
      wire.insert(at, 1, " \t\r\n09MSG-+"[dice.below(11)]);
    }
  }
  Reader reader(kPayloadHigh);
  const std::vector<std::byte> buffer(bytes_of(wire).begin(), bytes_of(wire).end());
  std::size_t begin = 0;
  const auto within = [&](const void* from, std::size_t bytes) {
    const auto first = static_cast<const std::byte*>(from);
    return !bytes || (first >= buffer.data() + begin && first + bytes <= buffer.data() + buffer.size());
  };
  try {
    for (std::size_t end = 0; begin < buffer.size() && end <= buffer.size(); end += 1 + dice.below(500)) {
      Incoming found;
      const std::size_t come = std::max(begin, std::min(end, buffer.size()));
      while (begin < come && reader.next(std::span(buffer).subspan(begin, come - begin), found)) {
        CHECK(found.bytes && found.bytes <= come - begin);
        if (found.operation == Operation::message) {
          CHECK(within(found.payload.data(), found.payload.size()));
          CHECK(within(found.headers.data(), found.headers.size()));
          CHECK(within(found.reply.data(), found.reply.size()));
        } else {
          CHECK(within(found.text.data(), found.text.size()));
        }
        begin += found.bytes;
        understand(found);
        if (found.operation != Operation::message) continue;
        begin +=
            reader.alike(std::span(buffer).subspan(begin, come - begin), [&](auto headers, auto payload) {
              CHECK(within(headers.data(), headers.size()) && within(payload.data(), payload.size()));
            });
      }
    }
  } catch (const std::runtime_error& error) {
    const std::string_view said = error.what();
    CHECK(said.size() < 200 && said.find('\n') == said.npos);
  }
}

void refusals() {
  const auto refused = [](std::string_view wire) {
    Reader reader(kPayloadHigh);
    Incoming found;
    CHECK_THROWS(ProtocolError, reader.next(bytes_of(wire), found));
  };
  for (const std::string_view wire :
       {"HTTP/1.1 200 OK\r\n", "PINGS\r\n", "MSG a 1\r\n", "MSG a b 3\r\nabc\r\n", "MSG a 1 -3\r\n",
        "MSG a 1 3001\r\n", "MSG a 1 99999999999999999999\r\n", "MSG a 1 b c 3\r\n", "MSG a 1 3\r\nabcd\r\n",
        "HMSG a 1 9 3\r\n", "HMSG a 1 3\r\n", "PING\n", "\r\n", "\n"}) {
    refused(wire);
  }
  refused(std::string(kLineHighBytes + 1, 'x'));
  refused("MSG " + std::string(kLineHighBytes, 'x') + " 1 0\r\n");
}

template <class Envelope>
std::string enveloped(Envelope& envelope, std::string_view message) {
  std::vector<std::byte> frame(envelope.around(message.size()) + message.size());
  std::byte* const body = envelope.open(frame.data(), message.size());
  std::memcpy(body, message.data(), message.size());
  CHECK(envelope.close(body + message.size()) == frame.data() + frame.size());
  return text_of(frame);
}

void envelopes() {
  PublishEnvelope bare("qm.abc", "", 0);
  CHECK(enveloped(bare, "hello") == "PUB qm.abc 5\r\nhello\r\n");
  CHECK(enveloped(bare, "") == "PUB qm.abc 0\r\n\r\n");
  PublishEnvelope asking("qm.abc", "_INBOX.1", 0);
  CHECK(enveloped(asking, "hello") == "PUB qm.abc _INBOX.1 5\r\nhello\r\n");
  asking.readdress("b");
  CHECK(enveloped(asking, "you") == "PUB b _INBOX.1 3\r\nyou\r\n");
  PublishEnvelope headed("qm.abc", "", 30);
  CHECK(enveloped(headed, "hello") == "HPUB qm.abc 30 35\r\nNATS/1.0\r\nQueuemark: hhhhh\r\n\r\nhello\r\n");
  CHECK(headed.headers().size() == 30);
  // Every length of what stands before, and messages whose sizes have more digits or fewer.
  for (std::size_t letters = 1; letters < 60; ++letters) {
    PublishEnvelope any(std::string(letters, 's'), "", 0);
    for (const std::size_t size : {0, 9, 10, 99, 100, 1000, 7}) {
      const std::string message(size, 'm');
      const std::string wanted =
          "PUB " + std::string(letters, 's') + " " + std::to_string(size) + "\r\n" + message + "\r\n";
      CHECK(enveloped(any, message) == wanted);
    }
  }
}

void lines() {
  CHECK(subscribe_line("a.b", "", 7) == "SUB a.b 7");
  CHECK(subscribe_line("a.b", "q", 7) == "SUB a.b q 7");
  CHECK(unsubscribe_line(7, 1) == "UNSUB 7 1");
}

// What once came, or might: each is damaged in many ways.
std::vector<std::string> seeds() {
  std::ifstream file(QUEUEMARK_SOURCES "/tests/nats_protocol.seeds", std::ios::binary);
  std::vector<std::string> found(1);
  for (std::string line; std::getline(file, line);) {
    if (line == "----") {
      found.emplace_back();
    } else {
      found.back() += line + "\n";
    }
  }
  CHECK(found.size() > 3);
  return found;
}

}  // namespace

int main(int count, char** words) {
  const Nanoseconds until_ns = now_ns() + (count > 1 ? std::atoll(words[1]) * 1'000'000'000 : 0);
  const std::uint64_t seed = count > 2   ? std::strtoull(words[2], nullptr, 10)
                             : count > 1 ? static_cast<std::uint64_t>(now_ns())
                                         : 1;
  if (count > 1) std::fprintf(stderr, "seed %llu\n", static_cast<unsigned long long>(seed));
  Dice dice(seed);
  refusals();
  envelopes();
  lines();
  const std::vector<std::string> known = seeds();
  for (int round = 0; round < 100 || now_ns() < until_ns; ++round) {
    pieces_make_the_whole(dice);
    std::string wire;
    for (int i = 0; i < 5; ++i) wire += random_operation(dice).first;
    for (int i = 0; i < 20; ++i) damaged_stays_within(dice, wire);
    for (const std::string& came : known) damaged_stays_within(dice, came);
  }
  return test::verdict();
}
