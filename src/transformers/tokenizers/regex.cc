#include "transformers/tokenizers/regex.h"

#include <oniguruma.h>

#include <algorithm>
#include <chrono>
#include <mutex>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {
namespace {

constexpr std::size_t kPatternBytesMax = 16 << 10;
constexpr unsigned kParseDepthMax = 256;
// Backtracking steps of one match attempt and of one search. The patterns in use take a handful per
// code point; a search may also have to walk over the whole text once.
constexpr unsigned long kStepsPerMatchMax = 1'000'000;
constexpr unsigned long kStepsPerSearchMax = 4'000'000;
constexpr unsigned long kStepsPerByteMax = 64;
constexpr unsigned kStackEntriesMax = 1 << 20;
// Each search may be just within its budget, so the text as a whole has a time limit as well.
constexpr std::chrono::milliseconds kTimeMax{2000};
constexpr std::chrono::microseconds kTimePerKilobyte{5000};

const OnigUChar* bytes_of(std::string_view text) {
  return reinterpret_cast<const OnigUChar*>(text.data());
}

std::string reason(int code, OnigErrorInfo* info) {
  OnigUChar buffer[ONIG_MAX_ERROR_MESSAGE_LEN];
  const int length = info != nullptr ? onig_error_code_to_str(buffer, code, info)
                                     : onig_error_code_to_str(buffer, code);
  return {reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(std::max(length, 0))};
}

// Oniguruma sets itself up at the first use and is not safe to compile from two threads before
// that.
std::mutex& compiler_lock() {
  static std::mutex lock;
  return lock;
}

void set_up_once() {
  static const bool done = [] {
    OnigEncoding utf8 = ONIG_ENCODING_UTF8;
    EMB_CHECK(onig_initialize(&utf8, 1) == ONIG_NORMAL, "Oniguruma starts");
    onig_set_parse_depth_limit(kParseDepthMax);
    onig_set_warn_func(onig_null_warn);
    onig_set_verb_warn_func(onig_null_warn);
    return true;
  }();
  (void)done;
}

struct FreeParameters {
  void operator()(OnigMatchParam* parameters) const { onig_free_match_param(parameters); }
};
struct FreeRegion {
  void operator()(OnigRegion* region) const { onig_region_free(region, 1); }
};

}  // namespace

void Regex::Free::operator()(re_pattern_buffer* compiled) const { onig_free(compiled); }

Result<Regex> Regex::compile(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax) {
    return fail(Code::TooLarge, cat("a regular expression of ", pattern.size(), " bytes; at most ",
                                    kPatternBytesMax));
  }
  const std::lock_guard held(compiler_lock());
  set_up_once();
  OnigRegex compiled = nullptr;
  OnigErrorInfo info{};
  const int code = onig_new(&compiled, bytes_of(pattern), bytes_of(pattern) + pattern.size(),
                            ONIG_OPTION_NONE, ONIG_ENCODING_UTF8, ONIG_SYNTAX_RUBY, &info);
  if (code != ONIG_NORMAL) {
    return fail(Code::InvalidArgument, cat("regular expression: ", reason(code, &info)));
  }
  return Regex(compiled);
}

Status Regex::find_all(std::string_view text, std::vector<Match>& matches) const {
  const std::unique_ptr<OnigMatchParam, FreeParameters> parameters(onig_new_match_param());
  const std::unique_ptr<OnigRegion, FreeRegion> region(onig_region_new());
  EMB_CHECK(parameters && region, "Oniguruma has memory");
  onig_initialize_match_param(parameters.get());
  onig_set_match_stack_limit_size_of_match_param(parameters.get(), kStackEntriesMax);
  onig_set_retry_limit_in_match_of_match_param(parameters.get(), kStepsPerMatchMax);

  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + kTimeMax + kTimePerKilobyte * (text.size() >> 10);
  const OnigUChar* const begin = bytes_of(text);
  const OnigUChar* const end = begin + text.size();
  std::size_t from = 0;
  std::size_t last_end = std::string_view::npos;
  unsigned searches = 0;
  while (from <= text.size()) {
    if (++searches % 16 == 0 && Clock::now() > deadline) {
      return fail(Code::TooLarge, "a regular expression takes too long on this text");
    }
    onig_set_retry_limit_in_search_of_match_param(
        parameters.get(), kStepsPerSearchMax + kStepsPerByteMax * (text.size() - from));
    onig_region_clear(region.get());
    const int found = onig_search_with_param(compiled_.get(), begin, end, begin + from, end,
                                             region.get(), ONIG_OPTION_NONE, parameters.get());
    if (found == ONIG_MISMATCH) break;
    if (found < 0) {
      return fail(Code::TooLarge,
                  cat("a regular expression gives up on this text: ", reason(found, nullptr)));
    }
    const auto match_begin = static_cast<std::size_t>(region->beg[0]);
    const auto match_end = static_cast<std::size_t>(region->end[0]);
    if (match_begin == match_end && match_end == last_end) {
      from +=
          from < text.size() ? utf8_length_from_lead(static_cast<unsigned char>(text[from])) : 1;
      continue;
    }
    from = match_end;
    last_end = match_end;
    matches.push_back({match_begin, match_end});
  }
  return Done{};
}

}  // namespace embrace::transformers
