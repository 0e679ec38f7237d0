#include "transformers/models/causal_lm.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/models/decoder_families.h"
#include "transformers/models/loadable.h"

namespace embrace::transformers {

namespace {

using LoadLm = LoadedLm (*)(const Weights&, json::View, Precision);

constexpr std::pair<std::string_view, LoadLm> kFamilies[] = {
    {"llama", load_llama},  {"mistral", load_llama},   {"qwen2", load_llama},
    {"qwen3", load_llama},  {"gpt2", load_gpt2},       {"gemma", load_gemma},
    {"gemma2", load_gemma}, {"gemma3", load_gemma},    {"gemma3_text", load_gemma},
    {"phi3", load_phi3},    {"mixtral", load_mixture}, {"qwen3_moe", load_mixture},
};

}  // namespace

bool is_causal_lm(std::string_view model_type) {
  return std::ranges::any_of(kFamilies,
                             [&](const auto& family) { return family.first == model_type; });
}

Result<std::unique_ptr<CausalLm>> CausalLm::load(const Weights& weights, json::View config,
                                                 Precision precision) {
  EMB_DO(check_loadable(weights, config));
  if (config["is_causal"].boolean() == false)
    return fail(Code::NotBuilt, "decoders that look both ways (is_causal) are not built");
  const std::string type = config.text_or("model_type", "");
  for (const auto& [name, load_family] : kFamilies) {
    if (name == type) return load_family(weights, config, precision);
  }
  if (type.empty()) return fail(Code::InvalidArgument, "config.json names no model_type");
  return fail(Code::NotBuilt, cat("decoders of type ", type, " are not built"));
}

Status CausalLm::load_words(std::string_view embedding, bool tied, Precision precision) {
  const auto rows = static_cast<std::int64_t>(shape_.vocabulary);
  const auto columns = static_cast<std::int64_t>(shape_.hidden);
  EMB_TRY(embedding_, weights_.get(embedding, {rows, columns}));
  const TensorView* own = nullptr;
  for (const std::string_view name : {"lm_head.weight", "language_model.lm_head.weight"}) {
    if (own == nullptr) own = weights_.find(name);
  }
  if (own == nullptr && !tied)
    return fail(Code::InvalidArgument, "there is no tensor lm_head.weight");
  if (own != nullptr && own->shape != embedding_.shape)
    return fail(Code::InvalidArgument, "lm_head.weight has not the shape of the embeddings");
  // A file that says "tied" and has two different ones means both, as the official package sees it.
  if (tied && own != nullptr && own->dtype == embedding_.dtype &&
      std::ranges::equal(own->bytes, embedding_.bytes)) {
    own = nullptr;
  }
  EMB_TRY(head_, Linear::make(own == nullptr ? embedding_ : *own, nullptr, precision));
  return Done{};
}

Status CausalLm::embed(const Batch& batch, float scale, Matrix& out) const {
  out.resize(batch.tokens.size(), shape_.hidden);
  for (std::size_t i = 0; i < batch.tokens.size(); ++i) {
    const auto row = out.row(i);
    EMB_DO(
        read_elements(embedding_, batch.tokens[i] * static_cast<std::int64_t>(shape_.hidden), row));
    if (scale != 1) {
      for (float& x : row) x *= scale;
    }
  }
  return Done{};
}

bool CausalLm::shares_pages(std::size_t length) const {
  return shape_.angles_vary_from == 0 || length < shape_.angles_vary_from;
}

std::size_t CausalLm::adopt_prefix(KvSequence& sequence,
                                   std::span<const std::int32_t> tokens) const {
  return shares_pages(tokens.size()) ? sequence.adopt_prefix(tokens) : 0;
}

Status CausalLm::prepare(std::span<const Stretch> stretches, Batch& batch) const {
  batch.tokens.clear();
  batch.parts.clear();
  batch.pieces.clear();
  for (const Stretch& stretch : stretches) {
    EMB_CHECK(stretch.sequence != nullptr, "each stretch has its sequence");
    EMB_CHECK(std::ranges::none_of(
                  batch.parts,
                  [&](const Batch::Part& part) { return part.sequence == stretch.sequence; }),
              "a sequence appears but once");
    const KvShape& kept = stretch.sequence->pool().shape();
    EMB_CHECK(kept.layers == shape_.layers && kept.kv_heads == shape_.kv_heads &&
                  kept.head_dim == shape_.head_dim &&
                  kept.storage == stretches.front().sequence->pool().shape().storage,
              "the pool was made for this model, and for the others of the pass");
    if (stretch.tokens.empty()) return fail(Code::InvalidArgument, "there are no tokens to read");
    for (const std::int32_t token : stretch.tokens) {
      if (token < 0 || static_cast<std::size_t>(token) >= shape_.vocabulary) {
        return fail(Code::InvalidArgument,
                    cat("token ", token, " is outside the vocabulary of ", shape_.vocabulary));
      }
    }
    const std::size_t first = stretch.sequence->length();
    if (shape_.positions_are_limited && first + stretch.tokens.size() > shape_.positions) {
      return fail(Code::InvalidArgument,
                  cat("the model reads ", shape_.positions, " tokens at most"));
    }
    const std::size_t last = first + stretch.tokens.size();
    const Batch::Part part{stretch.sequence, batch.tokens.size(), stretch.tokens.size(), first,
                           std::max(last, stretch.text_length)};
    batch.parts.push_back(part);
    for (std::size_t done = 0; done < part.rows; done += kPieceRows) {
      Batch::Part piece = part;
      piece.row += done;
      piece.position += done;
      piece.rows = std::min(kPieceRows, part.rows - done);
      batch.pieces.push_back(piece);
    }
    batch.tokens.insert(batch.tokens.end(), stretch.tokens.begin(), stretch.tokens.end());
  }
  return Done{};
}

Status CausalLm::forward(Team& team, std::span<const Stretch> stretches, Workspace& work) const {
  EMB_DO(prepare(stretches, work.batch));
  // Whatever ends the pass early, an exception too: rows that were not written are not kept.
  struct Undo {
    std::span<const Batch::Part> parts;
    ~Undo() {
      for (const Batch::Part& part : parts) part.sequence->truncate(part.position);
    }
  } undo;
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    EMB_DO(stretches[i].sequence->extend(stretches[i].tokens));
    undo.parts = std::span(work.batch.parts).first(i + 1);
  }
  EMB_DO(run(team, work));
  undo.parts = {};
  std::size_t asked = 0;
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const Stretch& stretch = stretches[i];
    if (shares_pages(work.batch.parts[i].text_length)) stretch.sequence->settle();
    asked += stretch.logits == Logits::All ? stretch.tokens.size()
                                           : (stretch.logits == Logits::Last ? 1 : 0);
  }
  work.projected.resize(asked, shape_.hidden);
  std::size_t at = 0;
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const Batch::Part& part = work.batch.parts[i];
    if (stretches[i].logits == Logits::None) continue;
    for (std::size_t k = stretches[i].logits == Logits::All ? 0 : part.rows - 1; k < part.rows; ++k)
      std::ranges::copy(work.hidden.row(part.row + k), work.projected.row(at++).begin());
  }
  if (asked == 0) {
    work.logits.resize(0, shape_.vocabulary);
    return Done{};
  }
  head_.apply(team, work.projected, work.logits);
  if (logit_softcap_ > 0) {
    for (float& x : work.logits.all()) x = logit_softcap_ * std::tanh(x / logit_softcap_);
  }
  return Done{};
}

}  // namespace embrace::transformers
