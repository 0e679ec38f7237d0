// Which format a weight takes, and how a product is cut into pieces for the threads.
#include "transformers/kernels/linear.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/kernels/activations.h"
#include "transformers/kernels/kernels.h"

namespace embrace::transformers {

namespace {

// Products of fewer bytes of weights times rows are done before another thread would wake.
constexpr std::size_t kAloneBytes = std::size_t{64} << 10;
// Pieces for each thread: when one is held up, the others take over what it left.
constexpr std::size_t kPieces = 4;

Format format_of(DType stored, Precision precision) {
  switch (precision) {
    case Precision::F32:
      return Format::F32;
    case Precision::BF16:
      return Format::BF16;
    case Precision::Q8_0:
      return Format::Q8_0;
    case Precision::Q4_0:
      return Format::Q4_0;
    case Precision::AsStored:
      break;
  }
  switch (stored) {
    case DType::F16:
    case DType::BF16:
    case DType::F8E4M3:  // bfloats hold all values of both
    case DType::F8E5M2:
      return Format::BF16;
    case DType::Q8_0:
      return Format::Q8_0;
    case DType::Q4_0:
      return Format::Q4_0;
    case DType::Q4_K:
      return Format::Q4_K;
    case DType::Q6_K:
      return Format::Q6_K;
    case DType::F64:
    case DType::F32:
    case DType::I64:
    case DType::I32:
    case DType::I16:
    case DType::I8:
    case DType::U8:
    case DType::Bool:
      return Format::F32;
  }
  std::unreachable();
}

Result<std::vector<float>> read_bias(const TensorView& bias, std::size_t outputs) {
  EMB_TRY(std::vector<float> values, read_all(bias));
  if (values.size() != outputs) {
    return fail(Code::InvalidArgument,
                cat("a bias of ", values.size(), " does not fit ", outputs, " outputs"));
  }
  return values;
}

}  // namespace

struct Linear::Impl {
  // One weight, or several side by side, each with the format that it was stored in.
  struct Part {
    Panels panels;
    std::size_t first_output;
  };

  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::vector<Part> parts;
  std::vector<float> bias;  // empty, or outputs

  Outputs outputs_of(const Part& part, Matrix& out) const {
    return {out.all().data() + part.first_output, outputs,
            bias.empty() ? nullptr : bias.data() + part.first_output};
  }
  std::size_t weight_bytes() const {
    std::size_t sum = 0;
    for (const Part& part : parts) sum += part.panels.memory_bytes();
    return sum;
  }

