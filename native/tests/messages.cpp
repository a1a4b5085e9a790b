// A person's own messages: how lines and records are read, and which of them a stream's message is.

#include "engine/messages.hpp"

#include <vector>

#include "engine/content.hpp"
#include "engine/error.hpp"
#include "tests/check.hpp"
#include "tests/temporary_file.hpp"

using namespace queuemark;
using test::TemporaryFile;

namespace {

std::vector<std::string> read(std::string_view bytes, MessagesFormat format) {
  const TemporaryFile file(bytes);
  const Messages messages(file.path(), format);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < messages.count(); ++i) {
    texts.emplace_back(reinterpret_cast<const char*>(messages[i].data()), messages[i].size());
  }
  return texts;
}

std::string record(std::string_view text) {
  const auto length = static_cast<std::uint32_t>(text.size());
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + std::string(text);
}

using Texts = std::vector<std::string>;

void lines() {
  const auto format = MessagesFormat::lines;
  CHECK(read("one\ntwo\n", format) == (Texts{"one", "two"}));
  CHECK(read("one\ntwo", format) == (Texts{"one", "two"}));
  CHECK(read("one\r\ntwo\r\n", format) == (Texts{"one", "two"}));
  CHECK(read("\n\none\n\r\n\ntwo\n\n", format) == (Texts{"one", "two"}));
  CHECK(read("a\rb\n", format) == (Texts{"a\rb"}));
  CHECK(read(std::string_view("\0\xff\n", 3), format) == (Texts{std::string("\0\xff", 2)}));
  const std::string long_line(100'000, 'x');
  CHECK(read(long_line + "\n1", format) == (Texts{long_line, "1"}));
}

void records() {
  const auto format = MessagesFormat::u32;
  CHECK(read(record("one") + record("") + record("\n"), format) == (Texts{"one", "", "\n"}));
  CHECK(read(record(""), format) == (Texts{""}));
  const std::string whole = record("one") + record("two");
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    if (cut == record("one").size()) continue;
    CHECK_THROWS(UsageError, read(whole.substr(0, cut), format));
  }
  CHECK_THROWS(UsageError, read(std::string("\xff\xff\xff\xff", 4), format));
}

void nothing_to_send() {
  CHECK_THROWS(UsageError, read("", MessagesFormat::lines));
  CHECK_THROWS(UsageError, read("\n\r\n\n", MessagesFormat::lines));
  CHECK_THROWS(UsageError, read("", MessagesFormat::u32));
  CHECK_THROWS(UsageError, Messages("/tmp", MessagesFormat::lines));
  CHECK_THROWS(SystemError, Messages("/nowhere/at/all", MessagesFormat::lines));
}

// A cursor that was advanced many times is where Dealing says that it is, whatever the file's length.
void cursors() {
  for (const std::size_t count : {1, 2, 3, 7, 10, 1000}) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "message " + std::to_string(i) + "\n";
    const TemporaryFile file(text);
    const FileContent content(std::make_shared<const Messages>(file.path(), MessagesFormat::lines));
    for (const unsigned streams : {1u, 2u, 3u, 4u, 32u}) {
      for (const std::uint64_t deal_items : {1, 2, 3, 7, 999, 1000, 1'000'000'000}) {
        for (unsigned stream = 0; stream < streams; ++stream) {
          const Dealing dealing{stream, streams, deal_items};
          auto cursor = content.at(0, 5, dealing);
          for (Sequence sequence = 0; sequence < 2500; ++sequence, cursor.advance()) {
            const auto straight = content.at(sequence, 5, dealing);
            if (!CHECK(cursor.record == dealing.global(sequence) % count)) return;
            if (!CHECK(cursor.record == straight.record && cursor.sequence == straight.sequence)) return;
            if (!CHECK(cursor.mix == straight.mix && cursor.left_in_turn == straight.left_in_turn)) return;
          }
        }
      }
    }
  }
}

// All streams together send each message of the one loop once, in turns.
void dealing() {
  for (const unsigned streams : {1u, 3u, 4u}) {
    for (const std::uint64_t deal_items : {1, 5, 100}) {
      std::vector<int> sent(600);
      std::vector<Sequence> next(streams);
      for (std::uint64_t global = 0; global < sent.size(); ++global) {
        const auto stream = static_cast<unsigned>(global / deal_items % streams);
        CHECK((Dealing{stream, streams, deal_items}.global(next[stream]++) == global));
      }
    }
  }
}

void file_content() {
  const TemporaryFile file(record("") + record("x") + record(std::string(3000, 'y')));
  const FileContent content(std::make_shared<const Messages>(file.path(), MessagesFormat::u32));
  const Dealing alone{0, 1, 1000};
  CHECK(content.largest() == 3008);
  std::vector<std::byte> bytes(content.largest());
  for (Sequence sequence = 0; sequence < 30; ++sequence) {
    const auto cursor = content.at(sequence, 5, alone);
    const std::size_t size = content.size(cursor);
    content.write(bytes.data(), cursor);
    CHECK(content.compare(bytes.data(), size, cursor) == 0);
    CHECK(content.claim(bytes.data(), size, 5, alone, 0, true)->sequence == sequence);
    CHECK(!content.claim(bytes.data(), size + 1, 5, alone, 0, true));
    CHECK(!content.claim(bytes.data(), 7, 5, alone, 0, true));
    for (std::size_t bit = 0; bit < 8 * size; bit += bit < 200 ? 1 : 97) {
      bytes[bit / 8] ^= std::byte{1} << (bit % 8);
      CHECK(content.compare(bytes.data(), size, cursor) != 0);
      CHECK(!content.claim(bytes.data(), size, 5, alone, 0, true));
      bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    }
  }
}

}  // namespace

int main() {
  lines();
  records();
  nothing_to_send();
  cursors();
  dealing();
  file_content();
  return test::verdict();
}
