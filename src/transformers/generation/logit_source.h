#pragma once
// LogitSource: a model at work on texts that are being written, whatever its kind: it reads tokens
// and says what comes next. What generates (greedily, by chance, in beams) knows models by this
// alone.
//
// Implementations: DecoderSource here; encoder-decoders after one source text (seq2seq_model.h),
// and speech models after one window of sound (speech_segments.cc).
//
// Threads: one. Ownership: a source outlives the texts that it began.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "transformers/models/causal_lm.h"
#include "transformers/tensor/matrix.h"

namespace embrace::transformers {

class LogitSource {
 public:
  // What a model keeps of the tokens that it has read of one text.
  class Text {
   public:
    virtual ~Text() = default;
  };
  // A text and all of its tokens by now, of which the model has read but the first.
  struct Next {
    Text* text = nullptr;
    std::span<const std::int32_t> tokens;
  };

  virtual ~LogitSource() = default;
  virtual std::size_t vocabulary() const = 0;
  // Tokens that a text may have, prompt counted; nullopt where the model sets no bound.
  virtual std::optional<std::size_t> room() const = 0;

  // A text of which nothing was read, but for what is known from others that began alike.
  virtual Result<std::unique_ptr<Text>> begin(std::span<const std::int32_t> prompt) = 0;
  virtual Result<std::unique_ptr<Text>> copy(const Text& text) = 0;
  // How many tokens of a text need not be read.
  virtual std::size_t known(const Text& text) const = 0;
  // Reads all tokens that are new. Row i of the result, which is valid until the next call and may
  // be changed, says what comes behind text i. Errors leave texts as they were.
  virtual Result<Matrix*> read(std::span<const Next> texts) = 0;
};

// Where a decoder reads and remembers; borrowed for a call.
struct Engine {
  const CausalLm& model;
  Team& team;
  KvPool& pool;
  CausalLm::Workspace& work;
};

// Reads prompts of any length this many tokens at a time.
inline constexpr std::size_t kPromptPieceTokens = 512;

// Puts the tokens that `sequence` does not hold yet through the model, in pieces; work.logits has
// the row of the last one. Begins anew where longrope asks for it.
Status read_text(const Engine& engine, std::span<const std::int32_t> tokens, KvSequence& sequence);

class DecoderSource final : public LogitSource {
 public:
  explicit DecoderSource(const Engine& engine) : engine_(engine) {}

  std::size_t vocabulary() const override { return engine_.model.shape().vocabulary; }
  std::optional<std::size_t> room() const override;
  Result<std::unique_ptr<Text>> begin(std::span<const std::int32_t> prompt) override;
  Result<std::unique_ptr<Text>> copy(const Text& text) override;
  std::size_t known(const Text& text) const override;
  Result<Matrix*> read(std::span<const Next> texts) override;

 private:
  struct Read;
  Engine engine_;
};

}  // namespace embrace::transformers