  // Cuts [0, count of all parts' units) for the threads; body(part, first, last) gets units of one
  // part. `units_of` says how many a part has.
  template <class UnitsOf, class Body>
  void cut(Team& team, std::size_t pieces, UnitsOf&& units_of, Body&& body) const {
    std::size_t all = 0;
    for (const Part& part : parts) all += units_of(part);
    pieces = std::min(pieces, all);
    team.run(pieces, [&](std::size_t piece) {
      std::size_t first = all * piece / pieces;
      const std::size_t last = all * (piece + 1) / pieces;
      std::size_t before = 0;
      for (std::size_t i = 0; i < parts.size() && first < last; ++i) {
        const std::size_t units = units_of(parts[i]);
        if (first < before + units) {
          const std::size_t end = std::min(last, before + units);
          body(i, first - before, end - before);
          first = end;
        }
        before += units;
      }
    });
  }
};

Linear::Linear() = default;
Linear::Linear(Linear&&) noexcept = default;
Linear& Linear::operator=(Linear&&) noexcept = default;
Linear::~Linear() = default;
Linear::Linear(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<Linear> Linear::make(const TensorView& weight, const TensorView* bias, Precision precision,
                            Layout layout) {
  EMB_TRY(Panels panels, Panels::pack(weight, format_of(weight.dtype, precision), layout));
  auto impl = std::make_unique<Impl>();
  impl->inputs = panels.inputs();
  impl->outputs = panels.outputs();
  impl->parts.push_back({std::move(panels), 0});
  if (bias != nullptr) {
    EMB_TRY(impl->bias, read_bias(*bias, impl->outputs));
  }
  return Linear(std::move(impl));
}

Result<Linear> Linear::load(const Weights& weights, std::string_view name, std::size_t inputs,
                            std::size_t outputs, Precision precision, Layout layout) {
  const auto rows = static_cast<std::int64_t>(layout == Layout::OutIn ? outputs : inputs);
  const auto columns = static_cast<std::int64_t>(layout == Layout::OutIn ? inputs : outputs);
  EMB_TRY(const TensorView weight, weights.get(std::string(name) + ".weight", {rows, columns}));
  auto made = make(weight, weights.find(std::string(name) + ".bias"), precision, layout);
  if (!made) return fail(std::move(made).error().while_doing(name));
  return made;
}

Result<Linear> Linear::join(const std::vector<TensorView>& weights,
                            const std::vector<const TensorView*>& biases, Precision precision) {
  EMB_CHECK(!weights.empty() && weights.size() == biases.size(),
            "each weight has its bias or nullptr");
  const bool biased = std::ranges::any_of(biases, [](const TensorView* bias) { return bias; });
  auto all = std::make_unique<Impl>();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EMB_TRY(Linear one, make(weights[i], biases[i], precision));
    if (i == 0) all->inputs = one.inputs();
    if (one.inputs() != all->inputs)
      return fail(Code::InvalidArgument, "joined layers have different inputs");
    all->parts.push_back({std::move(one.impl_->parts.front().panels), all->outputs});
    all->outputs += one.outputs();
    if (!biased) continue;
    one.impl_->bias.resize(one.outputs());
    all->bias.insert(all->bias.end(), one.impl_->bias.begin(), one.impl_->bias.end());
  }
  return Linear(std::move(all));
}

std::size_t Linear::inputs() const { return impl_ ? impl_->inputs : 0; }
std::size_t Linear::outputs() const { return impl_ ? impl_->outputs : 0; }
std::size_t Linear::memory_bytes() const {
  return impl_ ? impl_->weight_bytes() + impl_->bias.size() * sizeof(float) : 0;
}

void Linear::apply(Team& team, const Matrix& in, Matrix& out) const {
  EMB_CHECK(impl_ && in.columns() == impl_->inputs, "the input has the layer's width");
  EMB_CHECK(&in != &out, "a product's output is not its input");
  out.resize(in.rows(), impl_->outputs);
  if (in.rows() == 0 || impl_->outputs == 0) return;

  const Kernels& table = kernels();
  const bool few = in.rows() < table.many;
  // Rows for each format, prepared once for all formats that take the same ones; they live until
  // this thread's next product.
  thread_local Activations prepared[kFormats];
  Rows rows[kFormats];
  const auto place_of = [&](Format format) {
    const auto own = static_cast<std::size_t>(format);
    const bool as_bfloats = !few && table.many_form[own] == RowForm::Bfloats;
    return as_bfloats ? static_cast<std::size_t>(Format::BF16) : own;
  };
  for (const Impl::Part& part : impl_->parts) {
    const std::size_t place = place_of(part.panels.format());
    if (rows[place].words == nullptr)
      rows[place] = prepared[place].prepare(team, in, part.panels.format(), !few);
  }

  if (few) {
    const bool alone = impl_->weight_bytes() * in.rows() < kAloneBytes;
    impl_->cut(
        team, alone ? 1 : team.size() * kPieces,
        [](const Impl::Part& part) { return part.panels.count(); },
        [&](std::size_t index, std::size_t first, std::size_t last) {
          const Impl::Part& part = impl_->parts[index];
          const auto format = static_cast<std::size_t>(part.panels.format());
          table.few_rows[format](part.panels, rows[place_of(part.panels.format())],
                                 impl_->outputs_of(part, out), {first, last}, {0, in.rows()});
        });
    return;
  }
  for (std::size_t row = 0; row < in.rows(); row += table.rows_together) {
    const Range stretch{row, std::min(in.rows(), row + table.rows_together)};
    const auto tiles = [&](const Impl::Part& part) {
      return (part.panels.count() + table.tile_panels - 1) / table.tile_panels;
    };
    impl_->cut(team, team.size() == 1 ? 1 : team.size() * kPieces, tiles,
               [&](std::size_t index, std::size_t first, std::size_t last) {
                 const Impl::Part& part = impl_->parts[index];
                 const auto format = static_cast<std::size_t>(part.panels.format());
                 const Range panels{first * table.tile_panels,
                                    std::min(part.panels.count(), last * table.tile_panels)};
                 table.many_rows[format](part.panels, rows[place_of(part.panels.format())],
                                         impl_->outputs_of(part, out), panels, stretch);
               });
  }
}

}  // namespace embrace::transformers
