// What every test program needs: one way to say what must hold, and the numbers that CTest users know.
//
// Exit code 0: everything held. 1: something did not, told on stderr with its place. 77: not possible here.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace queuemark::test {

inline int failures = 0;

inline bool check(bool holds, const char* what, const char* file, int line, const std::string& detail = {}) {
  if (holds) return true;
  std::fprintf(stderr, "%s:%d: does not hold: %s%s%s\n", file, line, what, detail.empty() ? "" : "; ",
               detail.c_str());
  // A property that fails for one case fails for thousands; the first few say it.
  if (++failures >= 20) std::exit(1);
  return false;
}

inline int verdict() { return failures ? 1 : 0; }

// A reproducible stream of numbers (SplitMix64, as in content.hpp, but a generator of its own).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t value = state_ += 0x9E3779B97F4A7C15;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
    return value ^ (value >> 31);
  }
  std::uint64_t below(std::uint64_t end) { return next() % end; }

 private:
  std::uint64_t state_;
};

}  // namespace queuemark::test

#define CHECK(condition) queuemark::test::check(static_cast<bool>(condition), #condition, __FILE__, __LINE__)
#define CHECK_THAT(condition, detail) \
  queuemark::test::check(static_cast<bool>(condition), #condition, __FILE__, __LINE__, detail)
#define CHECK_THROWS(type, expression)                                                \
  do {                                                                                \
    bool thrown = false;                                                              \
    try {                                                                             \
      static_cast<void>(expression);                                                  \
    } catch (const type&) {                                                           \
      thrown = true;                                                                  \
    }                                                                                 \
    queuemark::test::check(thrown, #expression " throws " #type, __FILE__, __LINE__); \
  } while (false)
