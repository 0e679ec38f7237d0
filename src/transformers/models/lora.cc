#include "transformers/models/lora.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>

#include "base/file.h"
#include "base/strings.h"
#include "transformers/models/config.h"

namespace embrace::transformers {

namespace {

constexpr std::uint64_t kConfigBytesMax = 1 << 20;
constexpr std::int64_t kRankMax = 1 << 14;
constexpr std::string_view kPrefix = "base_model.model.";
constexpr std::string_view kFirst[] = {".lora_A.weight", ".lora_embedding_A"};
constexpr std::string_view kSecond[] = {".lora_B.weight", ".lora_embedding_B"};
// Tensors and arrangements that a sum of W and s B A does not cover, where they are set.
constexpr std::string_view kNotBuilt[] = {"use_dora",
                                          "lora_bias",
                                          "use_qalora",
                                          "layer_replication",
                                          "use_bdlora",
                                          "arrow_config",
                                          "target_parameters",
                                          "trainable_token_indices",
                                          "kasa_config",
                                          "monteclora_config",
                                          "alora_invocation_tokens"};
// Ways to begin that leave the base as it was.
constexpr std::string_view kBegins[] = {"gaussian", "eva", "orthogonal"};

// null, false, [] and {} are ways to say no.
bool is_set(json::View value) {
  if (!value.exists() || value.is_null()) return false;
  if (const auto flag = value.boolean()) return *flag;
  return !(value.is_array() && value.items().empty()) &&
         !(value.is_object() && value.members().empty());
}

Status refuse_what_is_not_built(json::View config) {
  const std::string type = config.text_or("peft_type", "");
  if (type != "LORA") return fail(Code::NotBuilt, cat("adapters of peft_type \"", type, "\""));
  for (const std::string_view key : kNotBuilt) {
    if (is_set(config[key])) return fail(Code::NotBuilt, cat("LoRA adapters with ", key));
  }
  if (const std::string bias = config.text_or("bias", "none"); bias != "none")
    return fail(Code::NotBuilt, cat("LoRA adapters with bias \"", bias, "\""));
  if (const auto begin = config["init_lora_weights"].text()) {
    if (std::ranges::find(kBegins, to_lower(*begin)) == std::end(kBegins))
      return fail(Code::NotBuilt, cat("LoRA adapters that change their base by ", *begin));
  }
  return Done{};
}

using Pattern = std::vector<std::pair<std::string, double>>;

// Names of modules, or ends of them; with '^' in front, whole ones.
Result<Pattern> read_pattern(json::View config, std::string_view key, double max) {
  Pattern all;
  for (const auto& [name, value] : config[key].members()) {
    const auto number = value.number();
    if (!number || !(*number >= 0) || *number > max)
      return fail(Code::InvalidArgument, cat("adapter_config.json: a number of ", key));
    const std::string_view plain = name.starts_with('^') ? name.substr(1) : name;
    const bool is_plain = std::ranges::all_of(plain, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '.' || c == '-';
    });
    if (!is_plain) return fail(Code::NotBuilt, cat("expressions in ", key, ", as \"", name, "\""));
    all.emplace_back(name, *number);
  }
  return all;
}

double look_up(const Pattern& pattern, std::string_view module, double otherwise) {
  for (const auto& [name, number] : pattern) {
    const std::string_view plain = name;
    if (plain.starts_with('^') ? module == plain.substr(1)
                               : module == plain || module.ends_with(cat(".", plain)))
      return number;
  }
  return otherwise;
}

// The tensor of `base` that an adapter calls `name`: the same, or with fewer or more of the names
// of networks in front ("model.", "transformer."), as files of a network without its head have it.
Result<std::string> find_name(const Weights& base, std::string_view name) {
  for (std::string_view end = name;;) {
    if (base.find(end) != nullptr) return std::string(end);
    const std::size_t dot = end.find('.');
    // What is left must say which layer or part is meant.
    if (dot == std::string_view::npos || end.find('.', dot + 1) == std::string_view::npos) break;
    end.remove_prefix(dot + 1);
    if (!end.empty() && end.front() >= '0' && end.front() <= '9') break;
  }
  std::optional<std::string> found;
  for (const auto& [one, view] : base.all()) {
    if (!one.ends_with(cat(".", name))) continue;
    if (found) return fail(Code::InvalidArgument, cat("two tensors of the model end in ", name));
    found = one;
  }
  if (!found)
    return fail(Code::InvalidArgument,
                cat("the adapter changes ", name, ", which the model lacks"));
  return *found;
}

struct Merged {
  Weights base;
  Weights adapter;
  std::vector<OwnedTensor> tensors;
};

}  // namespace

