#pragma once
// SentenceModel: texts in, one vector for each out, by a folder of the sentence-transformers
// package: modules.json names a Transformer, a Pooling, and then Dense, LayerNorm and Normalize in
// any order. A folder without modules.json is an encoder with mean pooling, as in that package.
//
// Threads: embed() from any, each caller with a Team of its own.

#include <cstdint>
#include <map>
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
#include "transformers/tensor/matrix.h"

namespace embrace::transformers {

struct EmbedOptions {
  // Put before every text: a prompt by its name in config_sentence_transformers.json, or in words.
  // Without either the model's default prompt, if it names one.
  std::optional<std::string> prompt_name;
  std::optional<std::string> prompt;
  bool normalize = false;            // to length 1, whatever the model's own modules do
  std::optional<std::size_t> width;  // cut to so many features (Matryoshka), before normalizing
  bool truncate = true;              // false: a text that is too long is an error
};

class SentenceModel {
 public:
  // Reads the files; blocks. NotBuilt for modules that are not there.
  static Result<SentenceModel> load(const ModelFiles& files,
                                    Precision precision = Precision::AsStored);

  // A row for each text, in their order. Texts are sorted by length and go through in batches; the
  // rows do not depend on what else was asked for. InvalidArgument for an unknown prompt and for a
  // width that the model does not have; TooLarge for a text beyond length_max() or too many bytes.
  Result<Matrix> embed(Team& team, std::span<const std::string_view> texts,
                       const EmbedOptions& options = {}) const;

  std::size_t width() const;
  std::size_t length_max() const;  // tokens, special ones included
  const std::map<std::string, std::string>& prompts() const;
  // "cosine", "dot", "euclidean" or "manhattan": what the model's vectors are compared by.
  const std::string& similarity() const;

  SentenceModel(SentenceModel&&) noexcept;
  SentenceModel& operator=(SentenceModel&&) noexcept;
  ~SentenceModel();

 private:
  struct Impl;
  explicit SentenceModel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// x / max(length of x, 1e-12), as PyTorch's normalize().
void normalize_row(std::span<float> row);

}  // namespace embrace::transformers
