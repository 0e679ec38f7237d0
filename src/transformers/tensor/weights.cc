#include "transformers/tensor/weights.h"

#include <set>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/strings.h"
#include "json/view.h"
#include "transformers/tensor/gguf.h"
#include "transformers/tensor/load_watch.h"
#include "transformers/tensor/mapped_file.h"
#include "transformers/tensor/safetensors.h"

namespace embrace::transformers {

namespace {

constexpr std::string_view kWhole = "model.safetensors";
constexpr std::string_view kIndex = "model.safetensors.index.json";
constexpr std::string_view kIndexEnd = ".safetensors.index.json";
constexpr std::uint64_t kIndexBytesMax = 64 << 20;

bool is_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

// Which file of a folder holds the model, or begins to.
Result<std::filesystem::path> choose(const std::filesystem::path& folder) {
  for (const std::string_view name : {kWhole, kIndex}) {
    if (is_file(folder / name)) return folder / name;
  }
  std::vector<std::filesystem::path> ggufs;
  bool pickled = false;
  std::error_code failed;
  for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (at->path().extension() == ".gguf") ggufs.push_back(at->path());
    if (at->path().filename().string().starts_with("pytorch_model")) pickled = true;
  }
  if (failed) return fail(errno_error(failed.value(), cat("read folder ", folder.string())));
  if (ggufs.size() == 1) return ggufs.front();
  if (ggufs.size() > 1)
    return fail(Code::InvalidArgument,
                cat(folder.string(), " has ", ggufs.size(), " GGUF files; name the one to open"));
  if (pickled) {
    return fail(Code::NotBuilt, cat(folder.string(),
                                    " has its weights as pickles only, which are "
                                    "programs; convert them to safetensors"));
  }
  return fail(Code::NotFound, cat(folder.string(), " has no ", kWhole, " and no ", kIndex));
}

// Of an index that may be anyone's: no way out of the folder, no hidden file.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name.front() != '.' &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

}  // namespace

Result<Weights> Weights::open(rt::Blocking blocking, const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::path file = path;
  if (std::filesystem::is_directory(path, ignored)) {
    EMB_TRY(file, choose(path));
  }
  Weights weights;
  if (file.filename().string().ends_with(kIndexEnd)) {
    EMB_DO(weights.add_shards(blocking, file));
  } else {
    EMB_DO(weights.add_file(blocking, file));
  }
  for (const auto& [name, view] : weights.views_) LoadWatch::opened(view);
  return weights;
}

Status Weights::add_file(rt::Blocking blocking, const std::filesystem::path& file) {
  EMB_TRY(auto mapped, MappedFile::open(blocking, file));
  auto keeper = std::make_shared<const MappedFile>(std::move(mapped));
  const auto bytes = keeper->bytes();
  std::vector<std::pair<std::string, TensorView>> tensors;
  const auto named = [&](Error error) { return fail(std::move(error).while_doing(file.string())); };
  constexpr std::string_view kMagic = "GGUF";
  if (bytes.size() >= 4 &&
      std::string_view(reinterpret_cast<const char*>(bytes.data()), 4) == kMagic) {
    auto gguf = Gguf::parse(bytes);
    if (!gguf) return named(std::move(gguf).error());
    if (gguf->integer("split.count").value_or(1) > 1) {
      return named({Code::NotBuilt,
                    "GGUF: one part of a model in many; join them with "
                    "llama-gguf-split"});
    }
    tensors = gguf->tensors();
  } else {
    auto read = parse_safetensors(bytes);
    if (!read) return named(std::move(read).error());
    tensors = std::move(read->tensors);
  }
  for (auto& [name, view] : tensors) {
    if (!views_.emplace(name, std::move(view)).second)
      return fail(Code::Corrupt, cat(file.string(), ": tensor ", name, " is in another file, too"));
  }
  keepers_.push_back(std::move(keeper));
  return Done{};
}

Status Weights::add_shards(rt::Blocking blocking, const std::filesystem::path& index) {
  const auto wrong = [&](std::string_view what) {
    return fail(Code::Corrupt, cat(index.string(), ": ", what));
  };
  EMB_TRY(const std::string text, read_file(index.string(), kIndexBytesMax));
  const auto document = json::Document::parse(text, 8);
  if (!document) return wrong(document.error().message());
  const json::View map = document->root()["weight_map"];
  if (!map.is_object()) return wrong("it has no weight_map");
  const auto places = map.members();
  std::set<std::string_view> files;
  for (const auto& [tensor, file] : places) {
    const auto name = file.text();
    if (!name || !is_plain_name(*name))
      return wrong(cat("tensor ", tensor, " is not in a file beside the index"));
    files.insert(*name);
  }
  if (files.size() > kShardsMax) return wrong(cat(files.size(), " files are too many"));
  for (const std::string_view file : files) EMB_DO(add_file(blocking, index.parent_path() / file));
  for (const auto& [tensor, file] : places) {
    if (find(tensor) == nullptr) return wrong(cat("tensor ", tensor, " is in none of its files"));
  }
  return Done{};
}

Result<Weights> Weights::from_tensors(std::vector<OwnedTensor> tensors) {
  Weights weights;
  auto kept = std::make_shared<std::vector<OwnedTensor>>(std::move(tensors));
  for (const OwnedTensor& tensor : *kept) {
    if (tensor_bytes(tensor.dtype, tensor.shape) != tensor.bytes.size()) {
      return fail(Code::InvalidArgument,
                  cat("tensor ", tensor.name, ": ", tensor.bytes.size(), " bytes are not a ",
                      name_of(tensor.dtype), " tensor of shape ", render_shape(tensor.shape)));
    }
    const TensorView view{tensor.dtype, tensor.shape, tensor.bytes};
    if (!weights.views_.emplace(tensor.name, view).second)
      return fail(Code::InvalidArgument, cat("there are two tensors ", tensor.name));
  }
  weights.keepers_.push_back(std::move(kept));
  return weights;
}

Weights Weights::from_views(std::map<std::string, TensorView, std::less<>> views,
                            std::shared_ptr<const void> keeper) {
  Weights weights;
  weights.views_ = std::move(views);
  weights.keepers_.push_back(std::move(keeper));
  for (const auto& [name, view] : weights.views_) LoadWatch::opened(view);
  return weights;
}

const TensorView* Weights::find(std::string_view name) const {
  const auto found = views_.find(name);
  if (found == views_.end()) return nullptr;
  LoadWatch::taken(found->second);
  return &found->second;
}

Result<TensorView> Weights::get(std::string_view name, std::vector<std::int64_t> shape) const {
  const TensorView* found = find(name);
  if (found == nullptr) {
    return fail(Code::InvalidArgument, cat("the model's files hold no tensor ", name));
  }
  if (found->shape != shape) {
    return fail(Code::InvalidArgument,
                cat("tensor ", name, " has shape ", render_shape(found->shape),
                    ", but config.json calls for ", render_shape(shape)));
  }
  return *found;
}

}  // namespace embrace::transformers
