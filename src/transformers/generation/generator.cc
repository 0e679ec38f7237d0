#include "transformers/generation/generator.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/models/config.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kStopsMax = 64;
constexpr std::size_t kStopBytesMax = 4096;
constexpr std::size_t kEndTokensMax = 4096;
constexpr std::size_t kLogprobsMax = 256;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// One id or a list of them; false when it is something else.
bool read_ids(json::View view, std::vector<std::int32_t>& into) {
  std::vector<json::View> items = view.is_array() ? view.items() : std::vector{view};
  if (items.size() > kEndTokensMax) return false;
  for (const json::View item : items) {
    const auto id = item.integer();
    if (!id || *id < 0 || *id > ConfigReader::kSizeMax) return false;
    into.push_back(static_cast<std::int32_t>(*id));
  }
  return true;
}

}  // namespace

Status GenerationOptions::check() const {
  EMB_DO(sampling.check());
  if (tokens_max == 0) return fail(Code::InvalidArgument, "a text has at least one token");
  if (stop_strings.size() > kStopsMax)
    return fail(Code::InvalidArgument, cat("there may be ", kStopsMax, " stop strings at most"));
  for (const std::string& stop : stop_strings) {
    if (stop.size() > kStopBytesMax)
      return fail(Code::InvalidArgument, cat("a stop string is longer than ", kStopBytesMax));
  }
  if (logprobs.value_or(0) > kLogprobsMax)
    return fail(Code::InvalidArgument, cat("there may be ", kLogprobsMax, " logprobs at most"));
  return Done{};
}

Result<GenerationOptions> read_generation_options(json::View generation_config, json::View config) {
  ConfigReader read(generation_config);
  GenerationOptions options;
  const json::View ends =
      read.has("eos_token_id") ? generation_config["eos_token_id"] : config["eos_token_id"];
  if (ends.exists() && !ends.is_null() && !read_ids(ends, options.end_tokens))
    read.complain("eos_token_id must be a token's id or a list of them");
  SamplingOptions& sampling = options.sampling;
  if (read.flag_or("do_sample", false)) {
    sampling.temperature = read.number_or("temperature", 1, 0, 100);
    sampling.top_k =
        static_cast<std::size_t>(read.integer_or("top_k", 50, 0, ConfigReader::kSizeMax));
    sampling.top_p = read.number_or("top_p", 1, 0, 1);
    sampling.min_p = read.number_or("min_p", 0, 0, 1);
    sampling.typical_p = read.number_or("typical_p", 1, 0, 1);
  }
  sampling.repetition_penalty = read.number_or("repetition_penalty", 1, 1e-3, 1e3);
  sampling.no_repeat_ngram = static_cast<std::size_t>(
      read.integer_or("no_repeat_ngram_size", 0, 0, ConfigReader::kSizeMax));
  options.tokens_max = read.size_or("max_new_tokens", options.tokens_max);
  options.tokens_min =
      static_cast<std::size_t>(read.integer_or("min_new_tokens", 0, 0, ConfigReader::kSizeMax));
  EMB_DO(read.status());
  return options;
}

Decoding::Decoding(const GenerationOptions& options, std::span<const std::int32_t> prompt,
                   const Tokenizer* tokenizer, LogitMask* mask)
    : options_(options),
      tokens_(prompt.begin(), prompt.end()),
      prompt_tokens_(prompt.size()),
      sampler_(options.sampling),
      mask_(mask),
      stops_(options.stop_strings) {
  tokens_.reserve(prompt.size() + std::min<std::size_t>(options.tokens_max, 4096));
  if (tokenizer != nullptr) decoder_.emplace(*tokenizer);
}

