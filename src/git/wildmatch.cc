// git's glob matching for paths. The rules, in the order in which they surprise people:
//   *     any run of characters but '/'          ?    one character but '/'
//   **    between slashes (or at an end) any run of folders, otherwise like '*'
//   [a-z] [!a-z] [^a-z] [[:alpha:]]  one character but '/'        \x   x itself

#include <cctype>
#include <cstddef>
#include <optional>
#include <string_view>

#include "git/attributes.h"

namespace embrace::git {
namespace {

// Enough for any honest pattern; a hostile one ("*a*a*a*a...") is cut off.
constexpr std::size_t kStepsMax = 20'000;

bool in_class(std::string_view name, unsigned char c) {
  if (name == "alnum") return std::isalnum(c) != 0;
  if (name == "alpha") return std::isalpha(c) != 0;
  if (name == "blank") return c == ' ' || c == '\t';
  if (name == "cntrl") return std::iscntrl(c) != 0;
  if (name == "digit") return std::isdigit(c) != 0;
  if (name == "graph") return std::isgraph(c) != 0;
  if (name == "lower") return std::islower(c) != 0;
  if (name == "print") return std::isprint(c) != 0;
  if (name == "punct") return std::ispunct(c) != 0;
  if (name == "space") return std::isspace(c) != 0;
  if (name == "upper") return std::isupper(c) != 0;
  if (name == "xdigit") return std::isxdigit(c) != 0;
  return false;
}

bool is_class_name(std::string_view name) {
  for (std::string_view known : {"alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower",
                                 "print", "punct", "space", "upper", "xdigit"}) {
    if (name == known) return true;
  }
  return false;
}

// Reads the bracket after its '['; moves `at` behind its ']'. nullopt when it never closes (git
// then matches nothing).
std::optional<bool> match_bracket(std::string_view pattern, std::size_t& at, unsigned char c) {
  bool negated = false;
  if (at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^')) {
    negated = true;
    ++at;
  }
  bool matched = false;
  std::optional<unsigned char> previous;  // the lower end of a range that may follow
  for (bool first = true;; first = false) {
    if (at >= pattern.size()) return std::nullopt;
    auto p = static_cast<unsigned char>(pattern[at]);
    if (p == ']' && !first) break;
    if (p == '[' && at + 1 < pattern.size() && pattern[at + 1] == ':') {
      const std::size_t close = pattern.find(']', at + 2);
      if (close == pattern.npos) return std::nullopt;
      if (close >= at + 3 && pattern[close - 1] == ':') {
        const std::string_view name = pattern.substr(at + 2, close - at - 3);
        if (!is_class_name(name)) return std::nullopt;
        matched |= in_class(name, c);
        previous.reset();
        at = close + 1;
        continue;
      }
    }
    if (p == '-' && previous && at + 1 < pattern.size() && pattern[at + 1] != ']') {
      p = static_cast<unsigned char>(pattern[++at]);
      if (p == '\\') {
        if (++at >= pattern.size()) return std::nullopt;
        p = static_cast<unsigned char>(pattern[at]);
      }
      matched |= c >= *previous && c <= p;
      previous.reset();
      ++at;
      continue;
    }
    if (p == '\\') {
      if (++at >= pattern.size()) return std::nullopt;
      p = static_cast<unsigned char>(pattern[at]);
    }
    matched |= c == p;
    previous = p;
    ++at;
  }
  ++at;
  return matched != negated && c != '/';
}

// Backtracking with two memories: where the last '*' and the last "**" stood. When the rest fails,
// the
// '*' takes one character more; when it may not (a '/'), the "**" does. Earlier stars never need
// another look, because a later star of the same kind can take whatever they could have.
class Matcher {
 public:
  Matcher(std::string_view pattern, std::string_view text) : pattern_(pattern), text_(text) {}

  bool match() {
    std::size_t steps = 0;
    while (++steps < kStepsMax) {
      if (p_ == pattern_.size() && t_ == text_.size()) return true;
      if (step()) continue;
      if (!back_up()) return false;
    }
    return false;
  }

 private:
  struct Star {
    std::size_t pattern = std::string_view::npos;  // npos: none
    std::size_t text = 0;
    bool is_set() const { return pattern != std::string_view::npos; }
  };

  // Consumes one element of the pattern. False: it doesn't match here.
  bool step() {
    if (p_ == pattern_.size()) return false;
    const char p = pattern_[p_];
    if (p == '*') return step_stars();
    if (t_ == text_.size()) return false;
    const char t = text_[t_];
    if (p == '?') {
      if (t == '/') return false;
      ++p_;
    } else if (p == '[') {
      std::size_t at = p_ + 1;
      auto matched = match_bracket(pattern_, at, static_cast<unsigned char>(t));
      if (!matched || !*matched) return false;
      p_ = at;
    } else {
      std::size_t at = p_;
      if (p == '\\' && ++at == pattern_.size()) return false;
      if (pattern_[at] != t) return false;
      p_ = at + 1;
    }
    ++t_;
    return true;
  }

  bool step_stars() {
    const std::size_t first = p_;
    while (p_ < pattern_.size() && pattern_[p_] == '*') ++p_;
    const bool after_slash = first == 0 || pattern_[first - 1] == '/';
    const bool before_slash = p_ == pattern_.size() || pattern_[p_] == '/';
    if (p_ - first < 2 || !after_slash || !before_slash) {
      star_ = {.pattern = p_, .text = t_};
      return true;
    }
    star_ = {};
    if (p_ == pattern_.size()) {
      t_ = text_.size();  // everything below
      return true;
    }
    // "**/" stands for no folder at all, or for any that end in a slash.
    ++p_;
    folders_ = {.pattern = p_, .text = t_};
    return true;
  }

  bool back_up() {
    if (star_.is_set() && star_.text < text_.size() && text_[star_.text] != '/') {
      t_ = ++star_.text;
      p_ = star_.pattern;
      return true;
    }
    star_ = {};
    if (!folders_.is_set()) return false;
    const std::size_t slash = text_.find('/', folders_.text);
    if (slash == text_.npos) return false;
    t_ = folders_.text = slash + 1;
    p_ = folders_.pattern;
    return true;
  }

  const std::string_view pattern_;
  const std::string_view text_;
  std::size_t p_ = 0;
  std::size_t t_ = 0;
  Star star_;
  Star folders_;
};

}  // namespace

bool wildmatch(std::string_view pattern, std::string_view text) {
  return Matcher(pattern, text).match();
}

}  // namespace embrace::git
