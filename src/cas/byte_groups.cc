#include "cas/byte_groups.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "base/check.h"

namespace embrace::cas {

namespace {

// Sixteen bytes at a time, in words that every compiler target turns into its own shuffles (packs
// and unpacks on x86, zips on ARM); they need no run-time choice of a processor.
using Block = std::uint8_t __attribute__((vector_size(16)));
constexpr std::size_t kBlockBytes = sizeof(Block);

Block load(const char* from) {
  Block block;
  std::memcpy(&block, from, sizeof block);
  return block;
}
void store(const Block& block, char* to) { std::memcpy(to, &block, sizeof block); }

Block even(const Block& a, const Block& b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}
Block odd(const Block& a, const Block& b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}
Block zip_low(const Block& a, const Block& b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
Block zip_high(const Block& a, const Block& b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}

// Where the four groups of `size` bytes start. The first size % 4 groups are one byte longer.
std::array<std::size_t, 4> group_starts(std::size_t size) {
  std::array<std::size_t, 4> starts{};
  for (std::size_t i = 1; i < 4; ++i) starts[i] = starts[i - 1] + size / 4 + (i - 1 < size % 4);
  return starts;
}

}  // namespace

void group_by_four(std::string_view from, std::span<char> to) {
  EMB_CHECK(from.size() == to.size(), "grouping keeps the number of bytes");
  const auto starts = group_starts(from.size());
  char* const a = to.data() + starts[0];
  char* const b = to.data() + starts[1];
  char* const c = to.data() + starts[2];
  char* const d = to.data() + starts[3];
  const std::size_t quads = from.size() / 4;
  std::size_t i = 0;
  for (; i + kBlockBytes <= quads; i += kBlockBytes) {
    const char* const source = from.data() + 4 * i;
    const Block first = load(source), second = load(source + kBlockBytes);
    const Block third = load(source + 2 * kBlockBytes), fourth = load(source + 3 * kBlockBytes);
    const Block even_low = even(first, second), even_high = even(third, fourth);
    const Block odd_low = odd(first, second), odd_high = odd(third, fourth);
    store(even(even_low, even_high), a + i);
    store(even(odd_low, odd_high), b + i);
    store(odd(even_low, even_high), c + i);
    store(odd(odd_low, odd_high), d + i);
  }
  for (std::size_t at = 4 * i; at < from.size(); ++at) to[starts[at % 4] + at / 4] = from[at];
}

void ungroup_by_four(std::string_view from, std::span<char> to) {
  EMB_CHECK(from.size() == to.size(), "grouping keeps the number of bytes");
  const auto starts = group_starts(from.size());
  const char* const a = from.data() + starts[0];
  const char* const b = from.data() + starts[1];
  const char* const c = from.data() + starts[2];
  const char* const d = from.data() + starts[3];
  const std::size_t quads = from.size() / 4;
  std::size_t i = 0;
  for (; i + kBlockBytes <= quads; i += kBlockBytes) {
    const Block first = load(a + i), second = load(b + i), third = load(c + i),
                fourth = load(d + i);
    const Block even_low = zip_low(first, third), odd_low = zip_low(second, fourth);
    const Block even_high = zip_high(first, third), odd_high = zip_high(second, fourth);
    char* const target = to.data() + 4 * i;
    store(zip_low(even_low, odd_low), target);
    store(zip_high(even_low, odd_low), target + kBlockBytes);
    store(zip_low(even_high, odd_high), target + 2 * kBlockBytes);
    store(zip_high(even_high, odd_high), target + 3 * kBlockBytes);
  }
  for (std::size_t at = 4 * i; at < from.size(); ++at) to[at] = from[starts[at % 4] + at / 4];
}

}  // namespace embrace::cas
