#include "transformers/generation/logit_source.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace embrace::transformers {

Status read_text(const Engine& engine, std::span<const std::int32_t> tokens, KvSequence& sequence) {
  EMB_CHECK(sequence.length() < tokens.size(), "there is something to read");
  const std::size_t recompute_from = engine.model.shape().recompute_from;
  if (recompute_from > 0 && tokens.size() >= recompute_from && sequence.length() < recompute_from)
    sequence.truncate(0);
  while (sequence.length() < tokens.size()) {
    const auto rest = tokens.subspan(sequence.length());
    const auto piece = rest.first(std::min(rest.size(), kPromptPieceTokens));
    const CausalLm::Stretch stretch{
        .tokens = piece,
        .sequence = &sequence,
        .logits = piece.size() == rest.size() ? CausalLm::Logits::Last : CausalLm::Logits::None,
        .text_length = tokens.size()};
    EMB_DO(engine.model.forward(engine.team, {&stretch, 1}, engine.work));
  }
  return Done{};
}

struct DecoderSource::Read final : Text {
  explicit Read(KvSequence held) : sequence(std::move(held)) {}
  KvSequence sequence;
};

std::optional<std::size_t> DecoderSource::room() const {
  const CausalLm::Shape& shape = engine_.model.shape();
  if (!shape.positions_are_limited) return std::nullopt;
  return shape.positions;
}

Result<std::unique_ptr<LogitSource::Text>> DecoderSource::begin(
    std::span<const std::int32_t> prompt) {
  auto text = std::make_unique<Read>(KvSequence(engine_.pool));
  engine_.model.adopt_prefix(text->sequence, prompt);
  return text;
}

Result<std::unique_ptr<LogitSource::Text>> DecoderSource::copy(const Text& text) {
  return std::make_unique<Read>(static_cast<const Read&>(text).sequence.fork());
}

std::size_t DecoderSource::known(const Text& text) const {
  return static_cast<const Read&>(text).sequence.length();
}

Result<Matrix*> DecoderSource::read(std::span<const Next> texts) {
  if (texts.size() == 1) {
    EMB_DO(read_text(engine_, texts[0].tokens, static_cast<Read*>(texts[0].text)->sequence));
    return &engine_.work.logits;
  }
  const std::size_t recompute_from = engine_.model.shape().recompute_from;
  std::vector<CausalLm::Stretch> stretches;
  for (const Next& next : texts) {
    KvSequence& sequence = static_cast<Read*>(next.text)->sequence;
    const bool anew = recompute_from > 0 && next.tokens.size() >= recompute_from &&
                      sequence.length() < recompute_from;
    if (anew) sequence.truncate(0);
    stretches.push_back({next.tokens.subspan(sequence.length()), &sequence});
  }
  EMB_DO(engine_.model.forward(engine_.team, stretches, engine_.work));
  return &engine_.work.logits;
}

}  // namespace embrace::transformers
