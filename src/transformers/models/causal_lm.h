#pragma once
// CausalLm: a decoder that says which token comes next (LlamaForCausalLM and its kin). One pass
// takes stretches of tokens of many sequences, whole prompts and single tokens mixed, each with its
// own keys and values.
//
//   EMB_TRY(auto model, CausalLm::load(weights, config, Precision::BF16));
//   KvPool pool(model->kv_shape(KvStorage::F32), 1 << 30);
//   KvSequence sequence(pool);
//   CausalLm::Workspace work;
//   const CausalLm::Stretch prompt{tokens, &sequence, CausalLm::Logits::Last};
//   EMB_DO(model->forward(team, {&prompt, 1}, work));  // work.logits.row(0)
//
// Families: llama (and mistral, qwen2, qwen3), gpt2, gemma (gemma2, gemma3), phi3, qwen3_moe (and
// mixtral); each in the file of its name.
//
// Threads: forward() from any, each caller with a Team, a Workspace and sequences of its own.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/team.h"
#include "transformers/models/kv_cache.h"
#include "transformers/tensor/matrix.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {

class CausalLm {
 public:
  struct Shape {
    std::size_t vocabulary = 0;
    std::size_t hidden = 0;
    std::size_t layers = 0;
    std::size_t heads = 0;
    std::size_t kv_heads = 0;
    std::size_t head_dim = 0;
    // What the model was made for. Longer texts are refused only where positions_are_limited.
    std::size_t positions = 0;
    bool positions_are_limited = false;
    // From this length on, keys of a shorter text are wrong and all is to be computed anew
    // (longrope of Phi-3); 0: never.
    std::size_t recompute_from = 0;
    // From this length on, the angles of all tokens depend on how long the text is (dynamic,
    // longrope), so that texts share no pages; 0: never.
    std::size_t angles_vary_from = 0;
  };

  enum class Logits : std::uint8_t { None, Last, All };

  // The next tokens of one sequence: what came before is in `sequence`, to which they are added.
  struct Stretch {
    std::span<const std::int32_t> tokens;
    KvSequence* sequence = nullptr;
    Logits logits = Logits::Last;
    // How long the text is when all of its pieces are read, for prompts that come in several; 0: as
    // long as with this one.
    std::size_t text_length = 0;
  };

  // Rows of a prompt that one thread attends to at a time.
  static constexpr std::size_t kPieceRows = 64;

  // The tokens of one pass, one row each; for the families' own use.
  struct Batch {
    struct Part {
      KvSequence* sequence;
      std::size_t row;  // its first
      std::size_t rows;
      std::size_t position;     // of its first row
      std::size_t text_length;  // at least all of its rows
    };
    std::vector<std::int32_t> tokens;
    std::vector<Part> parts;
    // Stretches of rows of one part, short enough to share among threads.
    std::vector<Part> pieces;
  };

  // The memory of a pass, kept for the next one, and its results.
  struct Workspace {
    Matrix logits;  // a row for each position asked for, in the order of stretches
    Matrix hidden;  // a row for each token of all stretches, after the last norm
    // For the families.
    Batch batch;
    Matrix normed, qkv, attended, attended_parts, projected, gated, down;
    Matrix angles, local_angles;
    Matrix router, gathered;
    std::vector<std::uint32_t> order;
  };

  // By config's model_type. InvalidArgument when weights and config do not fit, NotBuilt for
  // families that are not here. Token embeddings are read where they lie in the files, so files
  // stay mapped.
  static Result<std::unique_ptr<CausalLm>> load(const Weights& weights, json::View config,
                                                Precision precision);
  explicit CausalLm(const Weights& weights) : weights_(weights) {}
  virtual ~CausalLm() = default;

  const Shape& shape() const { return shape_; }
  KvShape kv_shape(KvStorage storage) const {
    return {shape_.layers, shape_.kv_heads, shape_.head_dim, storage};
  }

  // KvSequence::adopt_prefix, where texts of this model can share pages.
  std::size_t adopt_prefix(KvSequence& sequence, std::span<const std::int32_t> tokens) const;

  // InvalidArgument for tokens outside the vocabulary and texts that are too long, Unavailable when
  // the pool is full; sequences are as they were then. A sequence appears but once.
  Status forward(Team& team, std::span<const Stretch> stretches, Workspace& work) const;

 protected:
  // Sets embedding_ and head_: lm_head.weight where the file has it and the words are not tied.
  Status load_words(std::string_view embedding, bool tied, Precision precision);
  // The embeddings of the batch's tokens, times `scale`.
  Status embed(const Batch& batch, float scale, Matrix& out) const;
  // All layers and the last norm: fills work.hidden for work.batch, and the rows of its sequences.
  virtual Status run(Team& team, Workspace& work) const = 0;

  Shape shape_;
  float logit_softcap_ = 0;  // logits become cap * tanh(logits / cap); 0: they stay
  Weights weights_;          // keeps the bytes of embedding_

 private:
  bool shares_pages(std::size_t length) const;
  Status prepare(std::span<const Stretch> stretches, Batch& batch) const;

  TensorView embedding_;
  Linear head_;
};

}  // namespace embrace::transformers
