// What a client and JetStream say to each other: JSON by request and reply, and two kinds of words beside it
// (docs.nats.io, "JetStream wire API Reference").
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "nats/connection.hpp"

namespace queuemark::nats_client {

// Asks, and returns the answer, while the connection is set up; `inbox` has been subscribed to.
// Throws SystemError with what the server says when it refuses.
std::string asked(Connection& connection, std::string_view subject, std::string_view body,
                  std::string_view inbox);

// storage: "file" or "memory". subjects: what is stored, with wildcards.
std::string stream_request(std::string_view name, std::string_view subjects, std::string_view storage);
// A consumer of the messages of one subject, each of which has to be acknowledged within this time, or is
// delivered again.
std::string consumer_request(std::string_view stream, std::string_view name, std::string_view subject,
                             std::int64_t ack_wait_ns);
// At most so many messages, as they come within some seconds.
std::string pull_request(std::uint64_t items);

// Whether a message was delivered before, from the subject that its acknowledgement goes to. Throws
// ProtocolError for another subject.
bool is_redelivered(std::string_view acknowledgement);

// The place of a message in its stream, from the answer to its publication. Throws SystemError when it was
// not stored.
std::uint64_t stored_as(std::string_view answer);

// What ended a pull or a request, where the message is none but its status: 408 the time is over, 409 what
// was pulled from is gone, 503 nobody answers.
std::optional<unsigned> pull_status(const Incoming& incoming);

constexpr std::string_view kAcknowledged = "+ACK", kGivenBack = "-NAK";

}  // namespace queuemark::nats_client
