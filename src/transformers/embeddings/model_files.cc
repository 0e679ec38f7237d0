#include "transformers/embeddings/model_files.h"

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/strings.h"

namespace embrace::transformers {

ModelFiles ModelFiles::in_folder(rt::Blocking blocking, std::filesystem::path folder) {
  ModelFiles files;
  files.text = [folder](const std::string& path) {
    const bool is_large = std::filesystem::path(path).filename() == "tokenizer.json";
    return read_file((folder / path).string(), is_large ? kTextBytesMax : kSettingsBytesMax);
  };
  files.weights = [blocking, folder](const std::string& path) {
    return Weights::open(blocking, path.empty() ? folder : folder / path);
  };
  return files;
}

Result<json::Document> ModelFiles::json(const std::string& path) const {
  EMB_TRY(const std::string found, text(path));
  auto parsed = json::Document::parse(found);
  if (!parsed) return fail(std::move(parsed).error().while_doing(path));
  return parsed;
}

Result<json::Document> ModelFiles::json_if_there(const std::string& path) const {
  auto found = json(path);
  if (!found && found.error().code() == Code::NotFound) return json::Document::parse("null");
  return found;
}

Result<std::string> inner_path(std::string_view path) {
  if (path.empty()) return std::string();
  if (path.find('\\') != std::string_view::npos || path.find('\0') != std::string_view::npos)
    return fail(Code::InvalidArgument, cat("a path leaves the model's folder: ", path));
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == "." || part == "..")
      return fail(Code::InvalidArgument, cat("a path leaves the model's folder: ", path));
  }
  return std::string(path);
}

std::string join_path(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : cat(folder, "/", name);
}

}  // namespace embrace::transformers
