// index_card: what listings and info show, from the card, config.json, file names and safetensors
// headers.

#include <algorithm>
#include <array>
#include <set>

#include "base/strings.h"
#include "hub/card.h"
#include "hub/card_fields.h"
#include "hub/front_matter.h"
#include "hub/gguf.h"
#include "hub/safetensors.h"
#include "json/view.h"
#include "json/writer.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kCardBytesMax = 1u << 20;
constexpr std::size_t kConfigBytesMax = 1u << 20;
constexpr std::size_t kTokenizerConfigBytesMax = 4u << 20;
constexpr std::size_t kConfigPartBytesMax = 256u << 10;  // of one value that is kept
constexpr std::size_t kTagsMax = 1'000;
constexpr std::size_t kTagBytesMax = 200;
constexpr std::size_t kShardsMax = 200;
constexpr std::size_t kDescriptionBytesMax = 400;

struct Task {
  std::string_view architecture;  // the end of its class name
  std::string_view tag;
};
constexpr auto kTasks = std::to_array<Task>({
    {"ForCausalLM", "text-generation"},
    {"LMHeadModel", "text-generation"},
    {"ForMaskedLM", "fill-mask"},
    {"ForSequenceClassification", "text-classification"},
    {"ForTokenClassification", "token-classification"},
    {"ForQuestionAnswering", "question-answering"},
    {"ForMultipleChoice", "multiple-choice"},
    {"ForSpeechSeq2Seq", "automatic-speech-recognition"},
    {"WhisperForConditionalGeneration", "automatic-speech-recognition"},
    {"ForCTC", "automatic-speech-recognition"},
    {"ForAudioClassification", "audio-classification"},
    {"ForImageClassification", "image-classification"},
    {"ForObjectDetection", "object-detection"},
    {"ForSemanticSegmentation", "image-segmentation"},
    {"ForUniversalSegmentation", "image-segmentation"},
    {"ForDepthEstimation", "depth-estimation"},
    {"ForVision2Seq", "image-to-text"},
    {"ForImageTextToText", "image-text-to-text"},
    {"T5ForConditionalGeneration", "text2text-generation"},
    {"BartForConditionalGeneration", "summarization"},
    {"MarianMTModel", "translation"},
    {"VLForConditionalGeneration", "image-text-to-text"},
    {"ForConditionalGeneration", "text2text-generation"},
    {"CLIPModel", "zero-shot-image-classification"},
    {"Model", "feature-extraction"},
});

// Everything that the index is made from, gathered once.
struct Facts {
  std::optional<json::Document> card_document, config_document, tokenizer_document,
      diffusers_document;
  json::View card, config, tokenizer, diffusers;
  std::string_view readme_body;
  std::set<std::string_view> formats;
  bool has_adapter = false, has_chat_template = false, is_sentence_transformer = false;
};

void add_tag(meta::CardIndex& index, std::string tag) {
  if (tag.empty() || tag.size() > kTagBytesMax || index.tags.size() >= kTagsMax ||
      !is_valid_utf8(tag))
    return;
  if (tag.find_first_of("\r\n\t") != tag.npos) return;
  if (std::ranges::find(index.tags, tag) == index.tags.end()) index.tags.push_back(std::move(tag));
}

void add_tags(meta::CardIndex& index, std::string_view prefix,
              const std::vector<std::string>& words) {
  for (const auto& word : words) add_tag(index, cat(prefix, word));
}

const git::Entry* find(const std::vector<git::Entry>& files, std::string_view path) {
  auto found = std::ranges::find(files, path, &git::Entry::path);
  return found == files.end() || found->is_folder() ? nullptr : &*found;
}

// Absent when there is no such file, or when it is no JSON object: a broken config.json is its
// author's affair.
json::View read_json(const std::vector<git::Entry>& files, const ReadStart& read,
                     std::string_view path, std::size_t bytes_max,
                     std::optional<json::Document>& keep) {
  const auto* entry = find(files, path);
  if (!entry || entry->size_bytes() > bytes_max) return {};
  auto document = json::Document::parse(read(*entry, bytes_max));
  if (!document || !document->root().is_object()) return {};
  keep = *std::move(document);
  return keep->root();
}

std::string guess_library(const Facts& facts) {
  if (auto named = facts.card.text_or("library_name", ""); !named.empty()) return named;
  if (facts.is_sentence_transformer) return "sentence-transformers";
  if (facts.diffusers["_class_name"].is_string()) return "diffusers";
  if (facts.has_adapter) return "peft";
  if (facts.config["model_type"].is_string() || facts.config["architectures"].is_array())
    return "transformers";
  return {};
}

