// The command line of a trial: what is read, and what is refused.

#include "engine/options.hpp"

#include "engine/error.hpp"
#include "tests/check.hpp"

using namespace queuemark;

namespace {

using Words = std::vector<std::string>;

std::vector<Description> descriptions() {
  Description dealt;
  dealt.name = "dealt";
  dealt.facts.dispatches = {"deal"};
  dealt.facts.policies = {"each", "split", "buffer", "vector"};
  dealt.facts.max_size_bytes = 1000;
  dealt.params = {Param::items("depth", 10, 1, 100, ""), Param::flag("eager", false, ""),
                  Param::choice("mode", {"slow", "fast"}, "")};
  Description queue;
  queue.name = "queue";
  queue.facts.dispatches = {"compete"};
  queue.facts.policies = {"each", "buffer", "vector"};
  queue.facts.waits = {"block"};
  queue.facts.max_size_bytes = 100'000;
  queue.facts.whole_bytes = 4096;
  Description both = dealt;
  both.name = "both";
  both.facts.patterns = {"share", "fanout"};
  both.facts.dispatches = {"deal", "compete"};
  Description brokered = both;
  brokered.name = "brokered";
  brokered.facts.patterns = {"share", "fanout", "pingpong"};
  brokered.facts.dispatches = {"compete", "deal"};
  brokered.facts.acks = {"fence", "none", "each", "window"};
  brokered.facts.consumers_low = 0;
  brokered.facts.broker = "pigeon";
  Description stored = brokered;
  stored.name = "stored";
  stored.facts.acks = {"window", "each"};
  return {dealt, queue, both, brokered, stored};
}

Options read(const Words& words) { return Options::read(words, descriptions()); }
Options dealt(Words words) {
  words.insert(words.begin(), "dealt");
  return read(words);
}
Options queue(Words words) {
  words.insert(words.begin(), "queue");
  return read(words);
}

Options brokered(Words words) {
  words.insert(words.begin(), {"brokered", "--server", "pigeon://loft"});
  return read(words);
}

void defaults() {
  const Options options = dealt({});
  CHECK(options.transport == "dealt" && options.size_bytes == 64 && options.consumers == 1);
  CHECK(options.policy == Policy::each && options.wait == Wait::block && options.sample == 1);
  CHECK(options.placement == Placement::spread && options.items == 0 && options.duration_s == 0.2);
  CHECK(options.dispatch == Dispatch::deal && options.streams() == 1 && !options.run_id.empty());
  CHECK(queue({"--consumers", "4"}).dispatch == Dispatch::compete);
  CHECK(queue({"--consumers", "4"}).streams() == 1);
  CHECK(dealt({"--consumers", "4"}).streams() == 4);
}

void values() {
  const Options options = dealt({"--size",
                                 "1000",
                                 "--consumers",
                                 "1024",
                                 "--policy",
                                 "buffer:65536",
                                 "--linger-us",
                                 "7",
                                 "--items",
                                 "140737488355328",
                                 "--warmup",
                                 "0.00005",
                                 "--seed",
                                 "9223372036854775807",
                                 "--verify",
                                 "sample:10",
                                 "--wait",
                                 "spin",
                                 "--placement",
                                 "same",
                                 "--run-id",
                                 "a-1",
                                 "--stall",
                                 "0.3",
                                 "--deadline",
                                 "2",
                                 "--parent",
                                 "77",
                                 "--pattern",
                                 "share",
                                 "--ack",
                                 "fence",
                                 "--role",
                                 "all",
                                 "-P",
                                 "depth=7",
                                 "-P",
                                 "mode=fast",
                                 "--inject",
                                 "flip",
                                 "--rate",
                                 "0.5",
                                 "--stamp-every",
                                 "7",
                                 "--messages",
                                 "f=x",
                                 "--messages-format",
                                 "u32"});
  CHECK(options.size_bytes == 1000 && options.consumers == 1024 && options.buffer_bytes == 65536);
  CHECK(options.policy == Policy::buffer && options.linger_us == 7 && options.items == 1ull << 47);
  CHECK(options.warmup_s == 0.00005 && options.seed == INT64_MAX && options.sample == 10);
  CHECK(options.wait == Wait::spin && options.placement == Placement::same && options.run_id == "a-1");
  CHECK(options.stall_s == 0.3 && options.deadline_s == 2 && options.parent_pid == 77);
  CHECK(options.fault == FaultKind::flip && options.messages_path == "f=x");
  CHECK(options.messages_format == MessagesFormat::u32);
  CHECK(options.rate_per_s == 0.5 && options.stamp_every == 7);
  const Params params(descriptions().front(), options.params);
  CHECK(params.number("depth") == 7 && params.choice("mode") == "fast" && params.number("eager") == 0);
}

std::string told(const std::vector<MixPart>& mix) {
  std::string text;
  for (const MixPart& part : mix) {
    text += std::to_string(part.size_bytes) + ":" + std::to_string(part.hundredths) + " ";
  }
  return text;
}

void mixes() {
  const Options options = dealt({"--mix", "900:5,64:70.25,8:24.75"});
  CHECK_THAT(told(options.mix) == "8:2475 64:7025 900:500 ", told(options.mix));
  CHECK(options.size_bytes == 900 && !options.one_size() && !options.bare_values());
  CHECK(dealt({"--mix", "64:0.01,8:99.99", "--size", "64"}).size_bytes == 64);
  CHECK(dealt({"--mix", "64:50.5,65:49.5"}).mix.size() == 2);
  CHECK(dealt({}).one_size() && !dealt({"--messages", "x"}).one_size());
  // Sizes that differ are not told apart in a stream of one size, whole or torn: the mechanism has its say.
  CHECK(queue({"--mix", "64:50,5000:50", "--consumers", "2"}).size_bytes == 5000);
  std::string many;
  for (int size = 101; size < 164; ++size) many += std::to_string(size) + ":1,";
  CHECK(dealt({"--mix", many + "8:37"}).mix.size() == 64);
  CHECK_THROWS(UsageError, dealt({"--mix", many + "9:1,8:36"}));
}

void patterns() {
  const Options fanout = read({"both", "--pattern", "fanout", "--consumers", "3"});
  CHECK(fanout.fans_out() && fanout.copies() == 3 && fanout.streams() == 1 && fanout.stream_of(2) == 0);
  const Options share = read({"both", "--consumers", "3"});
  CHECK(!share.fans_out() && share.copies() == 1 && share.streams() == 3 && share.stream_of(2) == 2);
  CHECK_THROWS(UsageError, read({"both", "--pattern", "fanout", "--dispatch", "compete"}));
  CHECK_THROWS(UsageError, read({"both", "--pattern", "gossip"}));
}

void refused() {
  CHECK_THROWS(UsageError, read({}));
  CHECK_THROWS(UsageError, read({"Dealt"}));
  const Words numbers[] = {{"--size", "0"},
                           {"--size", "-1"},
                           {"--size", "4Q"},
                           {"--size", ""},
                           {"--size", " 4"},
                           {"--size", "4.0"},
                           {"--size", "+4"},
                           {"--size", "0x10"},
                           {"--size", "1001"},
                           {"--consumers", "0"},
                           {"--items", "0"},
                           {"--consumers", "1025"},
                           {"--seed", "-1"},
                           {"--parent", "0"},
                           {"--size", "18446744073709551616"},
                           {"--seed", "9223372036854775808"},
                           {"--items", "140737488355329"}};
  for (const Words& words : numbers) CHECK_THROWS(UsageError, dealt(words));
  const Words times[] = {{"--duration", "0"},    {"--duration", "-1"}, {"--duration", "nan"},
                         {"--warmup", "inf"},    {"--warmup", "-0.1"}, {"--stall", "0"},
                         {"--deadline", "0"},    {"--duration", "1s"}, {"--duration", "1e9"},
                         {"--duration", "86401"}};
  for (const Words& words : times) CHECK_THROWS(UsageError, dealt(words));
  const Words texts[] = {{"--policy", "guess"},
                         {"--policy", "buffer"},
                         {"--policy", "buffer:"},
                         {"--policy", "each:1"},
                         {"--policy", "buffer:0"},
                         {"--policy", "buffer:16777217"},
                         {"--policy", "vector"},
                         {"--policy", "vector:0"},
                         {"--policy", "vector:1025"},
                         {"--wait", "doze"},
                         {"--placement", "far"},
                         {"--pattern", "fanout"},
                         {"--ack", "each"},
                         {"--dispatch", "compete"},
                         {"--dispatch", ""},
                         {"--verify", "sample"},
                         {"--verify", "sample:0"},
                         {"--verify", "none"},
                         {"--inject", "gremlin"},
                         {"--messages-format", "csv"},
                         {"--role", "producer"},
                         {"--role", "any"},
                         {"--run-id", ""},
                         {"--run-id", "a b"},
                         {"--run-id", std::string(65, 'a')},
                         {"--linger-us", "5"},
                         {"--rate", "0"},
                         {"--rate", "-1"},
                         {"--rate", "nan"},
                         {"--rate", "10k"},
                         {"--rate", "1000000001"},
                         {"--stamp-every", "0"},
                         {"--stamp-every", "1.5"},
                         {"--mix", ""},
                         {"--mix", "64"},
                         {"--mix", "64:"},
                         {"--mix", "64:100"},
                         {"--mix", "64:50,"},
                         {"--mix", "64:50,32:49.99"},
                         {"--mix", "64:50,32:50.01"},
                         {"--mix", "64:50,32:50.001"},
                         {"--mix", "64:50,32:50."},
                         {"--mix", "64:50,32:.50"},
                         {"--mix", "64:50.+1,32:49.9"},
                         {"--mix", "64:50,64:50"},
                         {"--mix", "64:99.99,32:0.01,8:0"},
                         {"--mix", "7:50,64:50"},
                         {"--mix", "64:50,1001:50"},
                         {"--mix", "64:50,32:60,16:-10"},
                         {"--mix", "64:50,32:50", "--size", "32"},
                         {"--mix", "64:50,32:50", "--messages", "x"},
                         {"-P", "depth"},
                         {"-P", "=1"},
                         {"-P", "depth=0"},
                         {"-P", "depth=101"},
                         {"-P", "depth="},
                         {"-P", "eager=2"},
                         {"-P", "mode=medium"},
                         {"-P", "width=1"},
                         {"--frob", "1"},
                         {"--size"},
                         {"stray"}};
  for (const Words& words : texts) CHECK_THROWS(UsageError, dealt(words));
  CHECK_THROWS(UsageError, dealt({"--items", "1", "--duration", "1"}));
}

void what_facts_forbid() {
  CHECK_THROWS(UsageError, queue({"--policy", "split"}));
  CHECK(queue({"--policy", "vector:1024", "--size", "65536"}).vector_items == 1024);
  CHECK_THROWS(UsageError, queue({"--policy", "vector:1024", "--size", "65537"}));
  CHECK_THROWS(UsageError, queue({"--wait", "spin"}));
  CHECK_THROWS(UsageError, queue({"--dispatch", "deal"}));
  // Several readers of one stream: what is not written whole would be torn apart.
  CHECK(queue({"--size", "4097"}).size_bytes == 4097);
  CHECK(queue({"--size", "4096", "--consumers", "2"}).consumers == 2);
  CHECK_THROWS(UsageError, queue({"--size", "4097", "--consumers", "2"}));
  CHECK_THROWS(UsageError, queue({"--policy", "buffer:4097", "--consumers", "2"}));
  CHECK(queue({"--policy", "vector:64", "--consumers", "2"}).vector_items == 64);
  CHECK(queue({"--policy", "vector:1024"}).policy == Policy::vector);
  CHECK_THROWS(UsageError, queue({"--policy", "vector:65", "--consumers", "2"}));
  CHECK_THROWS(UsageError, queue({"--inject", "reorder", "--consumers", "2"}));
  CHECK(queue({"--inject", "reorder"}).fault == FaultKind::reorder);
}

void acks() {
  CHECK(brokered({}).ack == Ack::fence && brokered({"--ack", "none"}).ack == Ack::none);
  CHECK(brokered({"--ack", "each"}).ack == Ack::each && brokered({"--ack", "each"}).ack_window == 1);
  const Options window = brokered({"--ack", "window:65536"});
  CHECK(window.ack == Ack::each && window.ack_window == 65536);
  const Options stored = read({"stored", "--server", "pigeon://loft"});
  CHECK(stored.ack == Ack::each && stored.ack_window == 64);
  CHECK_THROWS(UsageError, read({"stored", "--server", "pigeon://loft", "--ack", "fence"}));
  for (const char* text :
       {"", "twice", "window", "window:", "window:0", "window:65537", "each:1", "fence:"}) {
    CHECK_THROWS(UsageError, brokered({"--ack", text}));
  }
  CHECK_THROWS(UsageError, brokered({"--ack", "each", "--pattern", "pingpong"}));
  CHECK(brokered({"--ack", "none", "--pattern", "pingpong"}).ack == Ack::none);
}

// What nobody receives is one stream all the same.
void unreceived() {
  for (const char* dispatch : {"compete", "deal"}) {
    const Options options = brokered({"--consumers", "0", "--dispatch", dispatch});
    CHECK(options.consumers == 0 && options.streams() == 1 && options.copies() == 0);
  }
  CHECK(brokered({"--consumers", "0", "--pattern", "fanout"}).copies() == 0);
  CHECK_THROWS(UsageError, dealt({"--consumers", "0"}));
  CHECK_THROWS(UsageError, brokered({"--consumers", "0", "--pattern", "pingpong"}));
  CHECK_THROWS(UsageError, brokered({"--consumers", "0", "--inject", "drop"}));
}

void brokers() {
  CHECK(brokered({}).server == "pigeon://loft");
  CHECK_THROWS(UsageError, read({"brokered"}));
  CHECK_THROWS(UsageError, dealt({"--server", "pigeon://loft"}));
}

// Where messages are not shared each consumer gets a way of its own, if there is one.
void preferred_dispatches() {
  CHECK(brokered({}).dispatch == Dispatch::compete);
  CHECK(brokered({"--pattern", "fanout"}).dispatch == Dispatch::deal);
  CHECK(brokered({"--pattern", "pingpong"}).dispatch == Dispatch::deal);
  CHECK(brokered({"--pattern", "pingpong", "--dispatch", "compete"}).dispatch == Dispatch::compete);
}

}  // namespace

int main() {
  defaults();
  values();
  mixes();
  patterns();
  refused();
  what_facts_forbid();
  acks();
  unreceived();
  brokers();
  preferred_dispatches();
  return test::verdict();
}
