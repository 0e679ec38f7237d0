#include "transformers/generation/speculative.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/generation/token_choice.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kAheadMax = 64;

float probability_of(std::span<const Candidate> candidates, std::int32_t token) {
  const auto at = std::ranges::find(candidates, token, &Candidate::token);
  return at == candidates.end() ? 0.0f : at->probability;
}

struct Proposal {
  std::int32_t token = 0;
  std::vector<Candidate> from;
};

class Pair {
 public:
  Pair(const Engine& engine, const Engine& draft, std::span<const std::int32_t> prompt,
       const GenerationOptions& options, std::size_t tokens_max, LogitMask* mask)
      : engine_(engine),
        draft_(draft),
        mine_(engine.pool),
        its_(draft.pool),
        text_(prompt.begin(), prompt.end()),
        options_(options),
        mask_(mask),
        judge_(options, prompt, prompt.size(), tokens_max, mask),
        guess_(options, prompt, prompt.size(), tokens_max, nullptr),
        weights_(engine.model.shape().vocabulary) {}

  Result<std::size_t> read_prompt() {
    const std::size_t shared = engine_.model.adopt_prefix(mine_, text_);
    draft_.model.adopt_prefix(its_, text_);
    EMB_DO(read_text(engine_, text_, mine_));
    return shared;
  }

  // The token after the prompt is the large model's own.
  Result<std::int32_t> first() {
    EMB_TRY(const auto candidates, judge_.candidates(engine_.work.logits.row(0), text_));
    return say(judge_.sampler().draw(candidates));
  }

  Status propose(std::size_t count) {
    proposals_.resize(count);
    std::vector<std::int32_t> text = text_;
    for (Proposal& proposal : proposals_) {
      EMB_DO(read_text(draft_, text, its_));
      EMB_TRY(const auto candidates, guess_.candidates(draft_.work.logits.row(0), text));
      proposal.from.assign(candidates.begin(), candidates.end());
      // One source of chance for both, so that one seed gives one text.
      proposal.token = judge_.sampler().draw(proposal.from);
      text.push_back(proposal.token);
    }
    return Done{};
  }

  // One pass of the large model over what was said last and all proposals. Fills `said` with the
  // proposals that it accepts and one token more.
  Status judge(std::vector<std::int32_t>& said, std::size_t& accepted) {
    said.clear();
    std::vector<std::int32_t> ahead(text_.begin() + static_cast<std::ptrdiff_t>(mine_.length()),
                                    text_.end());
    const std::size_t first_row = ahead.size() - 1;
    for (const Proposal& proposal : proposals_) ahead.push_back(proposal.token);
    const CausalLm::Stretch stretch{
        .tokens = ahead, .sequence = &mine_, .logits = CausalLm::Logits::All};
    EMB_DO(engine_.model.forward(engine_.team, {&stretch, 1}, engine_.work));
    Random& random = judge_.sampler().random();
    for (std::size_t i = 0; i <= proposals_.size() && !over_; ++i) {
      EMB_TRY(const auto candidates,
              judge_.candidates(engine_.work.logits.row(first_row + i), text_));
      if (i == proposals_.size()) {
        EMB_TRY(const std::int32_t own, say(judge_.sampler().draw(candidates)));
        said.push_back(own);
        break;
      }
      const Proposal& proposal = proposals_[i];
      const float wanted = probability_of(candidates, proposal.token);
      const float guessed = probability_of(proposal.from, proposal.token);
      if (random.uniform() * guessed < wanted) {
        EMB_TRY(const std::int32_t same, say(proposal.token));
        said.push_back(same);
        ++accepted;
        continue;
      }
      EMB_TRY(const std::int32_t other, say(draw_rest(candidates, proposal.from)));
      said.push_back(other);
      break;
    }
    // What was not said is forgotten; the last token is not read yet.
    mine_.truncate(text_.size() - 1);
    its_.truncate(text_.size() - 1);
    return Done{};
  }

  // Both begin anew on one side or the other of a length from which on angles are others.
  bool crosses(std::size_t count) const {
    for (const Engine* engine : {&engine_, &draft_}) {
      const std::size_t from = engine->model.shape().angles_vary_from;
      if (from > 0 && text_.size() + count >= from) return true;
    }
    return false;
  }
  // One token of the large model alone.
  Result<std::int32_t> plain() {
    EMB_DO(read_text(engine_, text_, mine_));
    return first();
  }

 private:
  // Behind the end there is nothing to say.
  Result<std::int32_t> say(std::int32_t token) {
    text_.push_back(token);
    over_ = options_.is_end(token);
    if (mask_ != nullptr && !over_) {
      EMB_DO(mask_->accept(token));
      over_ = mask_->finished();
    }
    return token;
  }