std::string guess_task(const Facts& facts, std::string_view library) {
  if (auto named = facts.card.text_or("pipeline_tag", ""); !named.empty()) return named;
  if (library == "sentence-transformers") return "sentence-similarity";
  if (library == "diffusers") return "text-to-image";
  for (const auto& architecture : words_of(facts.config["architectures"], 8)) {
    for (const auto& task : kTasks) {
      if (architecture.ends_with(task.architecture)) return std::string(task.tag);
    }
  }
  return {};
}

std::string base_model_relation(const Facts& facts) {
  const auto named = facts.card.text_or("base_model_relation", "");
  for (std::string_view known : {"finetune", "quantized", "adapter", "merge"}) {
    if (named == known) return named;
  }
  if (facts.has_adapter) return "adapter";
  if (facts.formats.contains("gguf") || facts.config["quantization_config"].is_object())
    return "quantized";
  const auto bases = words_of(facts.card["base_model"], 100);
  const auto tags = words_of(facts.card["tags"]);
  if (bases.size() > 1 || std::ranges::find(tags, "merge") != tags.end()) return "merge";
  return "finetune";
}

bool is_arxiv_id(std::string_view id) {
  if (id.size() < 9 || id[4] != '.') return false;
  for (std::size_t i = 0; i < 9; ++i) {
    if (i != 4 && (id[i] < '0' || id[i] > '9')) return false;
  }
  return true;
}

// arxiv.org/abs/2301.00001 and arxiv.org/pdf/... in the text of the card.
void add_arxiv_tags(meta::CardIndex& index, std::string_view body) {
  constexpr std::string_view kHost = "arxiv.org/";
  std::size_t found = 0;
  for (auto at = body.find(kHost); at != body.npos && found < 50;
       at = body.find(kHost, at + kHost.size())) {
    auto id = body.substr(at + kHost.size(), 32);
    if (id.size() < 4 || (!id.starts_with("abs/") && !id.starts_with("pdf/"))) continue;
    id.remove_prefix(4);
    if (!is_arxiv_id(id)) continue;
    const bool has_fifth = id.size() > 9 && id[9] >= '0' && id[9] <= '9';
    add_tag(index, cat("arxiv:", id.substr(0, has_fifth ? 10 : 9)));
    ++found;
  }
}

std::string render_config(const Facts& facts) {
  if (!facts.config.exists() && !facts.tokenizer.exists() && !facts.diffusers.exists()) return {};
  json::Writer writer;
  writer.begin_object();
  const auto copy = [&](const json::View& from, std::string_view key) {
    if (!from[key].exists() || from[key].is_null()) return;
    auto text = from[key].render();
    if (text.size() <= kConfigPartBytesMax) writer.key(key).raw(text);
  };
  for (auto key : {"architectures", "model_type", "auto_map", "quantization_config"})
    copy(facts.config, key);
  if (facts.tokenizer.exists()) {
    writer.key("tokenizer_config").begin_object();
    for (auto key : {"chat_template", "bos_token", "eos_token", "pad_token", "unk_token",
                     "sep_token", "cls_token", "mask_token", "use_default_system_prompt"}) {
      copy(facts.tokenizer, key);
    }
    writer.end_object();
  }
  if (facts.diffusers["_class_name"].is_string()) {
    writer.key("diffusers").begin_object();
    copy(facts.diffusers, "_class_name");
    writer.end_object();
  }
  return writer.end_object().take();
}

void add_model_tags(meta::CardIndex& index, const Facts& facts) {
  add_tag(index, index.library_name);
  for (auto format : {"safetensors", "gguf", "onnx", "pytorch", "tf", "jax", "tflite", "coreml",
                      "keras", "joblib"}) {
    if (facts.formats.contains(format)) add_tag(index, format);
  }
  add_tag(index, facts.config.text_or("model_type", ""));
  add_tag(index, index.pipeline_tag);
  add_tags(index, "", words_of(facts.card["tags"]));
  const bool is_transformers = index.library_name == "transformers";
  if (facts.has_chat_template) add_tag(index, "conversational");
  if (facts.config["auto_map"].is_object()) add_tag(index, "custom_code");
  add_tags(index, "", words_of(facts.card["language"]));
  add_tags(index, "dataset:", words_of(facts.card["datasets"]));
  add_arxiv_tags(index, facts.readme_body);
  const auto bases = words_of(facts.card["base_model"], 100);
  add_tags(index, "base_model:", bases);
  if (!bases.empty()) add_tags(index, cat("base_model:", base_model_relation(facts), ":"), bases);
  if (is_transformers) {
    if (index.pipeline_tag == "text-generation") add_tag(index, "text-generation-inference");
    add_tag(index, "autotrain_compatible");
  }
  if (!index.pipeline_tag.empty() && !index.library_name.empty())
    add_tag(index, "endpoints_compatible");
}

