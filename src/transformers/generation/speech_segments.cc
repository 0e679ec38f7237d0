#include "transformers/generation/speech_segments.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/generation/generator.h"

namespace embrace::transformers {

namespace {

constexpr double kTimestampSeconds = 0.02;
constexpr std::size_t kFramesOfTimestamp = 2;

// Cuts what was written for the window that begins at frame `seek` and has `frames` frames of
// sound. Returns how many frames are done with.
class Cutter {
 public:
  Cutter(std::span<const std::int32_t> written, std::int32_t first_timestamp, std::size_t seek,
         std::size_t frames)
      : written_(written),
        first_timestamp_(first_timestamp),
        begin_(static_cast<double>(seek) * kTimestampSeconds / kFramesOfTimestamp),
        frames_(frames) {}

  std::size_t cut(std::vector<SpeechSegment>& into) const {
    std::vector<std::size_t> ends;  // between two timestamps: the end of one, the begin of the next
    for (std::size_t i = 1; i < written_.size(); ++i) {
      if (is_time(i - 1) && is_time(i)) ends.push_back(i);
    }
    const std::size_t count = written_.size();
    const bool ends_in_one = count >= 2 && is_time(count - 1) && !is_time(count - 2);
    if (ends.empty()) {
      into.push_back(whole());
      return frames_;
    }
    // Silence follows a single timestamp. Behind a pair the text was cut off: both belong to the
    // last segment, and what comes after them is written anew.
    if (ends_in_one) {
      ends.push_back(count);
    } else {
      ++ends.back();
    }
    std::size_t from = 0;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      const auto tokens = written_.subspan(from, ends[i] - from);
      const bool has_both = i + 1 == ends.size() && !ends_in_one;
      const std::int32_t last = tokens[tokens.size() - (has_both ? 2 : 1)];
      into.push_back(
          {seconds_at(tokens.front()), seconds_at(last), {tokens.begin(), tokens.end()}});
      from = ends[i];
    }
    if (ends_in_one) return frames_;
    const std::int64_t done = written_[from - 2] - first_timestamp_;
    return static_cast<std::size_t>(std::max<std::int64_t>(0, done)) * kFramesOfTimestamp;
  }

 private:
  bool is_time(std::size_t i) const { return written_[i] >= first_timestamp_; }
  double seconds_at(std::int32_t token) const {
    return begin_ + static_cast<double>(token - first_timestamp_) * kTimestampSeconds;
  }

  SpeechSegment whole() const {
    // In the official package's own arithmetic, which loses some.
    auto places = static_cast<std::int64_t>(static_cast<float>(frames_) * 0.01f / 0.02f);
    for (std::size_t i = written_.size(); i-- > 0;) {
      if (!is_time(i)) continue;
      if (written_[i] != first_timestamp_) places = written_[i] - first_timestamp_;
      break;
    }
    return {begin_,
            begin_ + static_cast<double>(places) * kTimestampSeconds,
            {written_.begin(), written_.end()}};
  }

  std::span<const std::int32_t> written_;
  std::int32_t first_timestamp_;
  double begin_;
  std::size_t frames_;
};

// Some rows of the sound, and silence behind them.
void copy_window(const Matrix& features, std::size_t from, std::size_t rows, Matrix& window) {
  std::ranges::fill(window.all(), 0.0f);
  const std::size_t columns = features.columns();
  std::ranges::copy(features.all().subspan(from * columns, rows * columns), window.all().begin());
}

// What was written so far, as the beginning of the next window's prompt: its last tokens.
std::vector<std::int32_t> text_before(const std::vector<SpeechSegment>& segments,
                                      const TranscriptionRules& rules, std::int32_t first_timestamp,
                                      std::size_t tokens_max) {
  std::vector<std::int32_t> text;
  for (const SpeechSegment& segment : segments) {
    const auto& tokens = segment.tokens;
    const bool ends_in_two = tokens.size() > 2 && tokens[tokens.size() - 2] >= first_timestamp;
    text.insert(text.end(), tokens.begin(), tokens.end() - (ends_in_two ? 1 : 0));
  }
  if (text.size() > tokens_max)
    text.erase(text.begin(), text.end() - static_cast<std::ptrdiff_t>(tokens_max));
  if (rules.previous()) text.insert(text.begin(), *rules.previous());
  return text;
}

// What the model writes about one window.
class WindowSource final : public LogitSource {
 public:
  WindowSource(const Whisper& model, Team& team, Whisper::State before)
      : model_(model), team_(team), before_(std::move(before)) {}

