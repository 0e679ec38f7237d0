#include "api/hf/repo_json.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "json/view.h"

namespace embrace::api {
namespace {

constexpr auto kModelExpand = std::to_array<std::string_view>({"author",
                                                               "baseModels",
                                                               "cardData",
                                                               "childrenModelCount",
                                                               "config",
                                                               "createdAt",
                                                               "disabled",
                                                               "downloads",
                                                               "downloadsAllTime",
                                                               "evalResults",
                                                               "gated",
                                                               "gguf",
                                                               "inference",
                                                               "inferenceProviderMapping",
                                                               "lastModified",
                                                               "library_name",
                                                               "likes",
                                                               "mask_token",
                                                               "model-index",
                                                               "pipeline_tag",
                                                               "private",
                                                               "resourceGroup",
                                                               "safetensors",
                                                               "sha",
                                                               "siblings",
                                                               "spaces",
                                                               "tags",
                                                               "transformersInfo",
                                                               "trendingScore",
                                                               "usedStorage",
                                                               "widgetData",
                                                               "gitalyUid",
                                                               "xetEnabled"});
constexpr auto kDatasetExpand = std::to_array<std::string_view>({"author",
                                                                 "cardData",
                                                                 "citation",
                                                                 "createdAt",
                                                                 "description",
                                                                 "disabled",
                                                                 "downloads",
                                                                 "downloadsAllTime",
                                                                 "gated",
                                                                 "lastModified",
                                                                 "likes",
                                                                 "mainSize",
                                                                 "paperswithcode_id",
                                                                 "private",
                                                                 "resourceGroup",
                                                                 "sha",
                                                                 "siblings",
                                                                 "tags",
                                                                 "trendingScore",
                                                                 "usedStorage",
                                                                 "gitalyUid",
                                                                 "xetEnabled"});
constexpr auto kSpaceExpand = std::to_array<std::string_view>(
    {"author",      "cardData",  "createdAt", "datasets",  "disabled",      "lastModified",
     "likes",       "models",    "private",   "region",    "resourceGroup", "runtime",
     "sdk",         "sha",       "siblings",  "subdomain", "tags",          "trendingScore",
     "usedStorage", "gitalyUid", "xetEnabled"});
constexpr auto kKernelExpand =
    std::to_array<std::string_view>({"author", "downloads", "gated", "lastModified", "likes",
                                     "private", "sha", "siblings", "tags", "createdAt"});

constexpr auto kModelInfo = std::to_array<std::string_view>(
    {"author",     "sha",       "lastModified", "createdAt",  "private",          "gated",
     "disabled",   "downloads", "likes",        "tags",       "pipeline_tag",     "library_name",
     "mask_token", "cardData",  "model-index",  "config",     "transformersInfo", "safetensors",
     "gguf",       "spaces",    "siblings",     "usedStorage"});
constexpr auto kDatasetInfo = std::to_array<std::string_view>(
    {"author", "sha", "lastModified", "createdAt", "private", "gated", "disabled", "downloads",
     "likes", "tags", "description", "cardData", "siblings", "usedStorage"});
constexpr auto kSpaceInfo = std::to_array<std::string_view>(
    {"author", "sha", "lastModified", "createdAt", "private", "disabled", "likes", "tags", "sdk",
     "subdomain", "cardData", "models", "datasets", "siblings", "usedStorage"});

constexpr auto kModelList =
    std::to_array<std::string_view>({"likes", "trendingScore", "private", "downloads", "tags",
                                     "pipeline_tag", "library_name", "createdAt"});
constexpr auto kModelFull = std::to_array<std::string_view>(
    {"author", "gated", "disabled", "sha", "lastModified", "likes", "trendingScore", "private",
     "downloads", "tags", "pipeline_tag", "library_name", "createdAt", "siblings"});
constexpr auto kDatasetList = std::to_array<std::string_view>(
    {"author", "disabled", "gated", "lastModified", "likes", "trendingScore", "private", "sha",
     "description", "downloads", "tags", "createdAt"});
constexpr auto kDatasetFull = std::to_array<std::string_view>(
    {"author", "disabled", "gated", "lastModified", "likes", "trendingScore", "private", "sha",
     "description", "downloads", "tags", "createdAt", "siblings", "cardData"});
constexpr auto kSpaceList = std::to_array<std::string_view>(
    {"likes", "trendingScore", "private", "sdk", "tags", "createdAt"});
constexpr auto kSpaceFull = std::to_array<std::string_view>(
    {"author", "lastModified", "likes", "trendingScore", "private", "sdk", "tags", "createdAt",
     "sha", "subdomain", "siblings", "cardData", "models", "datasets"});

void render_gated(json::Writer& w, meta::Gating gating) {
  w.key("gated");
  if (gating == meta::Gating::Open)
    w.value(false);
  else
    w.value(gating == meta::Gating::Auto ? "auto" : "manual");
}

void render_siblings(json::Writer& w, const RepoFacts& facts) {
  if (!facts.files) return;
  w.key("siblings").begin_array();
  for (const git::Entry& file : *facts.files) {
    if (file.is_folder()) continue;
    w.begin_object().field("rfilename", file.path);
    if (facts.file_sizes) {
      w.field("size", file.size_bytes()).field("blobId", file.oid.hex());
      if (file.lfs) {
        w.key("lfs")
            .begin_object()
            .field("sha256", file.lfs->sha256.hex())
            .field("size", file.lfs->size_bytes);
        w.field("pointerSize", file.blob_bytes).end_object();
      }
    }
    w.end_object();
  }
  w.end_array();
}

// "acme/chat.demo" is served at acme-chat-demo: a host name holds letters, digits and hyphens.
std::string subdomain(const RepoName& name) {
  std::string out = to_lower(cat(name.ns, "-", name.name));
  for (char& c : out) {
    if (c == '.' || c == '_') c = '-';
  }
  return out;
}

// Ids that the card names in tags: "dataset:ns/x" and so on.
void render_tagged_ids(json::Writer& w, const meta::Repo& repo, std::string_view property,
                       std::string_view prefix) {
  w.key(property).begin_array();
  for (const std::string& tag : repo.card.tags) {
    if (tag.starts_with(prefix)) w.value(std::string_view(tag).substr(prefix.size()));
  }
  w.end_array();
}

void text_field(json::Writer& w, std::string_view name, const std::string& value) {
  if (!value.empty()) w.field(name, value);
}

void raw_field(json::Writer& w, std::string_view name, const std::string& json) {
  if (!json.empty()) w.key(name).raw(json);
}

// One value of the card's metadata as it stands there, when it is of the kind that is meant.
enum class Kind : std::uint8_t { Text, Array };
void card_field(json::Writer& w, const meta::Repo& repo, std::string_view name,
                std::string_view in_card, Kind kind) {
  if (!repo.card.card_json.contains(in_card)) return;  // most cards: nothing to parse for
  const auto card = json::Document::parse(repo.card.card_json);
  if (!card) return;
  const json::View value = card->root()[in_card];
  if (kind == Kind::Text ? value.is_string() : value.is_array()) w.key(name).raw(value.render());
}

// A token stands in tokenizer_config.json as text or as {"content": text, ...}.
void render_mask_token(json::Writer& w, const RepoFacts& facts) {
  if (!facts.repo.card.config_json.contains("mask_token")) return;
  const auto config = json::Document::parse(facts.repo.card.config_json);
  if (!config) return;
  const json::View token = config->root()["tokenizer_config"]["mask_token"];
  const auto text = token.is_object() ? token["content"].text() : token.text();
  if (text && !text->empty()) w.field("mask_token", *text);
}

// Of "BertForMaskedLM": AutoModelForMaskedLM.
std::string auto_model_of(std::string_view architecture) {
  struct Class {
    std::string_view architecture;  // the end of its name
    std::string_view auto_model;
  };
  static constexpr Class kClasses[] = {
      {"LMHeadModel", "AutoModelForCausalLM"},
      {"WhisperForConditionalGeneration", "AutoModelForSpeechSeq2Seq"},
      {"VLForConditionalGeneration", "AutoModelForImageTextToText"},
      {"ForConditionalGeneration", "AutoModelForSeq2SeqLM"},
      {"MarianMTModel", "AutoModelForSeq2SeqLM"},
  };
  for (const Class& known : kClasses) {
    if (architecture.ends_with(known.architecture)) return std::string(known.auto_model);
  }
  for (std::string_view task :
       {"ForCausalLM", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification",
        "ForQuestionAnswering", "ForMultipleChoice", "ForSpeechSeq2Seq", "ForCTC",
        "ForAudioClassification", "ForImageClassification", "ForObjectDetection",
        "ForSemanticSegmentation", "ForUniversalSegmentation", "ForDepthEstimation",
        "ForVision2Seq", "ForImageTextToText"}) {
    if (architecture.ends_with(task)) return cat("AutoModel", task);
  }
  return "AutoModel";
}

// These four names and no others, or Python's client fails.
void render_transformers_info(json::Writer& w, const RepoFacts& facts) {
  const meta::CardIndex& card = facts.repo.card;
  if (card.library_name != "transformers") return;
  const auto config = json::Document::parse(card.config_json);
  if (!config) return;
  const auto architectures = config->root()["architectures"].items();
  if (architectures.empty() || !architectures.front().text()) return;
  const std::string auto_model = auto_model_of(*architectures.front().text());
  w.key("transformersInfo").begin_object().field("auto_model", auto_model);
  if (const auto own = config->root()["auto_map"][auto_model].text()) w.field("custom_class", *own);
  if (!card.pipeline_tag.empty()) w.field("pipeline_tag", card.pipeline_tag);
  if (config->root()["tokenizer_config"].exists()) w.field("processor", "AutoTokenizer");
  w.end_object();
}

// Tags are "base_model:acme/x" and, of the same, "base_model:finetune:acme/x".
void render_base_models(json::Writer& w, const RepoFacts& facts) {
  constexpr std::string_view prefix = "base_model:";
  w.key("baseModels").begin_array();
  for (const std::string_view tag : facts.repo.card.tags) {
    if (tag.starts_with(prefix) && !tag.substr(prefix.size()).contains(':'))
      w.value(tag.substr(prefix.size()));
  }
  w.end_array();
}

using Render = void (*)(json::Writer&, const RepoFacts&);
struct Property {
  std::string_view name;
  Render render;
};
// What this hub does not know yet (inference, evaluation results ...) is simply absent, as
// it is for a repository on which the Hub knows nothing.
constexpr auto kProperties = std::to_array<Property>({
    {"author", [](json::Writer& w, const RepoFacts& f) { w.field("author", f.repo.name.ns); }},
    {"baseModels", render_base_models},
    {"cardData", [](json::Writer& w, const RepoFacts& f) { raw_field(w, "cardData", f.repo.card.card_json); }},
    {"childrenModelCount",
     [](json::Writer& w, const RepoFacts& f) {
       if (f.children) w.field("childrenModelCount", *f.children);
     }},
    {"citation", [](json::Writer& w, const RepoFacts& f) { card_field(w, f.repo, "citation", "citation", Kind::Text); }},
    {"config", [](json::Writer& w, const RepoFacts& f) { raw_field(w, "config", f.repo.card.config_json); }},
    {"createdAt", [](json::Writer& w, const RepoFacts& f) { w.field("createdAt", to_iso8601(f.repo.created_ms)); }},
    {"datasets", [](json::Writer& w, const RepoFacts& f) { render_tagged_ids(w, f.repo, "datasets", "dataset:"); }},
    {"description", [](json::Writer& w, const RepoFacts& f) { text_field(w, "description", f.repo.card.description); }},
    {"disabled", [](json::Writer& w, const RepoFacts& f) { w.field("disabled", f.repo.is_disabled); }},
    {"downloads", [](json::Writer& w, const RepoFacts& f) { w.field("downloads", f.repo.downloads); }},
    {"downloadsAllTime", [](json::Writer& w, const RepoFacts& f) { w.field("downloadsAllTime", f.repo.downloads_all); }},
    {"gated", [](json::Writer& w, const RepoFacts& f) { render_gated(w, f.repo.gating); }},
    {"lastModified", [](json::Writer& w, const RepoFacts& f) { w.field("lastModified", to_iso8601(f.repo.modified_ms)); }},
    {"gguf", [](json::Writer& w, const RepoFacts& f) { raw_field(w, "gguf", f.repo.card.gguf_json); }},
    {"library_name", [](json::Writer& w, const RepoFacts& f) { text_field(w, "library_name", f.repo.card.library_name); }},
    {"likes", [](json::Writer& w, const RepoFacts& f) { w.field("likes", f.repo.likes); }},
    {"mask_token", render_mask_token},
    {"model-index", [](json::Writer& w, const RepoFacts& f) { card_field(w, f.repo, "model-index", "model-index", Kind::Array); }},
    {"models", [](json::Writer& w, const RepoFacts& f) { render_tagged_ids(w, f.repo, "models", "model:"); }},
    {"paperswithcode_id", [](json::Writer& w, const RepoFacts& f) { card_field(w, f.repo, "paperswithcode_id", "paperswithcode_id", Kind::Text); }},
    {"pipeline_tag", [](json::Writer& w, const RepoFacts& f) { text_field(w, "pipeline_tag", f.repo.card.pipeline_tag); }},
    {"private", [](json::Writer& w, const RepoFacts& f) { w.field("private", f.repo.is_private); }},
    {"safetensors", [](json::Writer& w, const RepoFacts& f) { raw_field(w, "safetensors", f.repo.card.safetensors_json); }},
    {"sdk", [](json::Writer& w, const RepoFacts& f) { text_field(w, "sdk", f.repo.card.sdk); }},
    {"sha", [](json::Writer& w, const RepoFacts& f) { w.field("sha", f.sha); }},
    {"siblings", render_siblings},
    {"spaces", [](json::Writer& w, const RepoFacts&) { w.key("spaces").begin_array().end_array(); }},
    {"subdomain", [](json::Writer& w, const RepoFacts& f) { w.field("subdomain", subdomain(f.repo.name)); }},
    {"tags",
     [](json::Writer& w, const RepoFacts& f) {
       w.key("tags").begin_array();
       for (const std::string& tag : f.repo.card.tags) w.value(tag);
       w.end_array();
     }},
    {"transformersInfo", render_transformers_info},
    {"trendingScore", [](json::Writer& w, const RepoFacts& f) { w.field("trendingScore", f.repo.trending); }},
    {"usedStorage", [](json::Writer& w, const RepoFacts& f) { w.field("usedStorage", f.repo.card.used_bytes); }},
    {"widgetData", [](json::Writer& w, const RepoFacts& f) { card_field(w, f.repo, "widgetData", "widget", Kind::Array); }},
    {"xetEnabled", [](json::Writer& w, const RepoFacts&) { w.field("xetEnabled", true); }},
});

}  // namespace

std::span<const std::string_view> expandable(RepoType type) {
  switch (type) {
    case RepoType::Model:
      return kModelExpand;
    case RepoType::Dataset:
      return kDatasetExpand;
    case RepoType::Space:
      return kSpaceExpand;
    case RepoType::Kernel:
      break;
  }
  return kKernelExpand;
}

Status check_expand(RepoType type, const std::vector<std::string>& expand) {
  const auto allowed = expandable(type);
  for (const std::string& name : expand) {
    if (std::ranges::find(allowed, name) != allowed.end()) continue;
    std::string list;
    for (std::string_view word : allowed) {
      if (word == "gitalyUid" || word == "xetEnabled") continue;  // accepted, not advertised
      if (!list.empty()) list += ", ";
      list += word;
    }
    return fail(Code::InvalidArgument, cat("\"expand\" must be one of [", list, "]"));
  }
  return Done{};
}

std::span<const std::string_view> info_properties(RepoType type) {
  switch (type) {
    case RepoType::Model:
      return kModelInfo;
    case RepoType::Dataset:
      return kDatasetInfo;
    case RepoType::Space:
      return kSpaceInfo;
    case RepoType::Kernel:
      break;
  }
  return kKernelExpand;
}

std::span<const std::string_view> list_properties(RepoType type) {
  switch (type) {
    case RepoType::Model:
      return kModelList;
    case RepoType::Dataset:
      return kDatasetList;
    case RepoType::Space:
      return kSpaceList;
    case RepoType::Kernel:
      break;
  }
  return kKernelExpand;
}

std::span<const std::string_view> full_list_properties(RepoType type) {
  switch (type) {
    case RepoType::Model:
      return kModelFull;
    case RepoType::Dataset:
      return kDatasetFull;
    case RepoType::Space:
      return kSpaceFull;
    case RepoType::Kernel:
      break;
  }
  return kKernelExpand;
}

void begin_repo(json::Writer& w, const RepoFacts& facts) {
  const std::string id = facts.repo.name.id();
  w.begin_object()
      .field("_id", meta::objid(facts.repo.created_ms, 'r', facts.repo.id))
      .field("id", id);
  if (facts.repo.name.type == RepoType::Model) w.field("modelId", id);
}

void render_property(json::Writer& w, const RepoFacts& facts, std::string_view property) {
  for (const Property& known : kProperties) {
    if (known.name == property) return known.render(w, facts);
  }
}

}  // namespace embrace::api