  // From what is left of the large model's distribution once the small one's is taken off.
  std::int32_t draw_rest(std::span<const Candidate> wanted, std::span<const Candidate> guessed) {
    for (const Candidate& c : guessed) weights_[static_cast<std::size_t>(c.token)] = c.probability;
    rest_.clear();
    float sum = 0;
    for (const Candidate& c : wanted) {
      const float left = c.probability - weights_[static_cast<std::size_t>(c.token)];
      if (left <= 0) continue;
      rest_.push_back({c.token, left});
      sum += left;
    }
    for (const Candidate& c : guessed) weights_[static_cast<std::size_t>(c.token)] = 0;
    // Rounding alone can leave nothing: then both agree, and either may be drawn.
    return judge_.sampler().draw(sum > 0 ? std::span<const Candidate>(rest_) : wanted);
  }

  const Engine& engine_;
  const Engine& draft_;
  KvSequence mine_;
  KvSequence its_;
  std::vector<std::int32_t> text_;
  const GenerationOptions& options_;
  LogitMask* mask_;
  bool over_ = false;
  TokenChoice judge_;
  TokenChoice guess_;
  std::vector<Proposal> proposals_;
  std::vector<float> weights_;  // all 0 between calls
  std::vector<Candidate> rest_;
};

// For the text as its reader sees it: the mask has seen all of it before.
class SeenMask final : public LogitMask {
 public:
  SeenMask(const LogitMask& mask, const std::vector<std::int32_t>& said)
      : mask_(mask), said_(said) {}
  Status apply(std::span<float>) override { return Done{}; }
  Status accept(std::int32_t token) override {
    EMB_CHECK(seen_ < said_.size() && token == said_[seen_], "what was said is shown in order");
    ++seen_;
    return Done{};
  }
  bool finished() const override { return seen_ == said_.size() && mask_.finished(); }
  void begin() { seen_ = 0; }

 private:
  const LogitMask& mask_;
  const std::vector<std::int32_t>& said_;
  std::size_t seen_ = 0;
};

}  // namespace

Result<SpeculativeGeneration> generate_speculatively(
    const Engine& engine, const Engine& draft, std::size_t ahead,
    std::span<const std::int32_t> prompt, const GenerationOptions& options,
    const Tokenizer* tokenizer, const std::function<bool(const Step&)>& on_step, LogitMask* mask) {
  EMB_DO(options.check(engine.model.shape().vocabulary));
  if (prompt.empty()) return fail(Code::InvalidArgument, "the prompt has no tokens");
  if (ahead == 0 || ahead > kAheadMax)
    return fail(Code::InvalidArgument, cat("from 1 to ", kAheadMax, " tokens are proposed"));
  if (engine.model.shape().vocabulary != draft.model.shape().vocabulary)
    return fail(Code::InvalidArgument, "the two models have different vocabularies");
  if (tokenizer == nullptr && !options.stop_strings.empty())
    return fail(Code::InvalidArgument, "stop strings need a tokenizer");
  if (options.logprobs)
    return fail(Code::NotBuilt, "logprobs of speculative decoding are not built");
  if (options.beams.count > 1 || options.returned > 1)
    return fail(Code::NotBuilt, "beams and several texts of speculative decoding are not built");

  using Clock = std::chrono::steady_clock;
  const auto started = Clock::now();
  SpeculativeGeneration result;
  const auto room = DecoderSource(engine).room();
  EMB_TRY(const std::size_t tokens_max, options.tokens_after(prompt.size(), room));
  Pair pair(engine, draft, prompt, options, tokens_max, mask);
  EMB_TRY(result.generation.prompt_tokens_shared, pair.read_prompt());
  const auto read = Clock::now();
  EMB_TRY(const std::int32_t first, pair.first());
  std::vector<std::int32_t> said{first};
  std::optional<SeenMask> seen;
  if (mask != nullptr) seen.emplace(*mask, said);
  Decoding decoding(options, prompt,
                    {.tokenizer = tokenizer, .mask = seen ? &*seen : nullptr, .room = room});
  for (;;) {
    if (seen) seen->begin();
    for (const std::int32_t token : said) {
      EMB_TRY(const Step step, decoding.accept(token));
      result.generation.text += step.text;
      const bool goes_on = !on_step || on_step(step);
      if (step.finish != FinishReason::None) break;
      if (!goes_on) {
        decoding.cancel();
        break;
      }
    }
    if (decoding.finish() != FinishReason::None) break;
    const std::size_t left = tokens_max - decoding.generated().size();
    const std::size_t count = std::min(ahead, left - 1);
    const auto most = [&](const Engine& one) {
      const CausalLm::Shape& shape = one.model.shape();
      return !shape.positions_are_limited || decoding.tokens().size() + count <= shape.positions;
    };
    if (count == 0 || pair.crosses(count + 1) || !most(engine) || !most(draft)) {
      EMB_TRY(const std::int32_t token, pair.plain());
      said.assign(1, token);
      continue;
    }
    EMB_DO(pair.propose(count));
    result.proposed += count;
    EMB_DO(pair.judge(said, result.accepted));
  }
  result.generation.prompt_seconds = std::chrono::duration<double>(read - started).count();
  result.generation.text_seconds = std::chrono::duration<double>(Clock::now() - read).count();
  result.generation.tokens.assign(decoding.generated().begin(), decoding.generated().end());
  result.generation.finish = decoding.finish();
  return result;
}

}  // namespace embrace::transformers
