// Any slicing of any bytes gives the same chunks, and they are those of the rule.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "cas/chunker.h"
#include "cas/gear_hash.h"

namespace {

using namespace embrace::cas;

// Small enough that repeating a short input gives several chunks; large enough for the widest scan.
constexpr std::size_t kTarget = 4096;
constexpr std::uint64_t kMask = ~std::uint64_t{0} << 52;

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::size_t> ends_by_the_rule(std::string_view data) {
  std::vector<std::size_t> ends;
  std::uint64_t hash = 0;
  std::size_t size = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    hash = (hash << 1) + kGearTable[static_cast<unsigned char>(data[i])];
    ++size;
    if ((size >= kTarget / 8 && (hash & kMask) == 0) || size == kTarget * 2) {
      ends.push_back(i + 1);
      hash = size = 0;
    }
  }
  return ends;
}

}  // namespace

// The first byte says how many sizes of pieces follow; the rest is data, repeated to several
// chunks.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t input_size) {
  if (input_size < 2) return 0;
  const std::size_t sizes_count = std::min<std::size_t>(1 + input[0] % 16, input_size - 1);
  const std::uint8_t* const sizes = input + 1;
  std::string data(reinterpret_cast<const char*>(sizes + sizes_count),
                   input_size - 1 - sizes_count);
  while (!data.empty() && data.size() < 8 * kTarget) data += data;

  Chunker chunker = Chunker::with_target(kTarget);
  std::vector<std::size_t> ends;
  std::size_t at = 0;
  for (std::size_t turn = 0; at < data.size(); ++turn) {
    const std::size_t piece = 1 + std::size_t{sizes[turn % sizes_count]} * 64;
    std::string_view fed = std::string_view(data).substr(at, piece);
    while (!fed.empty()) {
      const Chunker::Step step = chunker.next(fed);
      require(step.taken > 0 && step.taken <= fed.size());
      require(step.is_cut || step.taken == fed.size());
      fed.remove_prefix(step.taken);
      at += step.taken;
      if (step.is_cut) ends.push_back(at);
    }
  }
  require(ends == ends_by_the_rule(data));
  require(chunker.open_bytes() == data.size() - (ends.empty() ? 0 : ends.back()));
  return 0;
}
