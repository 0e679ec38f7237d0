#include "transformers/pipelines/answers.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

#include "transformers/pipelines/cut_text.h"
#include "transformers/pipelines/stable_order.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

namespace {

struct Span {
  double score = 0;
  std::size_t first = 0;  // tokens of the window, both included
  std::size_t last = 0;
};

// Probabilities over the tokens that are `open`; zero for the others.
std::vector<double> probabilities(const Matrix& logits, std::size_t first_row, std::size_t column,
                                  const std::vector<bool>& open) {
  constexpr double kClosed = -10000;
  std::vector<double> scores(open.size());
  for (std::size_t i = 0; i < open.size(); ++i)
    scores[i] = open[i] ? static_cast<double>(logits.row(first_row + i)[column]) : kClosed;
  const double highest = std::ranges::max(scores);
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - highest);
  for (double& score : scores) score /= sum;
  return scores;
}

// The `count` likeliest spans of up to `length_max` tokens, the likeliest first.
std::vector<Span> best_spans(const std::vector<double>& starts, const std::vector<double>& ends,
                             std::size_t length_max, std::size_t count) {
  std::vector<Span> spans;
  const auto is_better = [](const Span& a, const Span& b) { return a.score > b.score; };
  for (std::size_t first = 0; first < starts.size(); ++first) {
    if (starts[first] == 0) continue;
    const std::size_t end = first + std::min(length_max, ends.size() - first);
    for (std::size_t last = first; last < end; ++last) {
      const Span span{starts[first] * ends[last], first, last};
      if (span.score == 0) continue;
      // A heap whose top is the worst that is kept.
      if (spans.size() == count) {
        if (!is_better(span, spans.front())) continue;
        std::ranges::pop_heap(spans, is_better);
        spans.pop_back();
      }
      spans.push_back(span);
      std::ranges::push_heap(spans, is_better);
    }
  }
  sort_stably(spans, is_better);
  return spans;
}

// Code points of the context from the first token's word to the last one's, where both have one.
std::pair<std::size_t, std::size_t> place_of(const Encoding& window, const Span& span,
                                             bool align_to_words) {
  std::size_t first = span.first;
  std::size_t last = span.last;
  const std::uint32_t first_word = window.word_ids[first];
  const std::uint32_t last_word = window.word_ids[last];
  if (align_to_words && first_word != kNoWord && last_word != kNoWord) {
    const auto continues = [&](std::size_t token, std::uint32_t word) {
      return window.sequence_ids[token] == 1 && window.word_ids[token] == word;
    };
    while (first > 0 && continues(first - 1, first_word)) --first;
    while (last + 1 < window.size() && continues(last + 1, last_word)) ++last;
  }
  return {window.offsets[first].begin, window.offsets[last].end};
}

}  // namespace

std::vector<Answer> AnswerFinder::find(std::string_view context, std::span<const Encoding> windows,
                                       const Matrix& logits, const QuestionOptions& options) const {
  const CutText cut(context);
  // Several may be of one word.
  const std::size_t kept = options.align_to_words ? options.count * 2 + 10 : options.count;
  double unanswerable = 1e6;
  std::vector<Answer> answers;  // without their texts
  const auto text_of = [&](const Answer& one) { return cut.cut(one.start, one.end); };
  std::unordered_multimap<std::size_t, std::size_t> known;  // by the hash of the text in lower case
  std::size_t row = 0;
  for (const Encoding& window : windows) {
    std::vector<bool> open(window.size());
    for (std::size_t i = 0; i < window.size(); ++i)
      open[i] = window.sequence_ids[i] == 1 || window.ids[i] == classifier;
    std::vector<double> starts = probabilities(logits, row, 0, open);
    std::vector<double> ends = probabilities(logits, row, 1, open);
    row += window.size();
    unanswerable = std::min(unanswerable, starts[0] * ends[0]);
    starts[0] = ends[0] = 0;
    for (const Span& span : best_spans(starts, ends, options.answer_tokens_max, kept)) {
      if (!open[span.first] || !open[span.last]) continue;
      const auto [begin, end] = place_of(window, span, options.align_to_words);
      const std::string lowered = lower_case(cut.cut(begin, end));
      const std::size_t hash = std::hash<std::string>()(lowered);
      const auto [alike, alike_end] = known.equal_range(hash);
      const auto same = std::find_if(alike, alike_end, [&](const auto& entry) {
        return lower_case(text_of(answers[entry.second])) == lowered;
      });
      if (same != alike_end) {
        answers[same->second].score += span.score;
        continue;
      }
      known.emplace(hash, answers.size());
      answers.push_back({span.score, begin, end, ""});
    }
  }
  if (options.may_be_unanswerable) answers.push_back({unanswerable, 0, 0, ""});
  sort_stably(answers, [](const Answer& a, const Answer& b) { return a.score > b.score; });
  if (answers.size() > options.count) answers.resize(options.count);
  for (Answer& answer : answers) answer.answer = text_of(answer);
  return answers;
}

}  // namespace embrace::transformers
