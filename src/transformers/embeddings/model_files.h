#pragma once
// ModelFiles: the files of one model, wherever they are. Paths are as in a Hub repository
// ("1_Pooling/config.json"); what asks for them has checked that they stay inside.
//
// Threads and blocking: the functions are called while a model loads, by the thread that loads it;
// they may block.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/view.h"
#include "rt/blocking.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {

struct ModelFiles {
  // A small file's text; NotFound when there is none.
  std::function<Result<std::string>(const std::string& path)> text;
  // The tensors of a folder; "" is the model's own.
  std::function<Result<Weights>(const std::string& folder)> weights;

  // Of tokenizer.json, and of all other JSON.
  static constexpr std::size_t kTextBytesMax = std::size_t{96} << 20;
  static constexpr std::size_t kSettingsBytesMax = std::size_t{4} << 20;

  // A small file as JSON. Errors of what is in it name the file.
  Result<json::Document> json(const std::string& path) const;
  // The same, or null where there is no such file.
  Result<json::Document> json_if_there(const std::string& path) const;

  static ModelFiles in_folder(rt::Blocking, std::filesystem::path folder);
};

// "1_Pooling", "": relative, without "..", empty parts or backslashes. InvalidArgument otherwise.
Result<std::string> inner_path(std::string_view path);
// `folder` (which may be empty) and `name`.
std::string join_path(const std::string& folder, std::string_view name);

}  // namespace embrace::transformers
