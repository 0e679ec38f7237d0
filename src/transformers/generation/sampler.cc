#include "transformers/generation/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::transformers {

namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

bool likelier(const Candidate& a, const Candidate& b) {
  return a.probability != b.probability ? a.probability > b.probability : a.token < b.token;
}

double log_sum_of(std::span<const Candidate> candidates) {
  const float highest = std::ranges::max(candidates, {}, &Candidate::probability).probability;
  double sum = 0;
  for (const Candidate& c : candidates) sum += std::exp(c.probability - highest);
  return highest + std::log(sum);
}

constexpr std::size_t kTopHTokens = 100;

}  // namespace

Status SamplingOptions::check() const {
  const auto within = [](double value, double min, double max) {
    return value >= min && value <= max;  // false for what is no number
  };
  std::string_view wrong;
  if (!within(temperature, 0, 100)) wrong = "temperature must be from 0 to 100";
  if (!within(top_p, 0, 1)) wrong = "top_p must be from 0 to 1";
  if (!within(min_p, 0, 1)) wrong = "min_p must be from 0 to 1";
  if (!within(typical_p, 0, 1)) wrong = "typical_p must be from 0 to 1";
  if (!within(top_h, 0, 1)) wrong = "top_h must be from 0 to 1";
  if (!within(epsilon_cutoff, 0, 1)) wrong = "epsilon_cutoff must be from 0 to 1";
  if (!within(eta_cutoff, 0, 1)) wrong = "eta_cutoff must be from 0 to 1";
  if (!within(repetition_penalty, 1e-3, 1e3))
    wrong = "repetition_penalty must be from 0.001 to 1000";
  if (!within(presence_penalty, -100, 100)) wrong = "presence_penalty must be from -100 to 100";
  if (!within(frequency_penalty, -100, 100)) wrong = "frequency_penalty must be from -100 to 100";
  if (!wrong.empty()) return fail(Code::InvalidArgument, std::string(wrong));
  return Done{};
}

std::span<const Candidate> Sampler::distribution(std::span<const float> logits) {
  EMB_CHECK(!logits.empty(), "a vocabulary has tokens");
  candidates_.clear();
  if (options_.temperature == 0) {
    const auto best = std::ranges::max_element(logits) - logits.begin();
    candidates_.push_back({static_cast<std::int32_t>(best), 1.0f});
    return candidates_;
  }
  // The highest becomes 0, so that no quotient is too large for a float.
  const float highest = *std::ranges::max_element(logits);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] > kNever) {
      const double cooled = (static_cast<double>(logits[i]) - highest) / options_.temperature;
      candidates_.push_back({static_cast<std::int32_t>(i), static_cast<float>(cooled)});
    }
  }
  if (candidates_.empty()) {  // nothing may come: rather something than nothing
    candidates_.push_back({0, 1.0f});
    return candidates_;
  }
  if (options_.top_h > 0) cut_to_top_h();
  if (options_.top_k > 0) cut_to_top_k();
  if (options_.top_p < 1) cut_to_top_p();
  if (options_.min_p > 0) cut_to_min_p();
  if (options_.typical_p < 1) cut_to_typical();
  if (options_.epsilon_cutoff > 0 && options_.epsilon_cutoff < 1) cut_below_epsilon();
  if (options_.eta_cutoff > 0 && options_.eta_cutoff < 1) cut_below_eta();
  normalize();
  return candidates_;
}

void Sampler::cut_to_top_k() {
  if (candidates_.size() <= options_.top_k) return;
  scratch_.clear();
  for (const Candidate& c : candidates_) scratch_.push_back(c.probability);
  const auto last = scratch_.begin() + static_cast<std::ptrdiff_t>(options_.top_k - 1);
  std::nth_element(scratch_.begin(), last, scratch_.end(), std::greater<>());
  std::erase_if(candidates_, [&](const Candidate& c) { return c.probability < *last; });
}

void Sampler::cut_to_top_p() {
  const float highest = std::ranges::max(candidates_, {}, &Candidate::probability).probability;
  double sum = 0;
  for (const Candidate& c : candidates_) sum += std::exp(c.probability - highest);
  const double wanted = options_.top_p * sum;
  // The likeliest few are sorted, then twice as many, until they weigh enough.
  double above = 0;
  std::size_t kept = 0;
  for (std::size_t sorted = 0, step = 64; kept == sorted && sorted < candidates_.size();
       step *= 4) {
    const std::size_t end = std::min(candidates_.size(), sorted + step);
    std::partial_sort(candidates_.begin() + static_cast<std::ptrdiff_t>(sorted),
                      candidates_.begin() + static_cast<std::ptrdiff_t>(end), candidates_.end(),
                      likelier);
    sorted = end;
    while (kept < sorted && (kept == 0 || above < wanted))
      above += std::exp(candidates_[kept++].probability - highest);
    if (above >= wanted) break;
  }
  candidates_.resize(std::max<std::size_t>(1, kept));
}