void add_dataset_tags(meta::CardIndex& index, const Facts& facts) {
  for (auto key : {"task_categories", "task_ids", "annotations_creators", "language_creators",
                   "multilinguality", "source_datasets"}) {
    add_tags(index, cat(key, ":"), words_of(facts.card[key]));
  }
  add_tags(index, "language:", words_of(facts.card["language"]));
  add_tags(index, "size_categories:", words_of(facts.card["size_categories"]));
  bool is_loadable = false;
  for (auto format : {"parquet", "csv", "json", "text", "arrow", "webdataset"}) {
    if (!facts.formats.contains(format)) continue;
    add_tag(index, cat("format:", format));
    is_loadable = true;
  }
  for (auto [format, folder] :
       {std::pair{"image", "imagefolder"}, {"audio", "audiofolder"}, {"video", "videofolder"}}) {
    if (!facts.formats.contains(format)) continue;
    if (!is_loadable) add_tag(index, cat("format:", folder));
    add_tag(index, cat("modality:", format));
    is_loadable = true;
  }
  if (facts.formats.contains("csv")) add_tag(index, "modality:tabular");
  if (facts.formats.contains("json") || facts.formats.contains("text"))
    add_tag(index, "modality:text");
  if (is_loadable) add_tag(index, "library:datasets");
  add_arxiv_tags(index, facts.readme_body);
  add_tags(index, "", words_of(facts.card["tags"]));
}

// The first paragraph of a dataset's README, without headings.
std::string describe(std::string_view body) {
  std::string text;
  for (auto line : split(body, '\n')) {
    line = trim(line);
    if (line.starts_with('#') || line.starts_with('<') || line.starts_with('!') ||
        line.starts_with("---"))
      continue;
    if (line.empty()) {
      if (!text.empty()) break;
      continue;
    }
    if (!text.empty()) text += ' ';
    text += line;
    if (text.size() > kDescriptionBytesMax) break;
  }
  if (text.size() > kDescriptionBytesMax) {
    auto end = kDescriptionBytesMax;
    while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xc0) == 0x80)
      --end;  // not inside a character
    text.resize(end);
    text += "...";
  }
  return is_valid_utf8(text) ? text : std::string();
}

std::optional<ParameterCounts> count_parameters(const git::Entry& file, const ReadStart& read) {
  constexpr std::size_t kFirstRead = 128u << 10;  // holds most headers whole
  auto start = read(file, kFirstRead);
  const auto length = parse_safetensors_length(start);
  if (!length || *length + 8 > file.size_bytes()) return std::nullopt;
  if (start.size() < *length + 8) start = read(file, *length + 8);
  if (start.size() < *length + 8) return std::nullopt;
  auto counts = parse_safetensors_header(std::string_view(start).substr(8, *length));
  if (!counts) return std::nullopt;
  return *std::move(counts);
}

// One whole file, or every shard of one that an index names.
void index_safetensors(meta::CardIndex& index, const std::vector<git::Entry>& files,
                       const ReadStart& read) {
  std::vector<const git::Entry*> weights, shards;
  for (const auto& file : files) {
    if (file.is_folder() || !file.path.ends_with(".safetensors") || file.path.contains('/'))
      continue;
    (file.path.contains("-of-") ? shards : weights).push_back(&file);
  }
  const auto* whole = find(files, "model.safetensors");
  if (!whole && shards.empty() && !weights.empty()) whole = weights.front();
  ParameterCounts counts;
  if (whole) {
    if (auto one = count_parameters(*whole, read)) counts.add(*one);
  } else if (shards.size() <= kShardsMax) {
    for (const auto* shard : shards) {
      auto one = count_parameters(*shard, read);
      if (!one) return;  // half a count would be a wrong one
      counts.add(*one);
    }
  }
  if (counts.total == 0) return;
  index.safetensors_json = counts.render(!whole);
  index.num_parameters = static_cast<std::int64_t>(counts.total);
}

// A file's head, however long it turns out to be.
std::optional<GgufFacts> read_gguf(const git::Entry& file, const ReadStart& read) {
  constexpr std::size_t kFirstRead = 1u << 20;
  for (std::size_t bytes_max = kFirstRead; bytes_max <= kGgufHeadBytesMax; bytes_max *= 4) {
    const auto start = read(file, bytes_max);
    auto facts = parse_gguf_head(start);
    if (!facts) return std::nullopt;
    if (*facts) return **std::move(facts);
    if (start.size() < bytes_max) return std::nullopt;  // the file ends in its head
  }
  return std::nullopt;
}

