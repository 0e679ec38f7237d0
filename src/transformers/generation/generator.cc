#include "transformers/generation/generator.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/generation/beams.h"

namespace embrace::transformers {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

Decoding::Decoding(const GenerationOptions& options, std::span<const std::int32_t> prompt,
                   const WritingAids& aids)
    : tokens_(prompt.begin(), prompt.end()),
      prompt_tokens_(prompt.size()),
      tokens_max_(options.tokens_after(prompt.size(), aids.room).value_or(1)),
      choice_(options, aids.source.empty() ? prompt : aids.source, prompt.size(), tokens_max_,
              aids.mask, aids.rule),
      mask_(aids.mask),
      stops_(options.stop_strings) {
  tokens_.reserve(prompt.size() + std::min<std::size_t>(tokens_max_, 4096));
  if (aids.tokenizer == nullptr) return;
  decoder_.emplace(*aids.tokenizer);
  if (stops_.looks()) all_.emplace(*aids.tokenizer, false);
}

// What this token lets be shown.
Result<std::string> Decoding::show(std::int32_t token) {
  const auto id = static_cast<std::uint32_t>(token);
  EMB_TRY(std::string shown, decoder_->step(id));
  if (!all_) return shown;
  EMB_TRY(const std::string piece, all_->step(id));
  return stops_.push(piece, shown);
}

Result<std::string> Decoding::show_rest() {
  EMB_TRY(std::string rest, decoder_->finish());
  if (!all_) return rest;
  EMB_TRY(const std::string piece, all_->finish());
  std::string shown = stops_.push(piece, rest);
  return shown + stops_.finish();
}

Result<Step> Decoding::advance(std::span<float> logits) {
  if (!choice_.options().logprobs) {
    EMB_TRY(const auto next, candidates(logits));
    return accept(sampler().draw(next));
  }
  // The model's own view is lost once penalties are on, and the token is known only then.
  const std::vector<float> own(logits.begin(), logits.end());
  EMB_TRY(const auto next, candidates(logits));
  return accept(sampler().draw(next), own);
}

Result<Step> Decoding::accept(std::int32_t token, std::span<const float> logits) {
  if (choice_.options().logprobs)
    read_logprobs(logits, token, *choice_.options().logprobs, logprobs_);
  return accept(token);
}

Result<Step> Decoding::accept(std::int32_t token) {
  EMB_CHECK(finish_ == FinishReason::None, "a text that has ended does not go on");
  tokens_.push_back(token);
  Step step{.token = token, .text = {}, .logprobs = logprobs_};
  if (choice_.options().is_end(token)) {
    finish_ = FinishReason::EndToken;
  } else {
    if (mask_ != nullptr) EMB_DO(mask_->accept(token));
    if (decoder_) {
      EMB_TRY(step.text, show(token));
    }
    if (stops_.found()) {
      finish_ = FinishReason::StopString;
    } else if (mask_ != nullptr && mask_->finished()) {
      finish_ = FinishReason::Complete;
    } else if (tokens_.size() - prompt_tokens_ >= tokens_max_) {
      finish_ = FinishReason::Length;
    }
  }
  if (finish_ != FinishReason::None && decoder_ && !stops_.found()) {
    EMB_TRY(const std::string rest, show_rest());
    step.text += rest;
    if (stops_.found()) finish_ = FinishReason::StopString;
  }
  step.finish = finish_;
  return step;
}

void Decoding::cancel() { finish_ = FinishReason::Cancelled; }

namespace {

Status check_request(const LogitSource& source, std::span<const std::int32_t> prompt,
                     const GenerationOptions& options, const WritingAids& aids) {
  EMB_DO(options.check(source.vocabulary()));
  if (prompt.empty()) return fail(Code::InvalidArgument, "the prompt has no tokens");
  if (aids.tokenizer == nullptr && !options.stop_strings.empty())
    return fail(Code::InvalidArgument, "stop strings need a tokenizer");
  EMB_TRY(const std::size_t tokens_max, options.tokens_after(prompt.size(), aids.room));
  (void)tokens_max;
  return Done{};
}

// One text, token by token.
Result<Generation> write_one(LogitSource& source, std::span<const std::int32_t> prompt,
                             const GenerationOptions& options, const WritingAids& aids,
                             const OnStep& on_step) {
  Generation result;
  const auto started = Clock::now();
  EMB_TRY(const auto text, source.begin(prompt));
  result.prompt_tokens_shared = source.known(*text);
  LogitSource::Next next{text.get(), prompt};
  EMB_TRY(Matrix * logits, source.read({&next, 1}));
  result.prompt_seconds = seconds_since(started);
  const auto read = Clock::now();
  Decoding decoding(options, prompt, aids);
  for (;;) {
    EMB_TRY(const Step step, decoding.advance(logits->row(logits->rows() - 1)));
    result.text += step.text;
    const bool goes_on = !on_step || on_step(step);
    if (step.finish != FinishReason::None) break;
    if (!goes_on) {
      decoding.cancel();
      break;
    }
    next.tokens = decoding.tokens();
    EMB_TRY(logits, source.read({&next, 1}));
  }
  result.text_seconds = seconds_since(read);
  result.tokens.assign(decoding.generated().begin(), decoding.generated().end());
  result.finish = decoding.finish();
  return result;
}

// Walks along a text that beams found: its steps, and its logprobs, for which the model reads it
// once more.
Result<Generation> retell(LogitSource& source, std::span<const std::int32_t> prompt,
                          const Beam& beam, const GenerationOptions& options,
                          const WritingAids& aids, const OnStep& on_step) {
  Generation result;
  result.score = beam.score;
  Decoding decoding(options, prompt, aids);
  std::unique_ptr<LogitSource::Text> text;
  if (options.logprobs) {
    EMB_TRY(text, source.begin(prompt));
  }
  for (const std::int32_t token : beam.tokens) {
    Result<Step> step = Step{};
    if (text != nullptr) {
      const LogitSource::Next next{text.get(), decoding.tokens()};
      EMB_TRY(const Matrix* logits, source.read({&next, 1}));
      step = decoding.accept(token, logits->row(logits->rows() - 1));
    } else {
      step = decoding.accept(token);
    }
    if (!step) return fail(std::move(step).error());
    result.text += step->text;
    const bool goes_on = !on_step || on_step(*step);
    if (decoding.finish() != FinishReason::None) break;
    if (!goes_on) {
      decoding.cancel();
      break;
    }
  }
  result.tokens.assign(decoding.generated().begin(), decoding.generated().end());
  result.finish = decoding.finish();
  return result;
}

Result<std::vector<Generation>> write_beams(LogitSource& source,
                                            std::span<const std::int32_t> prompt,
                                            const GenerationOptions& options,
                                            const WritingAids& aids, const OnStep& on_step) {
  if (aids.mask != nullptr) return fail(Code::NotBuilt, "beams that are held to a grammar");
  const auto started = Clock::now();
  EMB_TRY(const auto beams, search_beams(source, prompt, options, aids));
  const double seconds = seconds_since(started);
  std::vector<Generation> texts;
  for (const Beam& beam : beams) {
    EMB_TRY(Generation text, retell(source, prompt, beam, options, aids, on_step));
    text.text_seconds = seconds;
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace

Result<Generation> generate(LogitSource& source, std::span<const std::int32_t> prompt,
                            const GenerationOptions& options, WritingAids aids,
                            const OnStep& on_step) {
  aids.room = source.room();
  EMB_DO(check_request(source, prompt, options, aids));
  if (options.beams.count == 1) return write_one(source, prompt, options, aids, on_step);
  GenerationOptions best = options;
  best.returned = 1;
  EMB_TRY(auto texts, write_beams(source, prompt, best, aids, on_step));
  return std::move(texts.front());
}

Result<std::vector<Generation>> generate_texts(LogitSource& source,
                                               std::span<const std::int32_t> prompt,
                                               const GenerationOptions& options, WritingAids aids) {
  aids.room = source.room();
  EMB_DO(check_request(source, prompt, options, aids));
  if (options.beams.count > 1) return write_beams(source, prompt, options, aids, {});
  if (options.returned > 1 && aids.mask != nullptr)
    return fail(Code::NotBuilt, "several texts that are held to a grammar");
  std::vector<Generation> texts;
  GenerationOptions one = options;
  for (std::size_t i = 0; i < options.returned; ++i, ++one.sampling.seed) {
    EMB_TRY(Generation text, write_one(source, prompt, one, aids, {}));
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<Generation> generate(const Engine& engine, std::span<const std::int32_t> prompt,
                            const GenerationOptions& options, const Tokenizer* tokenizer,
                            LogitMask* mask, const OnStep& on_step) {
  DecoderSource source(engine);
  return generate(source, prompt, options, {.tokenizer = tokenizer, .mask = mask}, on_step);
}

}  // namespace embrace::transformers
