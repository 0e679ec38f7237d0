#include "api/hf/media_type.h"

#include <array>
#include <string>
#include <utility>

#include "base/strings.h"

namespace embrace::api {
namespace {

constexpr auto kTypes = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"json", "application/json"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"bmp", "image/bmp"},
    {"ico", "image/x-icon"},
    {"mp3", "audio/mpeg"},
    {"wav", "audio/wav"},
    {"flac", "audio/flac"},
    {"ogg", "audio/ogg"},
    {"m4a", "audio/mp4"},
    {"mp4", "video/mp4"},
    {"webm", "video/webm"},
    {"mov", "video/quicktime"},
});
constexpr auto kBinary = std::to_array<std::string_view>(
    {"bin", "safetensors", "gguf",    "onnx",  "pt",     "pth",    "ckpt", "h5",  "msgpack",
     "npy", "npz",         "parquet", "arrow", "zip",    "gz",     "tar",  "zst", "xz",
     "bz2", "7z",          "model",   "pkl",   "pickle", "tflite", "wasm", "ot",  "pb"});

}  // namespace

std::string_view media_type(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const auto dot = name.rfind('.');
  const std::string extension =
      dot == std::string_view::npos ? std::string() : to_lower(name.substr(dot + 1));
  for (const auto& [known, type] : kTypes) {
    if (known == extension) return type;
  }
  for (std::string_view known : kBinary) {
    if (known == extension) return "application/octet-stream";
  }
  return "text/plain; charset=utf-8";
}

}  // namespace embrace::api