// "bert-00001-of-00003.gguf" -> "bert-"; "" for a file that is whole.
std::string_view gguf_shard_of(std::string_view path) {
  constexpr std::size_t tail = std::string_view("00001-of-00003.gguf").size();
  if (path.size() < tail || !path.substr(path.size() - tail).substr(5).starts_with("-of-"))
    return {};
  return path.substr(0, path.size() - tail);
}

// The first file says what the model is. Of one in shards, every shard says how large.
void index_gguf(meta::CardIndex& index, const std::vector<git::Entry>& files,
                const ReadStart& read) {
  std::vector<const git::Entry*> found;
  for (const auto& file : files) {
    if (!file.is_folder() && file.path.ends_with(".gguf") && !file.path.contains('/'))
      found.push_back(&file);
  }
  if (found.empty()) return;
  auto facts = read_gguf(*found.front(), read);
  if (!facts) return;
  std::size_t shards = 1;
  if (const auto of = gguf_shard_of(found.front()->path); !of.empty()) {
    for (std::size_t i = 1; i < found.size() && shards < kShardsMax; ++i) {
      if (gguf_shard_of(found[i]->path) != of) continue;
      const auto more = read_gguf(*found[i], read);
      if (!more) return;  // half a count would be a wrong one
      facts->total += more->total;
      ++shards;
    }
  }
  index.gguf_json = facts->render();
  if (index.num_parameters == 0) index.num_parameters = static_cast<std::int64_t>(facts->total);
}

void read_readme(Facts& facts, meta::CardIndex& index, const std::string& readme) {
  const auto front = split_front_matter(readme);
  facts.readme_body = front.body;
  if (!front.is_present) return;
  auto json = yaml_to_json(front.yaml);
  if (!json) return;  // refused at upload already; a push that slipped through shows no metadata
  auto document = json::Document::parse(*json);
  if (!document || !document->root().is_object()) return;
  if (json->size() <= kShownCardBytesMax) index.card_json = *std::move(json);
  facts.card_document = *std::move(document);
  facts.card = facts.card_document->root();
}

}  // namespace

meta::CardIndex index_card(RepoType type, const std::vector<git::Entry>& files,
                           const ReadStart& read) {
  meta::CardIndex index;
  Facts facts;
  const bool is_model = type == RepoType::Model;
  for (const auto& file : files) {
    if (file.is_folder()) continue;
    index.used_bytes += file.size_bytes();
    // Data formats of a dataset are those of its data: README and configuration files say nothing.
    if (!is_card_source(file.path) || is_model) {
      if (auto format = file_format(file.path); !format.empty()) facts.formats.insert(format);
    }
  }
  std::string readme;
  if (const auto* entry = find(files, "README.md")) readme = read(*entry, kCardBytesMax);
  read_readme(facts, index, readme);
  index.license = facts.card.text_or("license", "");

  if (is_model) {
    facts.config = read_json(files, read, "config.json", kConfigBytesMax, facts.config_document);
    facts.tokenizer = read_json(files, read, "tokenizer_config.json", kTokenizerConfigBytesMax,
                                facts.tokenizer_document);
    facts.diffusers =
        read_json(files, read, "model_index.json", kConfigBytesMax, facts.diffusers_document);
    facts.has_adapter = find(files, "adapter_config.json") != nullptr;
    facts.is_sentence_transformer = find(files, "modules.json") != nullptr;
    facts.has_chat_template = facts.tokenizer["chat_template"].exists() ||
                              find(files, "chat_template.jinja") ||
                              find(files, "chat_template.json");
    index.config_json = render_config(facts);
    index.library_name = guess_library(facts);
    index.pipeline_tag = guess_task(facts, index.library_name);
    index_safetensors(index, files, read);
    index_gguf(index, files, read);
    add_model_tags(index, facts);
  } else if (type == RepoType::Dataset) {
    index.description = describe(facts.readme_body);
    add_dataset_tags(index, facts);
  } else {
    index.sdk = facts.card.text_or("sdk", "");
    add_tag(index, index.sdk);
    add_tags(index, "", words_of(facts.card["tags"]));
    add_tags(index, "model:", words_of(facts.card["models"]));
    add_tags(index, "dataset:", words_of(facts.card["datasets"]));
  }
  add_tags(index, "license:", words_of(facts.card["license"], 20));
  add_tag(index, "region:us");
  return index;
}

}  // namespace embrace::hub