Result<LoraAdapter> LoraAdapter::open(rt::Blocking blocking, const std::filesystem::path& folder) {
  const std::string config_path = (folder / "adapter_config.json").string();
  EMB_TRY(const std::string text, read_file(config_path, kConfigBytesMax));
  const auto config = json::Document::parse(text);
  if (!config) return fail(Error(config.error()).while_doing(config_path));
  EMB_TRY(const Weights tensors, Weights::open(blocking, folder / "adapter_model.safetensors"));
  return parse(config->root(), tensors);
}

Result<LoraAdapter> LoraAdapter::parse(json::View adapter_config, const Weights& tensors) {
  EMB_DO(refuse_what_is_not_built(adapter_config));
  ConfigReader read(adapter_config, "adapter_config.json");
  const auto rank = static_cast<double>(read.integer_or("r", 8, 1, kRankMax));
  const double alpha = read.number_or("lora_alpha", 8, 0, 1e6);
  const bool by_root = read.flag_or("use_rslora", false);
  const bool turned = read.flag_or("fan_in_fan_out", false);
  EMB_DO(read.status());
  EMB_TRY(const Pattern ranks,
          read_pattern(adapter_config, "rank_pattern", static_cast<double>(kRankMax)));
  EMB_TRY(const Pattern alphas, read_pattern(adapter_config, "alpha_pattern", 1e6));

  LoraAdapter made;
  made.tensors_ = tensors;
  for (const auto& [name, view] : tensors.all()) {
    if (!name.starts_with(kPrefix))
      return fail(Code::InvalidArgument, cat("tensor ", name, " is not of an adapter"));
    std::string inner = name.substr(kPrefix.size());
    const bool is_second = std::ranges::any_of(
        kSecond, [&](std::string_view ending) { return inner.ends_with(ending); });
    if (is_second) continue;  // found by the first
    const std::size_t kind = inner.ends_with(kFirst[0]) ? 0 : inner.ends_with(kFirst[1]) ? 1 : 2;
    if (kind == 2) {
      if (inner.find(".lora_") != std::string::npos)
        return fail(Code::NotBuilt, cat("LoRA adapters with tensors such as ", name));
      constexpr std::string_view kWrapped = ".base_layer.";
      if (const auto at = inner.find(kWrapped); at != std::string::npos)
        inner.replace(at, kWrapped.size(), ".");
      made.wholes_.push_back({std::move(inner), view});
      continue;
    }
    Change change;
    change.module = inner.substr(0, inner.size() - kFirst[kind].size());
    const TensorView* second = tensors.find(cat(kPrefix, change.module, kSecond[kind]));
    if (second == nullptr)
      return fail(Code::InvalidArgument, cat("the adapter lacks the second half of ", name));
    if (view.shape.size() != 2 || second->shape.size() != 2)
      return fail(Code::NotBuilt, cat("LoRA adapters of convolutions, as ", change.module));
    change.rank = static_cast<std::size_t>(view.shape[0]);
    change.inputs = static_cast<std::size_t>(view.shape[1]);
    change.outputs = static_cast<std::size_t>(second->shape[0]);
    const double expected = look_up(ranks, change.module, rank);
    if (second->shape[1] != view.shape[0] || static_cast<double>(change.rank) != expected ||
        change.rank == 0) {
      return fail(Code::InvalidArgument,
                  cat("the factors of ", change.module, " are ", render_shape(view.shape), " and ",
                      render_shape(second->shape), ", which do not fit adapter_config.json"));
    }
    change.scale = static_cast<float>(look_up(alphas, change.module, alpha) /
                                      (by_root ? std::sqrt(expected) : expected));
    change.turned = kind == 1 || turned;
    EMB_TRY(change.a, read_all(view));
    EMB_TRY(change.b, read_all(*second));
    made.changes_.push_back(std::move(change));
  }
  for (const auto& [name, view] : tensors.all()) {
    for (std::size_t kind = 0; kind < 2; ++kind) {
      if (name.ends_with(kSecond[kind]) &&
          tensors.find(cat(name.substr(0, name.size() - kSecond[kind].size()), kFirst[kind])) ==
              nullptr)
        return fail(Code::InvalidArgument, cat("the adapter lacks the first half of ", name));
    }
  }
  if (made.changes_.empty() && made.wholes_.empty())
    return fail(Code::InvalidArgument, "the adapter changes nothing");
  return made;
}

