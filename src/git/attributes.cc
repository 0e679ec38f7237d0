#include "git/attributes.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/strings.h"

namespace embrace::git {
namespace {

// The text comes from a repository: what is beyond these is ignored.
constexpr std::size_t kLineBytesMax = 2048;  // git's own limit for .gitattributes
constexpr std::size_t kRulesMax = 10'000;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view without_bom(std::string_view text) {
  return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

// A C-style quoted pattern: moves `line` behind the closing quote.
std::optional<std::string> take_quoted(std::string_view& line) {
  std::string out;
  for (std::size_t i = 1; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      line.remove_prefix(i + 1);
      return out;
    }
    if (c != '\\') {
      out += c;
      continue;
    }
    if (++i >= line.size()) return std::nullopt;
    constexpr std::string_view letters = "abfnrtv\\\"";
    constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\\"";
    if (const std::size_t at = letters.find(line[i]); at != letters.npos) {
      out += meanings[at];
      continue;
    }
    int octal = 0;
    if (i + 2 >= line.size()) return std::nullopt;
    for (int digit = 0; digit < 3; ++digit, ++i) {
      if (line[i] < '0' || line[i] > '7') return std::nullopt;
      octal = octal * 8 + (line[i] - '0');
    }
    --i;
    if (octal > 255) return std::nullopt;
    out += static_cast<char>(octal);
  }
  return std::nullopt;
}

std::string_view take_word(std::string_view& line) {
  const auto begin = std::ranges::find_if_not(line, is_blank);
  const auto end = std::find_if(begin, line.end(), is_blank);
  const std::string_view word(begin, end);
  line = std::string_view(end, line.end());
  return word;
}

// What the attributes of a line say about LFS: 1 yes, -1 no, 0 nothing. Later ones win.
int lfs_verdict(std::string_view attributes) {
  int verdict = 0;
  for (std::string_view word = take_word(attributes); !word.empty(); word = take_word(attributes)) {
    if (word == "filter=lfs") {
      verdict = 1;
    } else if (word == "filter" || word == "-filter" || word == "!filter" ||
               word.starts_with("filter=")) {
      verdict = -1;
    }
  }
  return verdict;
}

// A pattern without a slash is about the last name of the path, in any folder; one with a slash
// about the whole path.
bool matches(std::string_view pattern, std::string_view path) {
  if (!pattern.contains('/')) {
    const std::size_t slash = path.rfind('/');
    return wildmatch(pattern, slash == path.npos ? path : path.substr(slash + 1));
  }
  if (pattern.starts_with('/')) pattern.remove_prefix(1);
  return wildmatch(pattern, path);
}

}  // namespace

LfsAttributes LfsAttributes::parse(std::string_view text) {
  LfsAttributes out;
  for (std::string_view line : split(without_bom(text), '\n')) {
    if (line.size() > kLineBytesMax || out.rules_.size() >= kRulesMax) continue;
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    if (line.empty() || line.front() == '#' || line.starts_with("[attr]")) continue;
    std::string pattern;
    if (line.front() == '"') {
      auto quoted = take_quoted(line);
      if (!quoted) continue;
      pattern = std::move(*quoted);
    } else {
      pattern = take_word(line);
    }
    // git forbids negated patterns here, and one for folders never matches a file.
    if (pattern.empty() || pattern.starts_with('!') || pattern.ends_with('/')) continue;
    if (const int verdict = lfs_verdict(line); verdict != 0) {
      out.rules_.push_back({.pattern = std::move(pattern), .lfs = verdict});
    }
  }
  return out;
}

bool LfsAttributes::is_lfs(std::string_view path) const {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (matches(rule->pattern, path)) return rule->lfs > 0;
  }
  return false;
}

namespace {

// Spaces at the end don't count unless escaped; neither does a CR.
std::string_view without_trailing_spaces(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  while (line.ends_with(' ')) {
    std::size_t backslashes = 0;
    while (backslashes + 1 < line.size() && line[line.size() - 2 - backslashes] == '\\')
      ++backslashes;
    if (backslashes % 2 == 1) break;
    line.remove_suffix(1);
  }
  return line;
}

}  // namespace

