// A ring in the test's own memory.
#pragma once

#include <cstddef>
#include <new>

#include "engine/ring.hpp"

namespace queuemark::test {

class HeapRing {
  static constexpr std::align_val_t kPage{RingShape::kSlotsAt};
  std::byte* memory_;

 public:
  explicit HeapRing(RingShape shape) : memory_(new (kPage) std::byte[shape.bytes()]), ring(memory_, shape) {}
  ~HeapRing() { ::operator delete[](memory_, kPage); }
  HeapRing(const HeapRing&) = delete;
  HeapRing& operator=(const HeapRing&) = delete;

  const Ring ring;
};

}  // namespace queuemark::test
