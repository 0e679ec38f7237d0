// Plain loops in f32 for every precision: right, and slow. The packed kernels take their place.
#include "transformers/kernels/linear.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::transformers {

struct Linear::Impl {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::vector<float> weight;  // outputs x inputs
  std::vector<float> bias;    // empty, or outputs
};

Linear::Linear() = default;
Linear::Linear(Linear&&) noexcept = default;
Linear& Linear::operator=(Linear&&) noexcept = default;
Linear::~Linear() = default;
Linear::Linear(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<Linear> Linear::make(const TensorView& weight, const TensorView* bias, Precision,
                            Layout layout) {
  if (weight.shape.size() != 2)
    return fail(Code::InvalidArgument, "a linear layer's weight is not a matrix");
  auto impl = std::make_unique<Impl>();
  impl->outputs = static_cast<std::size_t>(weight.shape[layout == Layout::OutIn ? 0 : 1]);
  impl->inputs = static_cast<std::size_t>(weight.shape[layout == Layout::OutIn ? 1 : 0]);
  EMB_TRY(impl->weight, read_all(weight));
  if (layout == Layout::InOut) {
    std::vector<float> turned(impl->weight.size());
    for (std::size_t in = 0; in < impl->inputs; ++in) {
      for (std::size_t out = 0; out < impl->outputs; ++out) {
        turned[out * impl->inputs + in] = impl->weight[in * impl->outputs + out];
      }
    }
    impl->weight = std::move(turned);
  }
  if (bias != nullptr) {
    EMB_TRY(impl->bias, read_all(*bias));
    if (impl->bias.size() != impl->outputs) {
      return fail(Code::InvalidArgument, cat("a bias of ", impl->bias.size(), " does not fit ",
                                             impl->outputs, " outputs"));
    }
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
  auto all = std::make_unique<Impl>();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EMB_TRY(Linear one, make(weights[i], biases[i], precision));
    if (i == 0) all->inputs = one.inputs();
    if (one.inputs() != all->inputs)
      return fail(Code::InvalidArgument, "joined layers have different inputs");
    all->outputs += one.outputs();
    all->weight.insert(all->weight.end(), one.impl_->weight.begin(), one.impl_->weight.end());
    one.impl_->bias.resize(one.outputs());
    all->bias.insert(all->bias.end(), one.impl_->bias.begin(), one.impl_->bias.end());
  }
  return Linear(std::move(all));
}

std::size_t Linear::inputs() const { return impl_ ? impl_->inputs : 0; }
std::size_t Linear::outputs() const { return impl_ ? impl_->outputs : 0; }
std::size_t Linear::memory_bytes() const {
  return impl_ ? (impl_->weight.size() + impl_->bias.size()) * sizeof(float) : 0;
}

void Linear::apply(Team& team, const Matrix& in, Matrix& out) const {
  EMB_CHECK(impl_ && in.columns() == impl_->inputs, "the input has the layer's width");
  out.resize(in.rows(), impl_->outputs);
  team.split(impl_->outputs, 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = 0; row < in.rows(); ++row) {
      const float* x = in.row(row).data();
      for (std::size_t o = begin; o < end; ++o) {
        const float* w = impl_->weight.data() + o * impl_->inputs;
        float sum = 0;
        for (std::size_t i = 0; i < impl_->inputs; ++i) sum += x[i] * w[i];
        out.row(row)[o] = sum + (impl_->bias.empty() ? 0 : impl_->bias[o]);
      }
    }
  });
}

}  // namespace embrace::transformers
