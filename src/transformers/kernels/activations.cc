#include "transformers/kernels/activations.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace embrace::transformers {

namespace {

// Rows that one thread takes at a time: below it, waking others costs more than they do.
constexpr std::size_t kGrain = 8;
constexpr std::size_t kLine = 64;  // bytes that lie together where it is not one word

std::size_t ceil_divide(std::size_t count, std::size_t unit) { return (count + unit - 1) / unit; }

// One row before it takes its place in a tile.
struct PlainRow {
  std::vector<std::uint32_t> words;
  std::vector<float> scales;
  std::vector<std::int32_t> halves;

  void fill(const Kernels& table, std::span<const float> from, RowForm form, std::size_t count) {
    const std::size_t written = form == RowForm::Floats        ? from.size()
                                : form == RowForm::SplitFloats ? from.size() * 3 / 2
                                : form == RowForm::Bfloats     ? from.size() / 2
                                                               : from.size() / 4;
    if (written == count) {
      words.resize(count);
    } else {
      words.assign(count, 0);
    }
    if (form == RowForm::Bytes) {
      scales.assign(count / 8, 0);
      halves.assign(count / 4, 0);
    }
    if (from.empty()) return;
    switch (form) {
      case RowForm::Floats:
        std::memcpy(words.data(), from.data(), from.size_bytes());
        return;
      case RowForm::SplitFloats:
        table.split_row(from.data(), from.size(), reinterpret_cast<std::byte*>(words.data()));
        return;
      case RowForm::Bfloats:
        table.round_row(from.data(), from.size(), reinterpret_cast<std::uint16_t*>(words.data()));
        return;
      case RowForm::Bytes:
        table.quantize_row(from.data(), from.size(), reinterpret_cast<std::int8_t*>(words.data()),
                           scales.data(), halves.data());
    }
  }
};

}  // namespace

Rows Activations::prepare(Team& team, const Matrix& in, Format format, bool many) {
  const Kernels& table = kernels();
  const RowForm form = many ? table.many_form[static_cast<std::size_t>(format)] : few_form(format);
  const std::size_t tile_rows = many ? table.tile_rows : 1;
  const std::size_t tile_words = many ? table.tile_words : 1;
  EMB_CHECK(tile_words == 1 || tile_words * 4 == kLine, "words lie together in lines");
  if (form == RowForm::Floats && tile_rows == 1)
    return {.words = reinterpret_cast<const std::byte*>(in.all().data())};

  const std::size_t block = block_shape(format).inputs;
  const std::size_t inputs = ceil_divide(in.columns(), block) * block;
  const std::size_t groups = form == RowForm::Bytes ? inputs / 32 : 0;
  std::size_t words = inputs;
  if (form == RowForm::Bfloats || form == RowForm::SplitFloats) words = ceil_divide(inputs, 2);
  if (form == RowForm::Bytes) words = inputs / 4;
  words = ceil_divide(words, tile_words) * tile_words;
  if (form == RowForm::SplitFloats) words *= 3;
  const std::size_t starts = format == Format::Q6_K ? 2 : 1;  // for each group
  const std::int32_t zero = table.zero[static_cast<std::size_t>(format)];
  const std::size_t rows = ceil_divide(in.rows(), tile_rows) * tile_rows;
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
      plain.fill(table, from, form, words);
      const std::size_t tile = row / tile_rows;
      const std::size_t lane = row % tile_rows;
      float* into = words_.all().data() + tile * words * tile_rows;
      if (tile_rows == 1) {
        std::memcpy(into, plain.words.data(), words * 4);
      } else if (tile_words == 1) {
        for (std::size_t i = 0; i < words; ++i)
          std::memcpy(into + i * tile_rows + lane, &plain.words[i], 4);
      } else {
        for (std::size_t i = 0; i < words; i += kLine / 4)
          std::memcpy(into + i * tile_rows + lane * (kLine / 4), &plain.words[i], kLine);
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