IgnoreRules IgnoreRules::parse(std::string_view text) {
  IgnoreRules out;
  for (std::string_view line : split(without_bom(text), '\n')) {
    if (line.size() > kLineBytesMax || out.rules_.size() >= kRulesMax) continue;
    line = without_trailing_spaces(line);
    if (line.empty() || line.front() == '#') continue;
    Rule rule;
    if (line.front() == '!') {
      rule.negated = true;
      line.remove_prefix(1);
    }
    if (line.ends_with('/')) {
      rule.folders_only = true;
      line.remove_suffix(1);
    }
    if (line.empty()) continue;
    rule.pattern = line;
    out.rules_.push_back(std::move(rule));
  }
  return out;
}

// A file in an ignored folder is ignored, whatever later lines say about the file; so folders are
// asked first, from the outermost.
bool IgnoreRules::is_ignored(std::string_view path) const {
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const bool is_folder = end != path.npos;
    const std::string_view part = path.substr(0, end);
    auto rule = std::find_if(rules_.rbegin(), rules_.rend(), [&](const Rule& candidate) {
      return (is_folder || !candidate.folders_only) && matches(candidate.pattern, part);
    });
    const bool ignored = rule != rules_.rend() && !rule->negated;
    if (ignored || !is_folder) return ignored;
  }
}

std::string lfs_attribute_line(std::string_view path) {
  // First the glob's own escapes, then, where the line needs them, C-style quotes around it.
  std::string pattern;
  for (char c : path) {
    if (std::string_view("*?[\\").contains(c)) pattern += '\\';
    pattern += c;
  }
  if (pattern.starts_with('!')) pattern.insert(0, "\\");
  const bool needs_quotes =
      pattern.starts_with('#') || pattern.starts_with('"') ||
      pattern.starts_with(
          "\xEF\xBB\xBF") ||  // a byte order mark would be skipped at the file's start

      std::ranges::any_of(
          pattern, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; });
  if (needs_quotes) {
    std::string quoted = "\"";
    for (char c : pattern) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        quoted += '\\';
        quoted += c;
      } else if (byte < 0x20 || byte == 0x7F) {
        quoted += '\\';
        for (int shift = 6; shift >= 0; shift -= 3)
          quoted += static_cast<char>('0' + ((byte >> shift) & 7));
      } else {
        quoted += c;
      }
    }
    pattern = quoted + "\"";
  }
  return cat(pattern, " filter=lfs diff=lfs merge=lfs -text");
}

std::string default_attributes(bool for_dataset) {
  static constexpr std::string_view everywhere[] = {"*.7z",          "*.arrow",
                                                    "*.bin",         "*.bz2",
                                                    "*.ckpt",        "*.ftz",
                                                    "*.gz",          "*.h5",
                                                    "*.joblib",      "*.lfs.*",
                                                    "*.mlmodel",     "*.model",
                                                    "*.msgpack",     "*.npy",
                                                    "*.npz",         "*.onnx",
                                                    "*.ot",          "*.parquet",
                                                    "*.pb",          "*.pickle",
                                                    "*.pkl",         "*.pt",
                                                    "*.pth",         "*.rar",
                                                    "*.safetensors", "saved_model/**/*",
                                                    "*.tar.*",       "*.tar",
                                                    "*.tflite",      "*.tgz",
                                                    "*.wasm",        "*.xz",
                                                    "*.zip",         "*.zst",
                                                    "*tfevents*"};
  static constexpr std::string_view in_datasets[] = {
      "*.lz4", "*.mds", "*.pcm", "*.sam",  "*.raw", "*.aac",  "*.flac", "*.mp3", "*.ogg", "*.wav",
      "*.bmp", "*.gif", "*.png", "*.tiff", "*.jpg", "*.jpeg", "*.webp", "*.mp4", "*.webm"};
  std::string out;
  auto add = [&out](std::string_view pattern) {
    out += cat(pattern, " filter=lfs diff=lfs merge=lfs -text\n");
  };
  std::ranges::for_each(everywhere, add);
  if (for_dataset) std::ranges::for_each(in_datasets, add);
  return out;
}

}  // namespace embrace::git
