// What a file's name says: its format, and whether the card index is made from it.

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "hub/card.h"

namespace embrace::hub {
namespace {

struct Suffix {
  std::string_view ending;
  std::string_view format;
};
constexpr auto kSuffixes = std::to_array<Suffix>({
    {".safetensors", "safetensors"},
    {".gguf", "gguf"},
    {".onnx", "onnx"},
    {"pytorch_model.bin", "pytorch"},
    {".pt", "pytorch"},
    {".pth", "pytorch"},
    {"adapter_model.bin", "pytorch"},
    {"tf_model.h5", "tf"},
    {".keras", "keras"},
    {".tflite", "tflite"},
    {".msgpack", "jax"},
    {".mlmodel", "coreml"},
    {".joblib", "joblib"},
    {".parquet", "parquet"},
    {".csv", "csv"},
    {".tsv", "csv"},
    {".json", "json"},
    {".jsonl", "json"},
    {".json.gz", "json"},
    {".jsonl.zst", "json"},
    {".txt", "text"},
    {".arrow", "arrow"},
    {".tar", "webdataset"},
    {".png", "image"},
    {".jpg", "image"},
    {".jpeg", "image"},
    {".webp", "image"},
    {".gif", "image"},
    {".tiff", "image"},
    {".wav", "audio"},
    {".mp3", "audio"},
    {".flac", "audio"},
    {".ogg", "audio"},
    {".mp4", "video"},
    {".webm", "video"},
});

}  // namespace

std::string_view file_format(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  for (const auto& suffix : kSuffixes) {
    if (name.size() < suffix.ending.size()) continue;
    if (equal_ignoring_case(name.substr(name.size() - suffix.ending.size()), suffix.ending))
      return suffix.format;
  }
  return {};
}

bool is_card_source(std::string_view path) {
  if (path.contains('/')) return false;
  if (path.ends_with(".safetensors") || path.ends_with(".gguf")) return true;
  constexpr std::string_view kSources[] = {
      "README.md",           "config.json",         "tokenizer_config.json", "model_index.json",
      "adapter_config.json", "chat_template.jinja", "modules.json",          "chat_template.json"};
  return std::ranges::find(kSources, path) != std::end(kSources);
}

}  // namespace embrace::hub
