#include "hub/card_fields.h"

#include <algorithm>
#include <array>

namespace embrace::hub {
namespace {

// The identifiers that the Hub's documentation lists for `license:`.
constexpr std::array kLicenses = std::to_array<std::string_view>({
    "afl-3.0",
    "agpl-3.0",
    "apache-2.0",
    "apple-amlr",
    "apple-ascl",
    "artistic-2.0",
    "bigcode-openrail-m",
    "bigscience-bloom-rail-1.0",
    "bigscience-openrail-m",
    "bsd",
    "bsd-2-clause",
    "bsd-3-clause",
    "bsd-3-clause-clear",
    "bsl-1.0",
    "c-uda",
    "cc",
    "cc-by-2.0",
    "cc-by-2.5",
    "cc-by-3.0",
    "cc-by-4.0",
    "cc-by-nc-2.0",
    "cc-by-nc-3.0",
    "cc-by-nc-4.0",
    "cc-by-nc-nd-3.0",
    "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-2.0",
    "cc-by-nc-sa-3.0",
    "cc-by-nc-sa-4.0",
    "cc-by-nd-4.0",
    "cc-by-sa-3.0",
    "cc-by-sa-4.0",
    "cc0-1.0",
    "cdla-permissive-1.0",
    "cdla-permissive-2.0",
    "cdla-sharing-1.0",
    "creativeml-openrail-m",
    "deepfloyd-if-license",
    "ecl-2.0",
    "epl-1.0",
    "epl-2.0",
    "etalab-2.0",
    "eupl-1.1",
    "eupl-1.2",
    "fair-noncommercial-research-license",
    "gemma",
    "gfdl",
    "gpl",
    "gpl-2.0",
    "gpl-3.0",
    "grok2-community",
    "h-research",
    "intel-research",
    "isc",
    "lgpl",
    "lgpl-2.1",
    "lgpl-3.0",
    "lgpl-lr",
    "llama2",
    "llama3",
    "llama3.1",
    "llama3.2",
    "llama3.3",
    "llama4",
    "lppl-1.3c",
    "mit",
    "mpl-2.0",
    "ms-pl",
    "ncsa",
    "odbl",
    "odc-by",
    "ofl-1.1",
    "open-mdw",
    "openmdw-1.0",
    "openrail",
    "openrail++",
    "osl-3.0",
    "other",
    "pddl",
    "postgresql",
    "tii-falcon-llm",
    "unknown",
    "unlicense",
    "wtfpl",
    "zlib",
});

constexpr std::array kTasks = std::to_array<std::string_view>({
    "any-to-any",
    "audio-classification",
    "audio-text-to-text",
    "audio-to-audio",
    "automatic-speech-recognition",
    "depth-estimation",
    "document-question-answering",
    "feature-extraction",
    "fill-mask",
    "graph-ml",
    "image-classification",
    "image-feature-extraction",
    "image-segmentation",
    "image-text-to-text",
    "image-to-3d",
    "image-to-image",
    "image-to-text",
    "image-to-video",
    "keypoint-detection",
    "mask-generation",
    "multiple-choice",
    "object-detection",
    "question-answering",
    "reinforcement-learning",
    "robotics",
    "sentence-similarity",
    "summarization",
    "table-question-answering",
    "tabular-classification",
    "tabular-regression",
    "text-classification",
    "text-generation",
    "text-ranking",
    "text-to-3d",
    "text-to-audio",
    "text-to-image",
    "text-to-speech",
    "text-to-video",
    "text2text-generation",
    "time-series-forecasting",
    "token-classification",
    "translation",
    "unconditional-image-generation",
    "video-classification",
    "video-text-to-text",
    "video-to-video",
    "visual-document-retrieval",
    "visual-question-answering",
    "voice-activity-detection",
    "zero-shot-classification",
    "zero-shot-image-classification",
    "zero-shot-object-detection",
});

// Cards may say these, and lists have no place for them.
constexpr std::array kUnlistedTasks = std::to_array<std::string_view>({
    "image-text-to-image",
    "image-text-to-video",
    "other",
    "table-to-text",
    "tabular-to-text",
    "text-retrieval",
});

}  // namespace

bool is_known_license(std::string_view license) {
  return std::ranges::find(kLicenses, license) != kLicenses.end();
}

bool is_listed_task(std::string_view task) {
  return std::ranges::find(kTasks, task) != kTasks.end();
}

bool is_known_task(std::string_view task) {
  return is_listed_task(task) || std::ranges::find(kUnlistedTasks, task) != kUnlistedTasks.end();
}

std::vector<std::string> words_of(const json::View& field, std::size_t items_max) {
  std::vector<std::string> words;
  if (auto text = field.text()) {
    if (!text->empty()) words.emplace_back(*text);
    return words;
  }
  for (const auto& item : field.items()) {
    if (words.size() >= items_max) break;
    if (auto text = item.text(); text && !text->empty()) words.emplace_back(*text);
  }
  return words;
}

}  // namespace embrace::hub
