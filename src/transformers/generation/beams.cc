#include "transformers/generation/beams.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "base/strings.h"

namespace embrace::transformers {

namespace {

constexpr float kOut = -1e9f;  // what the official package adds to those that are out

struct Running {
  std::unique_ptr<LogitSource::Text> read;
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

std::size_t longest(std::span<const std::string> texts) {
  std::size_t bytes = 0;
  for (const std::string& text : texts) bytes = std::max(bytes, text.size());
  return bytes;
}

class Search {
 public:
  Search(LogitSource& source, std::span<const std::int32_t> prompt,
         const GenerationOptions& options, const WritingAids& aids, std::size_t tokens_max)
      : source_(source),
        options_(options),
        aids_(aids),
        prompt_(prompt),
        tokens_max_(tokens_max),
        rules_(options, aids.source.empty() ? prompt : aids.source, prompt.size(), tokens_max,
               aids.rule),
        scores_(source.vocabulary()),
        stop_bytes_(longest(options.stop_strings)),
        finished_(options.beams.count, Finished{{{}, kOut}, false}) {}

  Result<std::vector<Beam>> run() {
    Running first{nullptr, {prompt_.begin(), prompt_.end()}, 0};
    EMB_TRY(first.read, source_.begin(prompt_));
    running_.push_back(std::move(first));
    for (std::size_t length = 1;; ++length) {
      EMB_TRY(Matrix * logits, read_next());
      EMB_DO(collect(*logits, length));
      finish_some(length);
      EMB_DO(go_on());
      if (!may_improve(length) || all_end_ || running_.empty()) break;
    }
    std::vector<Beam> best;
    for (std::size_t i = 0; i < options_.returned && i < finished_.size(); ++i) {
      if (finished_[i].done) best.push_back(std::move(finished_[i].beam));
    }
    if (best.empty())
      return fail(Code::InvalidArgument, "no text can come to an end by these rules");
    return best;
  }

 private:
  std::size_t count() const { return options_.beams.count; }
  EarlyStopping early() const { return options_.beams.early_stopping; }

  // Whether a stop string ends in the text's last tokens, with one token more. Those before can't
  // hold its beginning: a token is a byte at least, and the first few of what is decoded may be
  // shown in another way than behind others.
  Result<bool> stops(const std::vector<std::int32_t>& text, std::int32_t token) const {
    if (options_.stop_strings.empty()) return false;
    constexpr std::size_t kTokensBefore = 16;
    const std::size_t looked_at =
        std::min(text.size() - prompt_.size(), stop_bytes_ + kTokensBefore);
    std::vector<std::uint32_t> ids(text.end() - static_cast<std::ptrdiff_t>(looked_at), text.end());
    ids.push_back(static_cast<std::uint32_t>(token));
    EMB_TRY(const std::string all, aids_.tokenizer->decode(ids, false));
    // While a character is not complete nothing is known of it, as in a DecodeStream.
    if (all.ends_with("\uFFFD")) return false;
    return std::ranges::any_of(options_.stop_strings, [&](const std::string& stop) {
      return !stop.empty() && all.find(stop) != std::string::npos;
    });
  }

  // The best continuations of all running beams: so many that enough of them do not end.
  Status collect(Matrix& logits, std::size_t length) {
    const std::size_t kept = std::max<std::size_t>(2, 1 + options_.end_tokens.size()) * count();
    next_.clear();
    // The first of equals goes before the others.
    const auto above = [](const Next& a, const Next& b) {
      if (a.score != b.score) return a.score > b.score;
      return a.from != b.from ? a.from < b.from : a.token < b.token;
    };
    for (std::size_t b = 0; b < running_.size(); ++b) {
      score(logits.row(b), running_[b].text);
      for (std::size_t i = 0; i < scores_.size(); ++i) {
        const Next one{b, static_cast<std::int32_t>(i), scores_[i] + running_[b].score, false};
        if (next_.size() == kept) {
          if (!above(one, next_.front())) continue;
          std::pop_heap(next_.begin(), next_.end(), above);
          next_.pop_back();
        }
        next_.push_back(one);
        std::push_heap(next_.begin(), next_.end(), above);
      }
    }
    std::sort_heap(next_.begin(), next_.end(), above);
    std::size_t going_on = 0;
    for (std::size_t i = 0; i < next_.size(); ++i) {
      // Nobody asks about the rest.
      if (i >= count() && going_on >= count()) break;
      Next& one = next_[i];
      one.ends = length >= tokens_max_ || options_.is_end(one.token);
      if (!one.ends) {
        EMB_TRY(one.ends, stops(running_[one.from].text, one.token));
      }
      going_on += one.ends ? 0 : 1;
    }
    all_end_ = going_on == 0;
    return Done{};
  }

