#include "transformers/kernels/activations.h"

namespace embrace::transformers {

namespace {

// Rows that one thread takes at a time: below it, waking others costs more than they do.
constexpr std::size_t kGrain = 8;

}  // namespace

Rows Activations::prepare(Team& team, const Matrix& in, Format format, std::size_t blocks) {
  Rows rows;
  if (format == Format::F32) {
    rows.words = reinterpret_cast<const std::byte*>(in.all().data());
    rows.stride = in.columns() * sizeof(float);
    return rows;
  }

  const Kernels& table = kernels();
  const std::size_t width = blocks * block_shape(format).inputs;
  if (format == Format::BF16) {
    words_.resize(in.rows(), width / 2);
    rows.words = reinterpret_cast<const std::byte*>(words_.all().data());
    rows.stride = width * 2;
    team.split(in.rows(), kGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) {
        auto* into = reinterpret_cast<std::uint16_t*>(words_.row(row).data());
        table.round_row(in.row(row).data(), in.columns(), into);
        for (std::size_t i = in.columns(); i < width; ++i) into[i] = 0;
      }
    });
    return rows;
  }

  const std::size_t groups = width / 32;
  const std::size_t starts_in_group = format == Format::Q6_K ? 2 : 1;
  const std::int32_t zero = table.zero[static_cast<std::size_t>(format)];
  words_.resize(in.rows(), width / 4);
  scales_.resize(in.rows() * groups);
  sums_.resize(in.rows() * groups);
  halves_.resize(in.rows() * groups * 2);
  starts_.resize(in.rows() * groups * starts_in_group);
  const std::size_t used = (in.columns() + 31) / 32;  // K blocks may end with groups of zeros
  team.split(in.rows(), kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      auto* bytes = reinterpret_cast<std::int8_t*>(words_.row(row).data());
      float* scales = scales_.data() + row * groups;
      std::int32_t* halves = halves_.data() + row * groups * 2;
      table.quantize_row(in.row(row).data(), in.columns(), bytes, scales, halves);
      for (std::size_t i = used * 32; i < width; ++i) bytes[i] = 0;
      for (std::size_t group = used; group < groups; ++group) {
        scales[group] = 0;
        halves[group * 2] = halves[group * 2 + 1] = 0;
      }
      float* sums = sums_.data() + row * groups;
      std::int32_t* starts = starts_.data() + row * groups * starts_in_group;
      for (std::size_t group = 0; group < groups; ++group) {
        const std::int32_t sum = halves[group * 2] + halves[group * 2 + 1];
        sums[group] = scales[group] * static_cast<float>(sum);
        if (starts_in_group == 2) {
          starts[group * 2] = -zero * halves[group * 2];
          starts[group * 2 + 1] = -zero * halves[group * 2 + 1];
        } else {
          starts[group] = -zero * sum;
        }
      }
    }
  });
  rows.words = reinterpret_cast<const std::byte*>(words_.all().data());
  rows.stride = width;
  rows.scales = scales_.data();
  rows.sums = sums_.data();
  rows.starts = starts_.data();
  return rows;
}

}  // namespace embrace::transformers
