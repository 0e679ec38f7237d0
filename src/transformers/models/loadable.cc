#include "transformers/models/loadable.h"

#include "base/strings.h"

namespace embrace::transformers {

Status check_loadable(const Weights& weights, json::View config) {
  const json::View scheme = config["quantization_config"];
  if (scheme.exists() && !scheme.is_null()) {
    return fail(Code::NotBuilt,
                cat("weights quantized as ", scheme.text_or("quant_method", "config.json says"),
                    " are not built: use the model's own weights, or a GGUF file"));
  }
  for (const auto& [name, tensor] : weights.all()) {
    for (const char* suffix :
         {".weight_scale", ".weight_scale_inv", ".weight_packed", ".qweight", ".SCB", ".absmax"}) {
      if (name.ends_with(suffix))
        return fail(Code::NotBuilt, cat("quantized weights such as ", name, " are not built"));
    }
  }
  return Done{};
}

Result<Linear> load_linear(const Weights& weights, const std::string& name, std::size_t inputs,
                           std::size_t outputs, Precision precision, bool biased) {
  if (biased) return Linear::load(weights, name, inputs, outputs, precision);
  EMB_TRY(const TensorView weight,
          weights.get(name + ".weight",
                      {static_cast<std::int64_t>(outputs), static_cast<std::int64_t>(inputs)}));
  return Linear::make(weight, nullptr, precision);
}

}  // namespace embrace::transformers
