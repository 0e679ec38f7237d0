#include "hub/tag_kinds.h"

#include <algorithm>
#include <array>

#include "hub/card_fields.h"

namespace embrace::hub {
namespace {

constexpr auto kKinds = std::to_array<std::string_view>(
    {"pipeline_tag", "library", "license", "language", "dataset", "base_model", "model", "region",
     "other", "sdk", "task_categories", "size_categories", "format", "modality"});

constexpr auto kBareOfModels =
    std::to_array<std::string_view>({"pipeline_tag", "library", "language", "other"});
constexpr auto kBareOfSpaces = std::to_array<std::string_view>({"sdk", "other"});
constexpr auto kBareOfOthers = std::to_array<std::string_view>({"other"});

// Sorted.
constexpr auto kLibraries = std::to_array<std::string_view>({"BERTopic",
                                                             "PaddleOCR",
                                                             "adapter-transformers",
                                                             "allennlp",
                                                             "asteroid",
                                                             "chronos-forecasting",
                                                             "coreml",
                                                             "diffusers",
                                                             "espnet",
                                                             "fairseq",
                                                             "fastai",
                                                             "fasttext",
                                                             "flair",
                                                             "gguf",
                                                             "gliner",
                                                             "jax",
                                                             "joblib",
                                                             "keras",
                                                             "mlx",
                                                             "mlx-image",
                                                             "model2vec",
                                                             "nemo",
                                                             "ollama",
                                                             "onnx",
                                                             "open_clip",
                                                             "openvino",
                                                             "paddlenlp",
                                                             "peft",
                                                             "pyannote-audio",
                                                             "pytorch",
                                                             "pytorch_model_hub_mixin",
                                                             "pythae",
                                                             "rust",
                                                             "safetensors",
                                                             "sample-factory",
                                                             "scikit-learn",
                                                             "sentence-transformers",
                                                             "setfit",
                                                             "sklearn",
                                                             "spacy",
                                                             "span-marker",
                                                             "speechbrain",
                                                             "stable-baselines3",
                                                             "stanza",
                                                             "tf",
                                                             "tf-keras",
                                                             "tflite",
                                                             "tensorboard",
                                                             "tensorflowtts",
                                                             "timesfm",
                                                             "timm",
                                                             "transformers",
                                                             "transformers.js",
                                                             "trl",
                                                             "ultralytics",
                                                             "unity-sentis",
                                                             "vllm"});
// ISO 639-1, and the words that cards use beside it.
constexpr std::string_view kLanguages =
    " aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy "
    "da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu "
    "hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb "
    "lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om "
    "or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw "
    "ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu "
    "code multilingual ";

bool is_one_of(std::span<const std::string_view> words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

bool is_language(std::string_view tag) {
  if (tag.size() < 2 || tag.contains(' ')) return false;
  // "pt-BR" and "zh_Hant" are languages as much as "pt" and "zh" are.
  const std::string_view word = tag.substr(0, tag.find_first_of("-_"));
  if (word.size() != tag.size() && word.size() != 2) return false;
  for (auto at = kLanguages.find(word); at != kLanguages.npos; at = kLanguages.find(word, at + 1)) {
    if (kLanguages[at - 1] == ' ' && kLanguages[at + word.size()] == ' ') return true;
  }
  return false;
}

}  // namespace

std::span<const std::string_view> tag_kinds() { return kKinds; }

std::string_view tag_kind(RepoType type, std::string_view tag) {
  if (const auto colon = tag.find(':'); colon != tag.npos) {
    const auto named = tag.substr(0, colon);
    for (std::string_view kind : kKinds) {
      if (kind == named) return kind;
    }
    return "other";
  }
  if (type == RepoType::Model) {
    if (is_listed_task(tag)) return "pipeline_tag";
    if (is_one_of(kLibraries, tag)) return "library";
    if (is_language(tag)) return "language";
  }
  if (type == RepoType::Space &&
      is_one_of(std::to_array<std::string_view>({"gradio", "docker", "static", "streamlit"}), tag))
    return "sdk";
  return "other";
}

std::string_view tag_label(std::string_view kind, std::string_view tag) {
  const bool has_kind =
      tag.size() > kind.size() && tag.starts_with(kind) && tag[kind.size()] == ':';
  return has_kind ? tag.substr(kind.size() + 1) : tag;
}

std::span<const std::string_view> bare_tag_kinds(RepoType type) {
  switch (type) {
    case RepoType::Model:
      return kBareOfModels;
    case RepoType::Space:
      return kBareOfSpaces;
    case RepoType::Dataset:
    case RepoType::Kernel:
      break;
  }
  return kBareOfOthers;
}

}  // namespace embrace::hub
