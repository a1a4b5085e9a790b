#include "engine/content.hpp"

// One body for each instruction set; the loader picks (ifunc). Sanitizers cannot run before the loader
// is done, so their builds take the plain one.
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(QUEUEMARK_SANITIZED)
#define FOR_EACH_INSTRUCTION_SET __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_INSTRUCTION_SET
#endif

namespace queuemark {
namespace {

// Each turn of the table mixes differently: two equal stretches of a long message do not exist.
constexpr std::uint64_t kTurn = 0xD1B54A32D192ED03;

}  // namespace

SeededTable::SeededTable(std::uint64_t seed) {
  for (std::size_t i = 0; i < kTableWords; ++i) words[i] = mixed(seed + i * kTurn);
}

FOR_EACH_INSTRUCTION_SET
void write_words(std::byte* into, const Table& table, std::uint64_t mix, std::size_t words) {
  for (std::size_t begin = 0; begin < words; begin += kTableWords, mix += kTurn) {
    const std::size_t count = words - begin < kTableWords ? words - begin : kTableWords;
    std::byte* at = into + 8 * begin;
    for (std::size_t i = 0; i < count; ++i) store64(at + 8 * i, table[i] ^ mix);
  }
}

FOR_EACH_INSTRUCTION_SET
std::uint64_t compare_words(const std::byte* from, const Table& table, std::uint64_t mix, std::size_t words) {
  std::uint64_t difference = 0;
  for (std::size_t begin = 0; begin < words; begin += kTableWords, mix += kTurn) {
    const std::size_t count = words - begin < kTableWords ? words - begin : kTableWords;
    const std::byte* at = from + 8 * begin;
    for (std::size_t i = 0; i < count; ++i) difference |= load64(at + 8 * i) ^ table[i] ^ mix;
  }
  return difference;
}

}  // namespace queuemark