  // Logarithms of probabilities, by the options' rules.
  void score(std::span<const float> logits, std::span<const std::int32_t> text) {
    const float highest = std::ranges::max(logits);
    double sum = 0;
    for (const float x : logits) sum += std::exp(x - highest);
    const auto log_sum = static_cast<float>(highest + std::log(sum));
    for (std::size_t i = 0; i < logits.size(); ++i) scores_[i] = logits[i] - log_sum;
    rules_.apply(text, scores_);
    rules_.renormalize(scores_);
  }

  // Texts that end among the best are kept, if they are better than those kept so far.
  void finish_some(std::size_t length) {
    const bool full = std::ranges::all_of(finished_, &Finished::done);
    if ((full && early() == EarlyStopping::Yes) || !improving_) return;
    const auto by =
        static_cast<float>(std::pow(static_cast<double>(length), options_.beams.length_penalty));
    for (std::size_t i = 0; i < std::min(next_.size(), count()); ++i) {
      const Next& one = next_[i];
      if (!one.ends) continue;
      const auto& text = running_[one.from].text;
      Finished entry{{{text.begin() + static_cast<std::ptrdiff_t>(prompt_.size()), text.end()},
                      one.score / by},
                     true};
      entry.beam.tokens.push_back(one.token);
      // The first of equals stays first.
      const auto place = std::ranges::find_if(
          finished_, [&](const Finished& other) { return other.beam.score < entry.beam.score; });
      finished_.insert(place, std::move(entry));
    }
    finished_.erase(finished_.begin() + static_cast<std::ptrdiff_t>(count()), finished_.end());
  }

  // The best that do not end run on, each with what the model keeps of the one it comes from. The
  // last that comes from a beam takes it over.
  Status go_on() {
    std::vector<const Next*> chosen;
    std::vector<std::size_t> heirs(running_.size());
    for (const Next& one : next_) {
      if (one.ends || chosen.size() == count()) continue;
      chosen.push_back(&one);
      ++heirs[one.from];
    }
    std::vector<Running> after;
    for (const Next* one : chosen) {
      Running& from = running_[one->from];
      const bool last = --heirs[one->from] == 0;
      Running beam{nullptr, last ? std::move(from.text) : from.text, one->score};
      if (last) {
        beam.read = std::move(from.read);
      } else {
        EMB_TRY(beam.read, source_.copy(*from.read));
      }
      beam.text.push_back(one->token);
      after.push_back(std::move(beam));
    }
    running_ = std::move(after);
    return Done{};
  }

  bool may_improve(std::size_t length) {
    const bool full = std::ranges::all_of(finished_, &Finished::done);
    if (running_.empty()) return false;
    const std::size_t reached =
        early() == EarlyStopping::Never && options_.beams.length_penalty > 0 ? tokens_max_ : length;
    const auto by =
        static_cast<float>(std::pow(static_cast<double>(reached), options_.beams.length_penalty));
    float worst = std::numeric_limits<float>::infinity();
    for (const Finished& entry : finished_) worst = std::min(worst, entry.beam.score);
    if (!full) worst = kOut;
    improving_ = improving_ && running_.front().score / by > worst;
    return improving_ && !(full && early() == EarlyStopping::Yes);
  }

  Result<Matrix*> read_next() {
    std::vector<LogitSource::Next> texts;
    for (const Running& beam : running_) texts.push_back({beam.read.get(), beam.text});
    return source_.read(texts);
  }

  LogitSource& source_;
  const GenerationOptions& options_;
  const WritingAids& aids_;
  const std::span<const std::int32_t> prompt_;
  const std::size_t tokens_max_;
  LogitRules rules_;
  std::vector<float> scores_;
  const std::size_t stop_bytes_;
  std::vector<Running> running_;
  std::vector<Next> next_;
  std::vector<Finished> finished_;  // the best first
  bool improving_ = true;
  bool all_end_ = false;
};

}  // namespace

Result<std::vector<Beam>> search_beams(LogitSource& source, std::span<const std::int32_t> prompt,
                                       const GenerationOptions& options, const WritingAids& aids) {
  EMB_DO(options.check(source.vocabulary()));
  if (prompt.empty()) return fail(Code::InvalidArgument, "the prompt has no tokens");
  if (aids.tokenizer == nullptr && !options.stop_strings.empty())
    return fail(Code::InvalidArgument, "stop strings need a tokenizer");
  EMB_TRY(const std::size_t tokens_max, options.tokens_after(prompt.size(), source.room()));
  return Search(source, prompt, options, aids, tokens_max).run();
}

}  // namespace embrace::transformers
