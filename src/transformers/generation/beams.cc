#include "transformers/generation/beams.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/strings.h"

namespace embrace::transformers {

namespace {

constexpr float kOut = -1e9f;  // what the official package adds to those that are out

struct Running {
  KvSequence sequence;
  std::vector<std::int32_t> text;  // prompt first
  float score = 0;
};

struct Next {
  std::size_t from = 0;  // which running beam goes on
  std::int32_t token = 0;
  float score = 0;
  bool ends = false;
};

struct Finished {
  Beam beam;
  bool done = false;  // false fills the places that no text has taken yet
};

class Search {
 public:
  Search(const Engine& engine, std::size_t prompt_tokens, const BeamOptions& options)
      : engine_(engine),
        options_(options),
        prompt_tokens_(prompt_tokens),
        sampler_({.repetition_penalty = options.repetition_penalty,
                  .no_repeat_ngram = options.no_repeat_ngram}),
        finished_(options.beams, Finished{{{}, kOut}, false}) {}

  Result<std::vector<Beam>> run(std::span<const std::int32_t> prompt) {
    Running first{KvSequence(engine_.pool), {prompt.begin(), prompt.end()}, 0};
    engine_.model.adopt_prefix(first.sequence, prompt);
    EMB_DO(read_text(engine_, prompt, first.sequence));
    scores_.resize(engine_.work.logits.columns());
    running_.push_back(std::move(first));
    for (std::size_t length = 1;; ++length) {
      collect(length);
      finish_some(length);
      EMB_DO(go_on());
      if (!may_improve(length) || all_end_ || running_.empty()) break;
      EMB_DO(read_next());
    }
    std::vector<Beam> best;
    for (std::size_t i = 0; i < options_.returned && i < finished_.size(); ++i) {
      if (finished_[i].done) best.push_back(std::move(finished_[i].beam));
    }
    return best;
  }

 private:
  bool ends(std::int32_t token) const {
    return std::ranges::find(options_.end_tokens, token) != options_.end_tokens.end();
  }

  // The best continuations of all running beams: so many that enough of them do not end.
  void collect(std::size_t length) {
    const std::size_t kept =
        std::max<std::size_t>(2, 1 + options_.end_tokens.size()) * options_.beams;
    next_.clear();
    const auto above = [](const Next& a, const Next& b) { return a.score > b.score; };
    for (std::size_t b = 0; b < running_.size(); ++b) {
      const auto logits = engine_.work.logits.row(b);
      const float highest = std::ranges::max(logits);
      double sum = 0;
      for (const float x : logits) sum += std::exp(x - highest);
      const auto log_sum = static_cast<float>(highest + std::log(sum));
      for (std::size_t i = 0; i < logits.size(); ++i) scores_[i] = logits[i] - log_sum;
      sampler_.penalize(scores_, running_[b].text, prompt_tokens_);
      for (std::size_t i = 0; i < scores_.size(); ++i) {
        const Next one{b, static_cast<std::int32_t>(i), scores_[i] + running_[b].score, false};
        if (next_.size() == kept) {
          if (one.score <= next_.front().score) continue;
          std::pop_heap(next_.begin(), next_.end(), above);
          next_.pop_back();
        }
        next_.push_back(one);
        std::push_heap(next_.begin(), next_.end(), above);
      }
    }
    std::sort_heap(next_.begin(), next_.end(), above);
    all_end_ = true;
    for (Next& one : next_) {
      one.ends = length >= options_.tokens_max || ends(one.token);
      all_end_ = all_end_ && one.ends;
    }
  }