void Sampler::cut_to_min_p() {
  const float highest = std::ranges::max(candidates_, {}, &Candidate::probability).probability;
  const auto least = static_cast<float>(options_.min_p);
  std::erase_if(candidates_, [&](const Candidate& c) {
    return c.probability < highest && std::exp(c.probability - highest) < least;
  });
}

double Sampler::entropy(double log_sum) const {
  double sum = 0;
  for (const Candidate& c : candidates_) {
    const double logprob = c.probability - log_sum;
    sum -= std::exp(logprob) * logprob;
  }
  return sum;
}

void Sampler::cut_to_top_h() {
  const std::size_t count = std::min<std::size_t>(kTopHTokens, candidates_.size());
  const auto end = candidates_.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(candidates_.begin(), end, candidates_.end(), likelier);
  candidates_.erase(end, candidates_.end());
  const double log_sum = log_sum_of(candidates_);
  const double most = entropy(log_sum) * options_.top_h;
  double held = 0;
  std::size_t kept = 0;
  for (; kept < count; ++kept) {
    const double logprob = candidates_[kept].probability - log_sum;
    held -= std::exp(logprob) * logprob;
    if (held > most) break;
  }
  candidates_.resize(std::max<std::size_t>(1, kept));
}

void Sampler::cut_below_epsilon() {
  const double log_sum = log_sum_of(candidates_);
  const float highest = std::ranges::max(candidates_, {}, &Candidate::probability).probability;
  std::erase_if(candidates_, [&](const Candidate& c) {
    return c.probability < highest && std::exp(c.probability - log_sum) < options_.epsilon_cutoff;
  });
}

void Sampler::cut_below_eta() {
  const double log_sum = log_sum_of(candidates_);
  const double eta =
      std::min(options_.eta_cutoff, std::sqrt(options_.eta_cutoff) * std::exp(-entropy(log_sum)));
  const float highest = std::ranges::max(candidates_, {}, &Candidate::probability).probability;
  std::erase_if(candidates_, [&](const Candidate& c) {
    return c.probability < highest && std::exp(c.probability - log_sum) < eta;
  });
}

void Sampler::cut_to_typical() {
  const double log_sum = log_sum_of(candidates_);
  const double expected = entropy(log_sum);
  const auto distance = [&](const Candidate& c) {
    return std::abs(log_sum - c.probability - expected);
  };
  std::ranges::sort(candidates_, [&](const Candidate& a, const Candidate& b) {
    const double x = distance(a);
    const double y = distance(b);
    return x != y ? x < y : a.token < b.token;
  });
  double mass = 0;
  std::size_t last = 0;  // the first with which enough is kept
  for (; last + 1 < candidates_.size(); ++last) {
    mass += std::exp(candidates_[last].probability - log_sum);
    if (mass >= options_.typical_p) break;
  }
  const double edge = distance(candidates_[last]);
  std::erase_if(candidates_, [&](const Candidate& c) { return distance(c) > edge; });
}

void Sampler::normalize() {
  const float highest = std::ranges::max(candidates_, {}, &Candidate::probability).probability;
  double sum = 0;
  for (Candidate& c : candidates_) sum += c.probability = std::exp(c.probability - highest);
  const auto scale = static_cast<float>(1 / sum);
  for (Candidate& c : candidates_) c.probability *= scale;
}

std::int32_t Sampler::draw(std::span<const Candidate> candidates) {
  EMB_CHECK(!candidates.empty(), "something comes next");
  if (candidates.size() == 1) return candidates.front().token;
  double sum = 0;
  for (const Candidate& c : candidates) sum += c.probability;
  double left = random_.uniform() * sum;
  for (const Candidate& c : candidates) {
    left -= c.probability;
    if (left < 0) return c.token;
  }
  return candidates.back().token;
}

void read_logprobs(std::span<const float> logits, std::int32_t token, std::size_t count,
                   std::vector<TokenLogprob>& into) {
  const float highest = std::ranges::max(logits);
  double sum = 0;
  for (const float x : logits) sum += std::exp(x - highest);
  const double log_sum = highest + std::log(sum);
  const auto of = [&](std::size_t i) { return static_cast<float>(logits[i] - log_sum); };
  into.clear();
  into.push_back({token, of(static_cast<std::size_t>(token))});
  const auto above = [](const TokenLogprob& a, const TokenLogprob& b) {
    return a.logprob != b.logprob ? a.logprob > b.logprob : a.token < b.token;
  };
  // A heap of the likeliest so far, the least of them on top.
  for (std::size_t i = 0; i < logits.size() && count > 0; ++i) {
    const TokenLogprob entry{static_cast<std::int32_t>(i), of(i)};
    if (into.size() > count && !above(entry, into[1])) continue;
    if (into.size() > count) {
      std::pop_heap(into.begin() + 1, into.end(), above);
      into.pop_back();
    }
    into.push_back(entry);
    std::push_heap(into.begin() + 1, into.end(), above);
  }
  std::sort_heap(into.begin() + 1, into.end(), above);
}

}  // namespace embrace::transformers
