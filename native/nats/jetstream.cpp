#include "nats/jetstream.hpp"

#include <algorithm>
#include <charconv>

#include "engine/json.hpp"
#include "nats/json_members.hpp"

namespace queuemark::nats_client {
namespace {

constexpr std::uint64_t kPullNs = 5'000'000'000;
constexpr std::string_view kStatusBegin = "NATS/1.0 ";
constexpr std::string_view kAcknowledgements = "$JS.ACK.";
// Dots in $JS.ACK.STREAM.CONSUMER.DELIVERED.PLACE.PLACE.TIME.PENDING; or with a domain and the hash of an
// account before STREAM, and perhaps something behind PENDING (nats-architecture-and-design, ADR-15).
constexpr std::ptrdiff_t kAckDots = 8, kLongAckDots = 10;
constexpr unsigned kBeforeDelivered = 4, kLongBeforeDelivered = 6;

// Throws SystemError when an answer tells of an error.
void require_no_error(std::string_view answer, const std::string& tried) {
  for_each_member(answer, [&](std::string_view name, std::string_view value) {
    if (name != "error") return;
    std::string_view told = "it gives no reason";
    for_each_member(value, [&](std::string_view part, std::string_view text) {
      if (part == "description") told = text;
    });
    throw SystemError(tried + ": JetStream says: " + std::string(told));
  });
}

}  // namespace

std::string asked(Connection& connection, std::string_view subject, std::string_view body,
                  std::string_view inbox) {
  std::string request = "PUB ";
  request.append(subject).append(" ").append(inbox).append(" ").append(std::to_string(body.size()));
  connection.say(request.append(kLineEnd).append(body));
  for (Incoming found;;) {
    if (connection.next(found)) {
      if (pull_status(found))
        throw SystemError("nobody answers to " + std::string(subject) + ": JetStream is off");
      const std::string answer(reinterpret_cast<const char*>(found.payload.data()), found.payload.size());
      require_no_error(answer, "ask for " + std::string(subject));
      return answer;
    }
    connection.receive(0, {});
  }
}

std::string stream_request(std::string_view name, std::string_view subjects, std::string_view storage) {
  Json json;
  json.begin_object().member("name", name).key("subjects").begin_array().value(subjects).end_array();
  return json.member("storage", storage)
      .member("retention", "limits")
      .member("num_replicas", 1)
      .end_object()
      .text();
}

std::string consumer_request(std::string_view stream, std::string_view name, std::string_view subject,
                             std::int64_t ack_wait_ns) {
  Json json;
  json.begin_object().member("stream_name", stream).member("action", "create").key("config").begin_object();
  return json.member("name", name)
      .member("filter_subject", subject)
      .member("deliver_policy", "all")
      .member("ack_policy", "explicit")
      .member("ack_wait", ack_wait_ns)
      .member("max_ack_pending", -1)
      .end_object()
      .end_object()
      .text();
}

std::string pull_request(std::uint64_t items) {
  return Json().begin_object().member("batch", items).member("expires", kPullNs).end_object().text();
}

bool is_redelivered(std::string_view acknowledgement) {
  const auto dots = std::ranges::count(acknowledgement, '.');
  if (!acknowledgement.starts_with(kAcknowledgements) || (dots != kAckDots && dots < kLongAckDots)) {
    throw ProtocolError("a message of JetStream came that cannot be acknowledged");
  }
  for (unsigned part = dots == kAckDots ? kBeforeDelivered : kLongBeforeDelivered; part; --part) {
    acknowledgement.remove_prefix(acknowledgement.find('.') + 1);
  }
  return !acknowledgement.starts_with("1.");
}

std::uint64_t stored_as(std::string_view answer) {
  std::uint64_t place = 0;
  for_each_member(answer, [&](std::string_view name, std::string_view value) {
    if (name == "seq") std::from_chars(value.data(), value.data() + value.size(), place);
  });
  if (!place) {
    require_no_error(answer, "store a message");
    throw SystemError("store a message: JetStream does not say where it is");
  }
  return place;
}

std::optional<unsigned> pull_status(const Incoming& incoming) {
  if (!incoming.payload.empty() || incoming.headers.empty()) return std::nullopt;
  const std::string_view headers(reinterpret_cast<const char*>(incoming.headers.data()),
                                 incoming.headers.size());
  unsigned status = 0;
  if (headers.substr(0, kStatusBegin.size()) == kStatusBegin) {
    const std::string_view rest = headers.substr(kStatusBegin.size());
    std::from_chars(rest.data(), rest.data() + rest.size(), status);
  }
  return status;
}

}  // namespace queuemark::nats_client