  // Texts that end among the best are kept, if they are better than those kept so far.
  void finish_some(std::size_t length) {
    const bool full = std::ranges::all_of(finished_, &Finished::done);
    if ((full && options_.early_stopping == EarlyStopping::Yes) || !improving_) return;
    const auto by =
        static_cast<float>(std::pow(static_cast<double>(length), options_.length_penalty));
    for (std::size_t i = 0; i < std::min(next_.size(), options_.beams); ++i) {
      const Next& one = next_[i];
      if (!one.ends) continue;
      const auto& text = running_[one.from].text;
      Finished entry{{{text.begin() + static_cast<std::ptrdiff_t>(prompt_tokens_), text.end()},
                      one.score / by},
                     true};
      entry.beam.tokens.push_back(one.token);
      // The first of equals stays first.
      const auto place = std::ranges::find_if(
          finished_, [&](const Finished& other) { return other.beam.score < entry.beam.score; });
      finished_.insert(place, std::move(entry));
    }
    finished_.erase(finished_.begin() + static_cast<std::ptrdiff_t>(options_.beams),
                    finished_.end());
  }

  // The best that do not end run on, each with the keys and values of the one it comes from.
  Status go_on() {
    std::vector<Running> after;
    for (const Next& one : next_) {
      if (one.ends || after.size() == options_.beams) continue;
      Running& from = running_[one.from];
      after.push_back({from.sequence.fork(), from.text, one.score});
      after.back().text.push_back(one.token);
    }
    running_ = std::move(after);
    return Done{};
  }

  bool may_improve(std::size_t length) {
    const bool full = std::ranges::all_of(finished_, &Finished::done);
    if (running_.empty()) return false;
    const std::size_t reached =
        options_.early_stopping == EarlyStopping::Never && options_.length_penalty > 0
            ? options_.tokens_max
            : length;
    const auto by =
        static_cast<float>(std::pow(static_cast<double>(reached), options_.length_penalty));
    float worst = std::numeric_limits<float>::infinity();
    for (const Finished& entry : finished_) worst = std::min(worst, entry.beam.score);
    const bool all_places_open = std::ranges::none_of(finished_, &Finished::done);
    if (all_places_open || !full) worst = kOut;
    improving_ = improving_ && running_.front().score / by > worst;
    return improving_ && !(full && options_.early_stopping == EarlyStopping::Yes);
  }

  Status read_next() {
    const std::size_t length = running_.front().text.size();
    if (length == engine_.model.shape().recompute_from) {
      for (Running& beam : running_) beam.sequence.truncate(0);
    }
    std::vector<CausalLm::Stretch> stretches;
    for (Running& beam : running_) {
      const std::span<const std::int32_t> text = beam.text;
      stretches.push_back({text.subspan(beam.sequence.length()), &beam.sequence});
    }
    return engine_.model.forward(engine_.team, stretches, engine_.work);
  }

  const Engine& engine_;
  const BeamOptions& options_;
  const std::size_t prompt_tokens_;
  Sampler sampler_;  // for its penalties
  std::vector<Running> running_;
  std::vector<Next> next_;
  std::vector<Finished> finished_;  // the best first
  std::vector<float> scores_;
  bool improving_ = true;
  bool all_end_ = false;
};

}  // namespace

Result<std::vector<Beam>> search_beams(const Engine& engine, std::span<const std::int32_t> prompt,
                                       const BeamOptions& options) {
  if (prompt.empty()) return fail(Code::InvalidArgument, "the prompt has no tokens");
  if (options.beams == 0 || options.beams > BeamOptions::kBeamsMax) {
    return fail(Code::InvalidArgument,
                cat("there may be from 1 to ", BeamOptions::kBeamsMax, " beams"));
  }
  if (options.returned == 0 || options.returned > options.beams)
    return fail(Code::InvalidArgument, "no more texts are returned than there are beams");
  if (options.tokens_max == 0) return fail(Code::InvalidArgument, "a text has at least one token");
  if (!(std::abs(options.length_penalty) <= 100))
    return fail(Code::InvalidArgument, "length_penalty must be from -100 to 100");
  EMB_DO((SamplingOptions{.repetition_penalty = options.repetition_penalty}.check()));
  return Search(engine, prompt.size(), options).run(prompt);
}

}  // namespace embrace::transformers
