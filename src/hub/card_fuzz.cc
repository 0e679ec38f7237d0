// Any bytes as a README.md, as config.json and as a safetensors file: checked and indexed without a
// crash, within limits.

#include <cstddef>
#include <cstdint>

#include "hub/card.h"
#include "hub/front_matter.h"
#include "hub/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace embrace;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto type = size > 0 ? static_cast<RepoType>(data[0] % 4) : RepoType::Model;
  if (auto json = hub::yaml_to_json(text)) {
    if (json->size() > 2 * hub::kFrontMatterJsonBytesMax + hub::kFrontMatterBytesMax * 6)
      __builtin_trap();
  }
  (void)hub::check_card(text, type);
  std::vector<git::Entry> files;
  for (auto path : {"README.md", "config.json", "tokenizer_config.json", "model.safetensors"}) {
    git::Entry entry;
    entry.path = path;
    entry.blob_bytes = size;
    files.push_back(entry);
  }
  (void)hub::index_card(type, files, [&](const git::Entry&, std::size_t bytes_max) {
    return std::string(text.substr(0, bytes_max));
  });
  if (size > 8) (void)hub::parse_safetensors_header(text.substr(8));
  return 0;
}
