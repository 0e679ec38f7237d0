// How a product is cut into pieces for the threads, and what becomes of its outputs: written down,
// or a block at a time, while it is near, gated or added to what was there.
#include <algorithm>
#include <optional>

#include "base/check.h"
#include "transformers/kernels/activations.h"
#include "transformers/kernels/kernels.h"
#include "transformers/kernels/linear_parts.h"

namespace embrace::transformers {

namespace {

// Products of fewer bytes of weights times rows are done before another thread would wake.
constexpr std::size_t kAloneBytes = std::size_t{64} << 10;
// Pieces for each thread: when one is held up, the others take over what it left.
constexpr std::size_t kPieces = 4;
// Panels whose outputs, of as many rows as go together, stay in the second cache until they have
// been used.
constexpr std::size_t kBlockPanels = 8;
constexpr std::size_t kBlockOutputs = kBlockPanels * kPanelOutputs;

// Memory of this thread for the outputs of one block, or of two side by side.
Matrix& block_memory(Range rows) {
  thread_local Matrix memory;
  memory.resize(rows.last - rows.first, 2 * kBlockOutputs);
  return memory;
}

}  // namespace

// One product under way.
struct Linear::Impl::Product {
  const Impl& linear;
  Team& team;
  const Matrix& in;
  const Kernels& table = kernels();
  const bool few = in.rows() < table.many;
  // In the forms that the parts' formats take.
  Rows rows[kFormats] = {};

  Product(const Impl& of, Team& threads, const Matrix& from) : linear(of), team(threads), in(from) {
    thread_local Activations prepared[kFormats];  // until this thread's next product
    for (const Part& part : linear.parts) {
      const std::size_t place = place_of(part.panels.format());
      if (rows[place].words == nullptr)
        rows[place] = prepared[place].prepare(team, in, part.panels.format(), !few);
    }
  }

  // Formats that take the same form share their rows.
  std::size_t place_of(Format format) const {
    const auto own = static_cast<std::size_t>(format);
    const bool as_bfloats = !few && table.many_form[own] == RowForm::Bfloats;
    return as_bfloats ? static_cast<std::size_t>(Format::BF16) : own;
  }

  void multiply(const Part& part, const Outputs& out, Range panels, Range stretch) const {
    const Format format = part.panels.format();
    const auto& products = few ? table.few_rows : table.many_rows;
    products[static_cast<std::size_t>(format)](part.panels, rows[place_of(format)], out, panels,
                                               stretch);
  }
  // The outputs of a block at `at`, with room for two blocks in a row.
  void multiply_block(const Part& part, float* at, Range panels, Range stretch) const {
    multiply(part, {at, 2 * kBlockOutputs, linear.bias_of(part), panels.first, stretch.first},
             panels, stretch);
  }

  void write(Matrix& out) const {
    const std::size_t unit = few ? 1 : table.tile_panels;
    const std::size_t together = few ? in.rows() : table.rows_together;
    const bool alone = team.size() == 1 || (few && linear.weight_bytes() * in.rows() < kAloneBytes);
    for (std::size_t row = 0; row < in.rows(); row += together) {
      const Range stretch{row, std::min(in.rows(), row + together)};
      cut(alone ? 1 : team.size() * kPieces, unit, [&](const Part& part, Range panels) {
        const Outputs to{out.all().data() + part.first_output, linear.outputs,
                         linear.bias_of(part)};
        multiply(part, to, panels, stretch);
      });
    }
  }

  // body(part, panels) for about `pieces` pieces of all panels, of one part each, in whole units
  // of panels.
  template <class Body>
  void cut(std::size_t pieces, std::size_t unit, Body&& body) const {
    const auto units_of = [&](const Part& part) { return (part.panels.count() + unit - 1) / unit; };
    std::size_t all = 0;
    for (const Part& part : linear.parts) all += units_of(part);
    pieces = std::min(pieces, all);
    team.run(pieces, [&](std::size_t piece) {
      std::size_t first = all * piece / pieces;
      const std::size_t last = all * (piece + 1) / pieces;
      std::size_t before = 0;
      for (const Part& part : linear.parts) {
        const std::size_t units = units_of(part);
        if (first < last && first < before + units) {
          const std::size_t end = std::min(last, before + units);
          body(part, Range{(first - before) * unit,
                           std::min(part.panels.count(), (end - before) * unit)});
          first = end;
        }
        before += units;
      }
    });
  }

