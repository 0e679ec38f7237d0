// The table of one level, and all that stands in it, in this order.

// clang-format off
#include "transformers/kernels/lanes-inl.h"
#include "transformers/kernels/math-inl.h"
#include "transformers/kernels/groups-inl.h"
#include "transformers/kernels/few_rows-inl.h"
#include "transformers/kernels/many_rows-inl.h"
#include "transformers/kernels/round-inl.h"
#include "transformers/kernels/rows-inl.h"
#include "transformers/kernels/attention-inl.h"
// clang-format on

const Kernels kKernels = {
    .few_rows = {few_rows_words<F32Words>, few_rows_words<Bf16Words>, few_rows_groups<Q8_0Groups>,
                 few_rows_groups<Q4_0Groups>, few_rows_groups<Q4_KGroups>,
                 few_rows_groups<Q6_KGroups>},
    .many_rows = {many_rows_words<F32Words>, many_rows_words<Bf16Words>,
                  many_rows_groups<Q8_0Groups>, many_rows_groups<Q4_0Groups>,
                  many_rows_groups<Q4_KGroups>, many_rows_groups<Q6_KGroups>},
    .many = 8,
    .many_form = {few_form(Format::F32), few_form(Format::BF16), few_form(Format::Q8_0),
                  few_form(Format::Q4_0), few_form(Format::Q4_K), few_form(Format::Q6_K)},
    .tile_rows = kTileRows,
    .tile_words = 1,
    .tile_panels = kTilePanels,
    .rows_together = 256,
    .zero = {0, 0, Q8_0Groups::kZero, Q4_0Groups::kZero, Q4_KGroups::kZero, Q6_KGroups::kZero},
    .round_row = round_row,
    .split_row = nullptr,
    .quantize_row = quantize_row,
    .activate_row = activate_row,
    .rms_norm_row = rms_norm_row,
    .layer_norm_row = layer_norm_row,
    .softmax_row = softmax_row,
    .attend_f32 = attend<VectorProducts<float>, float>,
    .attend_bf16 = attend<VectorProducts<std::uint16_t>, std::uint16_t>,
};