Result<std::span<const Candidate>> Decoding::candidates(std::span<float> logits) {
  sampler_.penalize(logits, tokens_, prompt_tokens_);
  if (mask_ == nullptr && tokens_.size() - prompt_tokens_ < options_.tokens_min) {
    for (const std::int32_t end : options_.end_tokens) {
      if (static_cast<std::size_t>(end) < logits.size())
        logits[static_cast<std::size_t>(end)] = -std::numeric_limits<float>::infinity();
    }
  }
  if (mask_ != nullptr) {
    EMB_DO(mask_->apply(logits));
    if (std::ranges::max(logits) == -std::numeric_limits<float>::infinity())
      return fail(Code::InvalidArgument,
                  "the text's form and the options of sampling leave no token that may come next");
  }
  return sampler_.distribution(logits);
}

Result<Step> Decoding::advance(std::span<float> logits) {
  if (!options_.logprobs) {
    EMB_TRY(const auto next, candidates(logits));
    return accept(sampler_.draw(next));
  }
  // The model's own view is lost once penalties are on, and the token is known only then.
  std::vector<float> own(logits.begin(), logits.end());
  EMB_TRY(const auto next, candidates(logits));
  const std::int32_t token = sampler_.draw(next);
  read_logprobs(own, token, *options_.logprobs, logprobs_);
  return accept(token);
}

Result<Step> Decoding::accept(std::int32_t token) {
  EMB_CHECK(finish_ == FinishReason::None, "a text that has ended does not go on");
  tokens_.push_back(token);
  Step step{.token = token, .text = {}, .logprobs = logprobs_};
  if (std::ranges::find(options_.end_tokens, token) != options_.end_tokens.end()) {
    finish_ = FinishReason::EndToken;
  } else {
    if (mask_ != nullptr) EMB_DO(mask_->accept(token));
    if (decoder_) {
      EMB_TRY(const std::string piece, decoder_->step(static_cast<std::uint32_t>(token)));
      step.text = stops_.push(piece);
    }
    if (stops_.found()) {
      finish_ = FinishReason::StopString;
    } else if (mask_ != nullptr && mask_->finished()) {
      finish_ = FinishReason::Complete;
    } else if (tokens_.size() - prompt_tokens_ >= options_.tokens_max) {
      finish_ = FinishReason::Length;
    }
  }
  if (finish_ != FinishReason::None && decoder_) {
    if (!stops_.found()) {
      EMB_TRY(const std::string rest, decoder_->finish());
      step.text += stops_.push(rest);
      if (stops_.found()) finish_ = FinishReason::StopString;
    }
    step.text += stops_.finish();
  }
  step.finish = finish_;
  return step;
}

void Decoding::cancel() { finish_ = FinishReason::Cancelled; }

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

Result<Generation> generate(const Engine& engine, std::span<const std::int32_t> prompt,
                            const GenerationOptions& options, const Tokenizer* tokenizer,
                            LogitMask* mask, const std::function<bool(const Step&)>& on_step) {
  EMB_DO(options.check());
  if (prompt.empty()) return fail(Code::InvalidArgument, "the prompt has no tokens");
  if (tokenizer == nullptr && !options.stop_strings.empty())
    return fail(Code::InvalidArgument, "stop strings need a tokenizer");
  Generation result;
  const auto started = std::chrono::steady_clock::now();
  KvSequence sequence(engine.pool);
  result.prompt_tokens_shared = engine.model.adopt_prefix(sequence, prompt);
  EMB_DO(read_text(engine, prompt, sequence));
  result.prompt_seconds = seconds_since(started);
  const auto read = std::chrono::steady_clock::now();

  Decoding decoding(options, prompt, tokenizer, mask);
  for (;;) {
    EMB_TRY(const Step step, decoding.advance(engine.work.logits.row(0)));
    result.text += step.text;
    const bool goes_on = !on_step || on_step(step);
    if (step.finish != FinishReason::None) break;
    if (!goes_on) {
      decoding.cancel();
      break;
    }
    EMB_DO(read_text(engine, decoding.tokens(), sequence));
  }
  result.text_seconds = seconds_since(read);
  result.tokens.assign(decoding.generated().begin(), decoding.generated().end());
  result.finish = decoding.finish();
  return result;
}

}  // namespace embrace::transformers
