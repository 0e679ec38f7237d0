#include "transformers/pipelines/pipeline.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/file.h"
#include "base/strings.h"
#include "transformers/embeddings/model_files.h"
#include "transformers/models/decoder_families.h"
#include "transformers/models/encoder.h"
#include "transformers/pipelines/tasks.h"

namespace embrace::transformers {

namespace {

// Sounds of an hour and a half at 48 kHz; images are smaller.
constexpr std::size_t kFileBytesMax = std::size_t{1} << 30;

// What a class of the official package was made for, by the end of its name; the first that fits.
constexpr std::pair<std::string_view, std::string_view> kTaskOfClass[] = {
    {"WhisperForConditionalGeneration", "automatic-speech-recognition"},
    {"ForCTC", "automatic-speech-recognition"},
    {"Wav2Vec2ForSequenceClassification", "audio-classification"},
    {"MarianMTModel", "translation"},
    {"ForConditionalGeneration", "text2text-generation"},
    {"ForQuestionAnswering", "question-answering"},
    {"ForTokenClassification", "token-classification"},
    {"ForSequenceClassification", "text-classification"},
    {"ForMaskedLM", "fill-mask"},
    {"ForPreTraining", "fill-mask"},
    {"ForCausalLM", "text-generation"},
    {"LMHeadModel", "text-generation"},
    {"ForImageClassification", "image-classification"},
    {"ForObjectDetection", "object-detection"},
    {"CLIPModel", "zero-shot-image-classification"},
    {"ViTModel", "image-feature-extraction"},
};

// Empty for a class whose task is not built.
std::string_view task_of_class(std::string_view name, std::string_view model_type) {
  // Its decoder alone, or no head at all, is still what hears.
  if (model_type == "whisper" && !name.ends_with("ForAudioClassification"))
    return "automatic-speech-recognition";
  for (const auto& [ending, task] : kTaskOfClass) {
    if (!name.ends_with(ending)) continue;
    // Decoders that read images, too, are called like those that rewrite texts.
    const bool writes = task == "text2text-generation" && is_causal_lm(model_type);
    return writes ? "text-generation" : task;
  }
  if (name.ends_with("Model") && is_encoder(model_type)) return "feature-extraction";
  return "";
}

std::string list_of_classes(json::View config) {
  std::string list;
  for (const json::View name : config["architectures"].items())
    list += cat(list.empty() ? "" : ", ", name.text().value_or("?"));
  return list;
}

// Names that the official package has for them, too.
std::string_view own_name(std::string_view task) {
  if (task == "sentiment-analysis") return "text-classification";
  if (task == "ner") return "token-classification";
  return task;
}

Result<std::string> guess_task(rt::Blocking blocking, const std::filesystem::path& model) {
  if (model.extension() == ".gguf") return "text-generation";
  const ModelFiles files = ModelFiles::in_folder(blocking, model);
  if (files.text("modules.json")) return "feature-extraction";
  EMB_TRY(const json::Document config, files.json("config.json"));
  const json::View root = config.root();
  // A head with one output and the settings of a CrossEncoder ranks texts.
  if (root["sentence_transformers"].is_object() ||
      root["sbert_ce_default_activation_function"].exists())
    return "text-ranking";
  const std::string type = root.text_or("model_type", "");
  for (const json::View name : root["architectures"].items()) {
    const std::string_view task = task_of_class(name.text().value_or(""), type);
    if (!task.empty()) return std::string(task);
  }
  if (const std::string classes = list_of_classes(root); !classes.empty())
    return fail(Code::NotBuilt, cat("the task of ", classes, " (config.json) is not built"));
  if (type == "whisper") return "automatic-speech-recognition";
  if (is_causal_lm(type)) return "text-generation";
  if (is_encoder(type)) return "feature-extraction";
  return fail(Code::InvalidArgument, "config.json does not say what the model is for: name a task");
}

}  // namespace

std::vector<Pipeline::Task> Pipeline::tasks() {
  std::vector<Task> all;
  for (const auto tasks : {text_tasks(), embedding_tasks(), image_tasks(), writing_tasks(),
                           rewriting_tasks(), sound_tasks()})
    all.insert(all.end(), tasks.begin(), tasks.end());
  std::ranges::sort(all, {}, &Task::name);
  return all;
}

Result<Pipeline::Task> Pipeline::find(rt::Blocking blocking, std::string_view name,
                                      const std::filesystem::path& model) {
  std::string wanted(own_name(name));
  if (wanted == "auto") {
    EMB_TRY(wanted, guess_task(blocking, model));
  }
  std::string list;
  for (const Task& task : tasks()) {
    if (task.name == wanted) return task;
    list += cat(list.empty() ? "" : ", ", task.name);
  }
  return fail(Code::InvalidArgument, cat("no task is called ", wanted, "; there are ", list));
}

ScoreFunction score_function(Parameters& read) {
  return read.choice_or<ScoreFunction>("function_to_apply", ScoreFunction::Default,
                                       {{"sigmoid", ScoreFunction::Sigmoid},
                                        {"softmax", ScoreFunction::Softmax},
                                        {"none", ScoreFunction::None}});
}

Result<std::string> answer_each(const PipelineInput& input, const WriteAnswer& answer) {
  if (!input.json.exists()) return fail(Code::InvalidArgument, "the task takes texts, no file");
  json::Writer out;
  const auto answer_one = [&](json::View one) -> Status {
    EMB_DO(answer(one, out));
    if (out.size() <= kAnswerBytesMax) return Done{};
    return fail(Code::TooLarge, cat("the answer has more than ", kAnswerBytesMax >> 20,
                                    " MiB: give fewer or shorter inputs, or a smaller top_k"));
  };
  if (!input.json.is_array()) {
    EMB_DO(answer_one(input.json));
    return out.take();
  }
  const std::vector<json::View> all = input.json.items();
  if (all.empty() || all.size() > Pipeline::kInputsMax)
    return fail(Code::InvalidArgument, cat("a list has 1 to ", Pipeline::kInputsMax, " inputs"));
  out.begin_array();
  for (const json::View one : all) EMB_DO(answer_one(one));
  out.end_array();
  return out.take();
}

Result<std::string_view> text_of(json::View view, std::string_view noun) {
  if (const auto text = view.text()) return *text;
  return fail(Code::InvalidArgument, cat(noun, " must be a text"));
}

std::string lacks_head(json::View config, std::string_view task, std::string_view ending) {
  const std::string classes = list_of_classes(config);
  return cat(task, " needs a model of a class that ends in ", ending, "; the architectures in ",
             "config.json are ", classes.empty() ? "none" : classes);
}

Result<std::string> file_of(const PipelineInput& input, std::string_view noun) {
  std::string bytes(input.file_bytes);
  if (const auto text = input.json.text()) {
    if (text->size() > kFileBytesMax / 3 * 4)
      return fail(Code::TooLarge, cat(noun, " is too large"));
    auto decoded = from_base64(*text);
    if (!decoded) return fail(Code::InvalidArgument, cat(noun, " is not in base64"));
    bytes = *std::move(decoded);
  }
  if (bytes.empty())
    return fail(Code::InvalidArgument, cat("the task takes ", noun, ": a file, or its base64"));
  if (bytes.size() > kFileBytesMax) return fail(Code::TooLarge, cat(noun, " is too large"));
  return bytes;
}

void write_row(std::span<const float> row, json::Writer& out) {
  out.begin_array();
  for (const float value : row) {
    if (!std::isfinite(value)) {
      out.null();
      continue;
    }
    char digits[32];
    out.raw({digits, std::to_chars(digits, digits + sizeof digits, value).ptr});
  }
  out.end_array();
}

void write_labels(std::span<const LabelScore> labels, std::size_t count, json::Writer& out) {
  out.begin_array();
  for (std::size_t i = 0; i < std::min(count, labels.size()); ++i) {
    out.begin_object();
    out.field("label", labels[i].label).field("score", labels[i].score).end_object();
  }
  out.end_array();
}

}  // namespace embrace::transformers