  // body(panels, rows) for blocks of the first `panels` of a part.
  template <class Body>
  void for_blocks(std::size_t panels, Body&& body) const {
    for (std::size_t row = 0; row < in.rows(); row += table.rows_together) {
      const Range stretch{row, std::min(in.rows(), row + table.rows_together)};
      team.run((panels + kBlockPanels - 1) / kBlockPanels, [&](std::size_t block) {
        const std::size_t first = block * kBlockPanels;
        body(Range{first, std::min(panels, first + kBlockPanels)}, stretch);
      });
    }
  }

  // Where the halves of gated outputs stand; none where one begins within a panel.
  struct Halves {
    const Part& first;
    const Part& other;
    std::size_t other_panel;  // its first
    std::size_t panels;       // of each
  };
  std::optional<Halves> halves() const {
    const std::vector<Part>& all = linear.parts;
    if (all.size() == 2 && all[1].first_output == linear.outputs / 2)
      return Halves{all[0], all[1], 0, all[0].panels.count()};
    if (all.size() == 1 && linear.outputs % (2 * kPanelOutputs) == 0) {
      const std::size_t panels = all[0].panels.count() / 2;
      return Halves{all[0], all[0], panels, panels};
    }
    return std::nullopt;
  }

  void write_gated(const Halves& halves, Activation activation, Matrix& out) const {
    for_blocks(halves.panels, [&](Range panels, Range stretch) {
      Matrix& block = block_memory(stretch);
      float* first = block.all().data();
      const Range others{halves.other_panel + panels.first, halves.other_panel + panels.last};
      multiply_block(halves.first, first, panels, stretch);
      multiply_block(halves.other, first + kBlockOutputs, others, stretch);
      const std::size_t column = panels.first * kPanelOutputs;
      const std::size_t count = std::min(out.columns() - column, kBlockOutputs);
      for (std::size_t row = stretch.first; row < stretch.last; ++row, first += block.columns()) {
        table.activate_row(activation, first, first + kBlockOutputs, out.row(row).data() + column,
                           count);
      }
    });
  }

  void add_to(Matrix& into) const {
    for (const Part& part : linear.parts) {
      for_blocks(part.panels.count(), [&](Range panels, Range stretch) {
        Matrix& block = block_memory(stretch);
        multiply_block(part, block.all().data(), panels, stretch);
        const std::size_t column = panels.first * kPanelOutputs;
        const std::size_t count = std::min(part.panels.outputs() - column, kBlockOutputs);
        for (std::size_t row = stretch.first; row < stretch.last; ++row) {
          const float* terms = block.row(row - stretch.first).data();
          float* sums = into.row(row).data() + part.first_output + column;
          for (std::size_t i = 0; i < count; ++i) sums[i] += terms[i];
        }
      });
    }
  }
};

void Linear::apply(Team& team, const Matrix& in, Matrix& out) const {
  EMB_CHECK(impl_ && in.columns() == impl_->inputs, "the input has the layer's width");
  EMB_CHECK(&in != &out, "a product's output is not its input");
  out.resize(in.rows(), impl_->outputs);
  if (in.rows() == 0 || impl_->outputs == 0) return;
  Impl::Product(*impl_, team, in).write(out);
}

void Linear::apply_gated(Team& team, const Matrix& in, Activation activation, Matrix& out) const {
  EMB_CHECK(impl_ && in.columns() == impl_->inputs, "the input has the layer's width");
  EMB_CHECK(&in != &out && impl_->outputs % 2 == 0, "there are as many gates as gated outputs");
  const std::size_t half = impl_->outputs / 2;
  out.resize(in.rows(), half);
  if (in.rows() == 0 || half == 0) return;
  const Impl::Product product(*impl_, team, in);
  const auto halves = product.halves();
  if (!product.few && halves) return product.write_gated(*halves, activation, out);
  thread_local Matrix memory;
  Matrix& both = memory;  // the caller's, whichever thread reads it
  both.resize(in.rows(), impl_->outputs);
  product.write(both);
  team.split(in.rows(), product.table.many, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const float* first = both.row(row).data();
      product.table.activate_row(activation, first, first + half, out.row(row).data(), half);
    }
  });
}

void Linear::add_to(Team& team, const Matrix& in, Matrix& into) const {
  EMB_CHECK(impl_ && in.columns() == impl_->inputs, "the input has the layer's width");
  EMB_CHECK(&in != &into && into.rows() == in.rows() && into.columns() == impl_->outputs,
            "what is added to has the product's shape");
  if (in.rows() == 0 || impl_->outputs == 0) return;
  const Impl::Product product(*impl_, team, in);
  if (!product.few) return product.add_to(into);
  thread_local Matrix terms;
  terms.resize(in.rows(), impl_->outputs);
  product.write(terms);
  add(team, into, terms);
}

}  // namespace embrace::transformers
