#include "transformers/kernels/activations.h"

#include <algorithm>
#include <cstring>

namespace embrace::transformers {

namespace {

// Rows that one thread takes at a time: below it, waking others costs more than they do.
constexpr std::size_t kGrain = 8;

bool bytes_of(Format format) { return format != Format::F32 && format != Format::BF16; }

// One row before it takes its place in a tile.
struct PlainRow {
  std::vector<std::uint32_t> words;
  std::vector<float> scales;
  std::vector<std::int32_t> halves;

  void fill(const Kernels& table, std::span<const float> from, Format format, std::size_t count) {
    words.assign(count, 0);
    if (bytes_of(format)) {
      scales.assign(count / 8, 0);
      halves.assign(count / 4, 0);
    }
    if (from.empty()) return;
    switch (format) {
      case Format::F32:
        std::memcpy(words.data(), from.data(), from.size_bytes());
        return;
      case Format::BF16:
        table.round_row(from.data(), from.size(), reinterpret_cast<std::uint16_t*>(words.data()));
        return;
      default:
        table.quantize_row(from.data(), from.size(), reinterpret_cast<std::int8_t*>(words.data()),
                           scales.data(), halves.data());
    }
  }
};

}  // namespace

Rows Activations::prepare(Team& team, const Matrix& in, Format format, std::size_t blocks,
                          std::size_t tile_rows) {
  if (format == Format::F32 && tile_rows == 1)
    return {.words = reinterpret_cast<const std::byte*>(in.all().data())};

  const Kernels& table = kernels();
  const bool bytes = bytes_of(format);
  const std::size_t groups = bytes ? blocks * block_shape(format).inputs / 32 : 0;
  const std::size_t words = bytes ? groups * 8 : blocks;
  const std::size_t starts = format == Format::Q6_K ? 2 : 1;  // for each group
  const std::int32_t zero = table.zero[static_cast<std::size_t>(format)];
  const std::size_t tiles = (in.rows() + tile_rows - 1) / tile_rows;
  const std::size_t rows = tiles * tile_rows;
  words_.resize(rows, words);
  if (scales_.size() < rows * groups) {
    scales_.resize(rows * groups);
    sums_.resize(rows * groups);
  }
  if (starts_.size() < rows * groups * starts) starts_.resize(rows * groups * starts);

  team.split(rows, std::max(tile_rows, kGrain), [&](std::size_t begin, std::size_t end) {
    thread_local PlainRow plain;
    for (std::size_t row = begin; row < end; ++row) {
      const auto from = row < in.rows() ? in.row(row) : std::span<const float>();
      plain.fill(table, from, format, words);
      const std::size_t tile = row / tile_rows;
      const std::size_t lane = row % tile_rows;
      float* into = words_.all().data() + tile * words * tile_rows + lane;
      if (tile_rows == 1) {
        std::memcpy(into, plain.words.data(), words * 4);
      } else {
        for (std::size_t i = 0; i < words; ++i)
          std::memcpy(into + i * tile_rows, &plain.words[i], 4);
      }
      for (std::size_t group = 0; group < groups; ++group) {
        const std::size_t at = (tile * groups + group) * tile_rows + lane;
        const std::int32_t low = plain.halves[group * 2];
        const std::int32_t high = plain.halves[group * 2 + 1];
        scales_[at] = plain.scales[group];
        sums_[at] = plain.scales[group] * static_cast<float>(low + high);
        if (starts == 1) {
          starts_[at] = -zero * (low + high);
        } else {
          const std::size_t first = (tile * groups + group) * 2 * tile_rows + lane;
          starts_[first] = -zero * low;
          starts_[first + tile_rows] = -zero * high;
        }
      }
    }
  });
  return {reinterpret_cast<const std::byte*>(words_.all().data()), scales_.data(), sums_.data(),
          starts_.data()};
}

}  // namespace embrace::transformers
