// Any bytes either are a GGUF model or are refused; what is one has a config that is JSON, and
// tensors that can be read.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "base/check.h"
#include "json/view.h"
#include "transformers/models/gguf_model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace et = embrace::transformers;
  auto bytes = std::make_shared<std::vector<std::byte>>(size);
  if (size != 0) std::memcpy(bytes->data(), data, size);
  const auto model = et::read_gguf_model(*bytes, bytes);
  if (!model) return 0;
  EMB_CHECK_OR_DIE(embrace::json::Document::parse(model->config_json).has_value(),
                   "a config is JSON");
  for (const auto& [name, view] : model->weights.all())
    EMB_CHECK_OR_DIE(et::read_all(view).has_value(), "a tensor that was taken can be read");
  return 0;
}
