// Which format a weight takes when it is made into a Linear.
#include "transformers/kernels/linear.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/kernels/linear_parts.h"

namespace embrace::transformers {

namespace {

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

}  // namespace embrace::transformers
