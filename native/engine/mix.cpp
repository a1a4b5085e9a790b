#include "engine/mix.hpp"

#include <algorithm>

namespace queuemark {

MixContent::MixContent(const std::vector<MixPart>& mix, std::uint64_t seed) {
  const auto table = std::make_shared<const SeededTable>(seed);
  std::size_t place = 0;
  for (const MixPart& part : mix) {
    const auto which = static_cast<std::uint8_t>(contents_.size());
    std::fill_n(order_.begin() + place, part.hundredths, which);
    place += part.hundredths;
    contents_.emplace_back(part.size_bytes, table);
  }
  // Fisher and Yates; a remainder of 64 bits by so few places prefers none of them by more than 2^-50.
  for (std::size_t left = kMixPeriod; left > 1; --left) {
    std::swap(order_[left - 1], order_[mixed(seed ^ mixed(left)) % left]);
  }
}

}  // namespace queuemark