Result<Weights> LoraAdapter::merge(Team& team, const Weights& base, Precision precision) const {
  auto merged = std::make_shared<Merged>();
  merged->base = base;
  merged->adapter = tensors_;
  auto views = base.all();
  // Names in front are read away, so two of the adapter's may mean one of the model's.
  std::set<std::string> replaced;
  std::set<std::string> changed;
  const auto once = [](std::set<std::string>& names, const std::string& name) -> Status {
    if (names.insert(name).second) return Done{};
    return fail(Code::InvalidArgument, cat("the adapter changes ", name, " twice"));
  };
  for (const Whole& whole : wholes_) {
    EMB_TRY(const std::string name, find_name(base, whole.name));
    EMB_DO(once(replaced, name));
    views[name] = whole.view;
  }
  merged->tensors.reserve(changes_.size());  // views point into them
  for (const Change& change : changes_) {
    EMB_TRY(const std::string name, find_name(base, change.module + ".weight"));
    EMB_DO(once(changed, name));
    TensorView& view = views[name];
    const std::size_t rows = change.turned ? change.inputs : change.outputs;
    const std::size_t columns = change.turned ? change.outputs : change.inputs;
    if (view.shape !=
        std::vector{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)}) {
      return fail(Code::InvalidArgument,
                  cat("the adapter's ", change.module, " does not fit tensor ", name, " of shape ",
                      render_shape(view.shape)));
    }
    EMB_TRY(std::vector<float> values, read_all(view));
    // A row of the weight is a row of one factor times all of the other.
    const auto row_factor = [&](std::size_t row, std::size_t r) {
      return change.scale *
             (change.turned ? change.a[r * change.inputs + row] : change.b[row * change.rank + r]);
    };
    team.split(rows, 16, [&](std::size_t begin, std::size_t end) {
      std::vector<float> sums(columns);
      for (std::size_t row = begin; row < end; ++row) {
        std::ranges::fill(sums, 0.0f);
        for (std::size_t r = 0; r < change.rank; ++r) {
          const float factor = row_factor(row, r);
          const std::size_t stride = change.turned ? change.rank : 1;
          const float* other =
              change.turned ? change.b.data() + r : change.a.data() + r * change.inputs;
          for (std::size_t i = 0; i < columns; ++i) sums[i] += factor * other[i * stride];
        }
        float* into = values.data() + row * columns;
        for (std::size_t i = 0; i < columns; ++i) into[i] += sums[i];
      }
    });
    const bool wide =
        precision != Precision::AsStored || view.dtype == DType::F32 || view.dtype == DType::F64;
    OwnedTensor tensor;
    tensor.name = name;
    tensor.dtype = wide ? DType::F32 : DType::BF16;
    tensor.shape = view.shape;
    tensor.bytes.resize(values.size() * (wide ? sizeof(float) : sizeof(std::uint16_t)));
    if (wide) {
      std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
    } else {
      for (std::size_t i = 0; i < values.size(); ++i) {
        const std::uint16_t half = bfloat_bits(values[i]);
        std::memcpy(tensor.bytes.data() + i * sizeof half, &half, sizeof half);
      }
    }
    merged->tensors.push_back(std::move(tensor));
    const OwnedTensor& kept = merged->tensors.back();
    view = {kept.dtype, kept.shape, kept.bytes};
  }
  return Weights::from_views(std::move(views), std::move(merged));
}

}  // namespace embrace::transformers
