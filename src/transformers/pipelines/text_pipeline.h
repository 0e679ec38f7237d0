#pragma once
// TextPipeline: an encoder with its tokenizer and head at one of the Hub's tasks. What comes out is
// what the official package's pipeline of that task gives, in our types; field names are those of
// the Hub's schemas (@huggingface/tasks) where C++ allows.
//
// Threads: the tasks from any, each caller with a Team of its own. Offsets are in Unicode code
// points of the text that was given.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transformers/embeddings/model_files.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/team.h"
#include "transformers/pipelines/scores.h"
#include "transformers/tensor/matrix.h"

namespace embrace::transformers {

struct MaskChoice {
  double score = 0;
  std::int32_t token = 0;
  std::string token_text;
  std::string sequence;  // the text with the mask filled
};

// How tokens become entities: each its own; neighbours of one kind together; or whole words first,
// by their first token, the mean of their scores, or the surest token.
enum class Aggregation : std::uint8_t { None, Simple, First, Average, Max };

struct Entity {
  std::string entity;  // with None the label, else without its "B-" or "I-"
  double score = 0;
  std::size_t index = 0;  // of the token, special ones counted; with None alone
  std::string word;
  std::uint32_t start = 0;
  std::uint32_t end = 0;
};

struct EntityOptions {
  Aggregation aggregation = Aggregation::None;
  std::vector<std::string> ignored = {"O"};  // entities that are left out
  // Texts that are too long are read in windows that share so many tokens; else they are cut off.
  std::optional<std::size_t> stride = std::nullopt;
};

struct ZeroShotOptions {
  std::string hypothesis = "This example is {}.";  // {} is where the label stands
  bool multi_label = false;                        // each label by itself
};

// An answer that stands in the context.
struct Answer {
  double score = 0;
  std::size_t start = 0;
  std::size_t end = 0;
  std::string answer;  // empty: the context has none
};

struct QuestionOptions {
  std::size_t count = 1;  // of answers
  std::size_t answer_tokens_max = 15;
  // With the question; 384, or as many as there can be.
  std::optional<std::size_t> window_tokens = std::nullopt;
  std::optional<std::size_t> stride = std::nullopt;  // that windows share; 128, or half of a window
  std::optional<std::size_t> question_tokens_max = std::nullopt;  // what is longer is cut off
  bool may_be_unanswerable = false;
  bool align_to_words = true;
};

class TextPipeline {
 public:
  static constexpr std::size_t kChoicesMax = 1000;    // for one mask
  static constexpr std::size_t kCandidatesMax = 256;  // labels of one question
  static constexpr std::size_t kAnswersMax = 1000;
  // Tokens of all texts that fill_mask() gives back: a text for each choice of each mask.
  static constexpr std::size_t kFilledTokensMax = std::size_t{1} << 20;

  // config.json, tokenizer.json, tokenizer_config.json and the weights; blocks. The head is that of
  // the class in config.json's "architectures".
  static Result<TextPipeline> load(const ModelFiles& files,
                                   Precision precision = Precision::AsStored);

  // Each answers InvalidArgument when the model has not the head for it, and for what the model
  // cannot read. Texts that are too long are cut off.

  // A row for each token, special ones included.
  Result<Matrix> feature_extraction(Team& team, std::string_view text) const;
  // All labels, the likeliest first. `pair` may be absent.
  Result<std::vector<LabelScore>> text_classification(
      Team& team, std::string_view text, std::optional<std::string_view> pair = {},
      ScoreFunction function = ScoreFunction::Default) const;
  // For each mask in the text the `count` likeliest tokens; of `targets`, where there are any: for
  // one that is no token, the first that it is made of. TooLarge above kFilledTokensMax.
  Result<std::vector<std::vector<MaskChoice>>> fill_mask(
      Team& team, std::string_view text, std::size_t count = 5,
      std::span<const std::string> targets = {}) const;
  Result<std::vector<Entity>> token_classification(Team& team, std::string_view text,
                                                   const EntityOptions& options = {}) const;
  // The candidates, the likeliest first, by a model for natural language inference.
  Result<std::vector<LabelScore>> zero_shot(Team& team, std::string_view text,
                                            std::span<const std::string> candidates,
                                            const ZeroShotOptions& options = {}) const;
  // The surest first; fewer than were asked for where the context has no more.
  Result<std::vector<Answer>> question_answering(Team& team, std::string_view question,
                                                 std::string_view context,
                                                 const QuestionOptions& options = {}) const;

  TextPipeline(TextPipeline&&) noexcept;
  TextPipeline& operator=(TextPipeline&&) noexcept;
  ~TextPipeline();

 private:
  struct Impl;
  explicit TextPipeline(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::transformers
