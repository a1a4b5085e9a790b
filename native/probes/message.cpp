// What a message costs this laboratory itself: to write all of its bytes, and to compare them. No mechanism
// is involved; where a call or a queue costs little, this is what remains.
//
// With two cores one writes where the other has read, and reads what the other has written, a block at a
// time: a ring in shared memory at its best.

#include <algorithm>

#include "engine/partner.hpp"
#include "engine/probe.hpp"
#include "engine/trial.hpp"

namespace queuemark {
namespace {

constexpr std::size_t kSizes[] = {4, 16, 64, 256, 1024, 4096};
constexpr std::size_t kQuickSizes[] = {4, 16, 64, 1024, 4096};
// As the ring has it: read in blocks of the first size, all through memory of the second.
constexpr std::size_t kBlockBytes = 16 * 1024, kMemoryBytes = 1024 * 1024;

ProbeParams params(std::size_t bytes, const char* side, const char* cores) {
  return {{"bytes", static_cast<std::int64_t>(bytes)}, {"side", side}, {"cores", cores}};
}

// The same messages block by block, wherever they are put.
template <class Content>
class Blocks {
 public:
  Blocks(const Content& content, std::byte* memory, std::size_t memory_bytes)
      : content_(content), memory_(memory), blocks_(memory_bytes / kBlockBytes) {}

  std::uint64_t messages() const { return kBlockBytes / content_.largest(); }
  void write() {
    auto place = cursor();
    content_.write_run(next(), place, messages());
  }
  void compare() {
    const std::byte* at = next();
    auto place = cursor();
    std::uint64_t difference = 0;
    for (std::uint64_t i = 0; i < messages(); ++i, at += content_.largest()) {
      difference |= content_.compare(at, content_.largest(), place);
      place.advance();
    }
    if (difference) throw SystemError("a message that was just written is another one");
  }

 private:
  auto cursor() const { return content_.at(0, 1, Dealing{}); }
  std::byte* next() { return memory_ + block_++ % blocks_ * kBlockBytes; }

  const Content& content_;
  std::byte* memory_;
  std::size_t blocks_;
  std::size_t block_ = 0;
};

struct Sides {
  std::vector<double> write, compare;
};

template <class Content>
Sides on_one_core(const Probing& probing, const Content& content) {
  const SharedMemory memory(kBlockBytes, "a probe's messages");
  Blocks<Content> blocks(content, memory.data(), kBlockBytes);
  Sides sides{ns_of_one(probing.span_ns(), [&] { blocks.write(); }), {}};
  sides.compare = ns_of_one(probing.span_ns(), [&] { blocks.compare(); });
  return sides;
}

template <class Content>
Sides on_two_cores(const Probing& probing, const Content& content) {
  const SharedMemory memory(kMemoryBytes, "a probe's messages");
  Blocks<Content> written(content, memory.data(), kMemoryBytes);
  Blocks<Content> read(content, memory.data(), kMemoryBytes);
  const std::function<void()> share = [&] { read.compare(); };
  Alternating reader(*probing.other_cpu(), share);
  Sides sides;
  rounds_of(2 * probing.span_ns(), [&] {
    const auto write_ns = static_cast<double>(elapsed_ns(1, [&] { written.write(); }));
    sides.write.push_back(write_ns);
    sides.compare.push_back(static_cast<double>(reader.ask()));
    return write_ns;
  });
  return sides;
}

template <class Content>
void measure(const Probing& probing, const Content& content, const char* cores) {
  Sides sides;
  const auto of_one = [&](std::vector<double> rounds) {
    for (double& round : rounds) round /= static_cast<double>(kBlockBytes / content.largest());
    return rounds;
  };
  probing.attempt(params(content.largest(), "write", cores), ProbeUnit::ns, [&] {
    const bool one = std::string_view(cores) == "one";
    if (!one && !probing.other_cpu()) throw Unavailable(kOneCpu, "");
    sides = one ? on_one_core(probing, content) : on_two_cores(probing, content);
    return of_one(std::move(sides.write));
  });
  probing.attempt(params(content.largest(), "compare", cores), ProbeUnit::ns, [&] {
    if (sides.compare.empty()) throw Unavailable("messages could not be written", "");
    return of_one(std::move(sides.compare));
  });
}

void run(const Probing& probing) {
  const std::span<const std::size_t> sizes =
      probing.quick() ? std::span<const std::size_t>(kQuickSizes) : kSizes;
  for (const std::size_t bytes : sizes) {
    Options options;
    options.size_bytes = bytes;
    // Where sizes are mixed, or a person's own, is not asked here: only contents of one size are compiled.
    const auto of_one_size = [&](const auto& content) {
      for (const char* const cores : {"one", "two"}) measure(probing, content, cores);
    };
    with_content<Framing::size>(options, nullptr, of_one_size);
  }
}

}  // namespace

extern const Probe message_probe;
const Probe message_probe{"message", true, run};

}  // namespace queuemark
