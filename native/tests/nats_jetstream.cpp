// What JetStream is asked for, and what its answers and the words beside its messages mean.

#include "engine/error.hpp"
#include "nats/jetstream.hpp"
#include "tests/check.hpp"

using namespace queuemark;
using namespace queuemark::nats_client;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

void requests() {
  CHECK(
      stream_request("QMabc", "qm.abc.*", "memory") ==
      R"({"name":"QMabc","subjects":["qm.abc.*"],"storage":"memory","retention":"limits","num_replicas":1})");
  CHECK(consumer_request("QMabc", "C0", "qm.abc.00", 1'000'000'000) ==
        R"({"stream_name":"QMabc","action":"create","config":{"name":"C0","filter_subject":"qm.abc.00",)"
        R"("deliver_policy":"all","ack_policy":"explicit","ack_wait":1000000000,"max_ack_pending":-1}})");
  CHECK(pull_request(500) == R"({"batch":500,"expires":5000000000})");
}

std::string refusal(std::string_view answer) {
  try {
    stored_as(answer);
  } catch (const SystemError& error) {
    return error.what();
  }
  return {};
}

void places() {
  CHECK(stored_as(R"({"stream":"QMabc","seq":7})") == 7);
  CHECK(stored_as(R"({"seq": 18446744073709551615 ,"stream":"a","domain":"b"})") == UINT64_MAX);
  CHECK(refusal(R"({"error":{"code":503,"description":"insufficient resources"},"stream":"QM","seq":0})") ==
        "store a message: JetStream says: insufficient resources");
  CHECK(refusal(R"({"error":{}})") == "store a message: JetStream says: it gives no reason");
  for (const char* silent : {"{}", R"({"seq":0})", R"({"seq":"x"})"}) {
    CHECK(refusal(silent) == "store a message: JetStream does not say where it is");
  }
  CHECK_THROWS(ProtocolError, stored_as("+OK"));
}

void statuses() {
  const auto status = [](std::string_view headers, std::string_view payload) {
    Incoming incoming;
    incoming.headers = bytes_of(headers);
    incoming.payload = bytes_of(payload);
    return pull_status(incoming);
  };
  CHECK(status("NATS/1.0 404 No Messages\r\n\r\n", "") == 404u);
  CHECK(status("NATS/1.0 408\r\n\r\n", "") == 408u);
  CHECK(status("NATS/1.0\r\nA: b\r\n\r\n", "") == 0u);
  CHECK(!status("NATS/1.0\r\nA: b\r\n\r\n", "a message"));
  CHECK(!status("", "") && !status("", "a message"));
}

void redeliveries() {
  CHECK(!is_redelivered("$JS.ACK.QM.C0.1.9.9.1700000000000000000.0"));
  CHECK(is_redelivered("$JS.ACK.QM.C0.2.9.12.1700000000000000000.0"));
  CHECK(is_redelivered("$JS.ACK.QM.C0.10.9.12.1700000000000000000.0"));
  CHECK(!is_redelivered("$JS.ACK.hub.AB12.QM.C0.1.9.9.1700000000000000000.0"));
  CHECK(is_redelivered("$JS.ACK._.AB12.QM.C0.11.9.9.1700000000000000000.0.x9"));
  for (const char* other :
       {"", "_INBOX.a.b", "$JS.ACK.", "$JS.ACK.QM.C0.1.9.9", "$JS.ACK.a.QM.C0.1.9.9.1700000000000000000.0",
        "_JS.ACK.QM.C0.1.9.9.1700000000000000000.0"}) {
    CHECK_THROWS(ProtocolError, is_redelivered(other));
  }
}

}  // namespace

int main() {
  requests();
  places();
  statuses();
  redeliveries();
  return test::verdict();
}