  std::size_t vocabulary() const override { return model_.shape().vocabulary; }
  std::optional<std::size_t> room() const override { return model_.shape().positions; }
  Result<std::unique_ptr<Text>> begin(std::span<const std::int32_t>) override {
    return std::make_unique<Written>(before_);
  }
  Result<std::unique_ptr<Text>> copy(const Text& text) override {
    return std::make_unique<Written>(static_cast<const Written&>(text).state);
  }
  std::size_t known(const Text&) const override { return 0; }
  Result<Matrix*> read(std::span<const Next> texts) override {
    logits_.resize(texts.size(), vocabulary());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      Whisper::State& state = static_cast<Written*>(texts[i].text)->state;
      EMB_CHECK(state.length() < texts[i].tokens.size(), "there is something to read");
      EMB_DO(model_.step(team_, state, texts[i].tokens.subspan(state.length()), all_));
      std::ranges::copy(std::as_const(all_).row(all_.rows() - 1), logits_.row(i).begin());
    }
    return &logits_;
  }

 private:
  struct Written final : Text {
    explicit Written(Whisper::State held) : state(std::move(held)) {}
    Whisper::State state;
  };

  const Whisper& model_;
  Team& team_;
  Whisper::State before_;  // the first token
  Matrix all_;             // a row for each token
  Matrix logits_;
};

class WindowRule final : public TextRule {
 public:
  WindowRule(const TranscriptionRules& rules, bool timestamps)
      : rules_(rules), timestamps_(timestamps) {}

  void apply(std::span<const std::int32_t> text, std::size_t prompt_tokens,
             std::span<float> logits) const override {
    rules_.restrict(text.subspan(prompt_tokens), timestamps_, logits);
  }

 private:
  const TranscriptionRules& rules_;
  const bool timestamps_;
};

}  // namespace

Result<std::vector<std::int32_t>> write_window(Team& team, const Whisper& model,
                                               const TranscriptionRules& rules,
                                               const TranscriptionRequest& request,
                                               const GenerationOptions& options,
                                               std::span<const std::int32_t> prompt,
                                               const Matrix& encoded) {
  if (options.returned > 1) return fail(Code::NotBuilt, "several texts of one sound");
  const std::size_t positions = model.shape().positions;
  const std::size_t places = positions - std::min(positions, prompt.size());
  const std::size_t tokens_max =
      std::min(places, request.tokens_max.value_or(rules.tokens_max(prompt.size(), positions)));
  if (tokens_max == 0) {
    return fail(Code::InvalidArgument,
                cat("a prompt of ", prompt.size(), " tokens leaves no place for text"));
  }
  GenerationOptions own = options;
  own.tokens_max = tokens_max;
  own.end_tokens = {rules.end()};
  own.suppressed.clear();
  own.suppressed_first.clear();
  EMB_TRY(Whisper::State before, model.listen(team, encoded));
  WindowSource source(model, team, std::move(before));
  const WindowRule rule(rules, request.timestamps);
  EMB_TRY(Generation written, generate(source, prompt, own, {.rule = &rule}));
  return std::move(written.tokens);
}

Result<SpeechSegments> write_segments(Team& team, const Whisper& model,
                                      const TranscriptionRules& rules, TranscriptionRequest request,
                                      const GenerationOptions& options, const Matrix& features) {
  const Whisper::Shape& shape = model.shape();
  if (features.rows() > shape.frames || rules.timestamps()) request.timestamps = true;
  const bool conditioned = request.conditioned.value_or(rules.conditioned());
  const std::int32_t first_timestamp =
      rules.first_timestamp().value_or(std::numeric_limits<std::int32_t>::max());
  SpeechSegments result;
  Matrix window(shape.frames, features.columns());
  Matrix encoded;
  for (std::size_t seek = 0; seek < features.rows();) {
    const std::size_t frames = std::min(features.rows() - seek, shape.frames);
    copy_window(features, seek, frames, window);
    EMB_DO(model.encode(team, window, encoded));
    if (seek == 0) {
      EMB_TRY(result.first, find_first_tokens(team, model, rules, request, encoded));
    }
    std::vector<std::int32_t> prompt;
    if (conditioned && !result.segments.empty())
      prompt = text_before(result.segments, rules, first_timestamp, shape.positions / 2 - 1);
    prompt.insert(prompt.end(), result.first.begin(), result.first.end());
    EMB_TRY(auto written, write_window(team, model, rules, request, options, prompt, encoded));
    if (!written.empty() && written.back() == rules.end()) written.pop_back();
    const std::size_t done = Cutter(written, first_timestamp, seek, frames).cut(result.segments);
    // A pair of first timestamps would be written again and again.
    seek += done > 0 ? done : frames;
  }
  return result;
}

}  // namespace embrace::transformers
