#include "transformers/tokenizers/decoder.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/strings.h"
#include "transformers/tokenizers/normalizer.h"
#include "transformers/tokenizers/pattern.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  std::size_t at = text.find(from);
  if (at == std::string::npos) return;
  std::string made;
  std::size_t done = 0;
  for (; at != std::string::npos; at = text.find(from, done)) {
    made.append(text, done, at - done);
    made += to;
    done = at + from.size();
  }
  made.append(text, done);
  text = std::move(made);
}

// Spaces that English does not write before punctuation and in contractions.
void clean_up(std::string& text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kRules{{
      {" .", "."},
      {" ?", "?"},
      {" !", "!"},
      {" ,", ","},
      {" ' ", "'"},
      {" n't", "n't"},
      {" 'm", "'m"},
      {" do not", " don't"},
      {" 's", "'s"},
      {" 've", "'ve"},
      {" 're", "'re"},
  }};
  for (const auto& [from, to] : kRules) replace_all(text, from, to);
}

std::string join(const std::vector<std::string>& tokens) {
  std::string all;
  for (const std::string& token : tokens) all += token;
  return all;
}

class ByteLevel final : public Decoder {
 public:
  Status decode(std::vector<std::string>& tokens) const override {
    std::string bytes;
    for (const std::string& token : tokens) {
      const std::size_t before = bytes.size();
      for (std::size_t at = 0; at < token.size();) {
        const int byte = byte_of_code_point(next_code_point(token, at));
        if (byte < 0) {  // a token that is not spelled in bytes stands for itself
          bytes.resize(before);
          bytes += token;
          break;
        }
        bytes += static_cast<char>(byte);
      }
    }
    std::string repaired;
    std::string whole(utf8_or_repaired(bytes, repaired));
    tokens.assign(1, std::move(whole));
    return Done{};
  }
};

class WordPiece final : public Decoder {
 public:
  WordPiece(std::string_view prefix, bool clean) : prefix_(prefix), clean_(clean) {}
  Status decode(std::vector<std::string>& tokens) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (i > 0) {
        if (tokens[i].starts_with(prefix_)) {
          tokens[i].erase(0, prefix_.size());
        } else {
          tokens[i].insert(0, 1, ' ');
        }
      }
      if (clean_) clean_up(tokens[i]);
    }
    return Done{};
  }

 private:
  std::string prefix_;
  bool clean_;
};

class Metaspace final : public Decoder {
 public:
  Metaspace(std::string_view replacement, bool prefixed)
      : replacement_(replacement), prefixed_(prefixed) {}
  Status decode(std::vector<std::string>& tokens) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      replace_all(tokens[i], replacement_, i == 0 && prefixed_ ? "" : " ");
    }
    return Done{};
  }

 private:
  std::string replacement_;
  bool prefixed_;
};

class Bpe final : public Decoder {
 public:
  explicit Bpe(std::string_view suffix) : suffix_(suffix) {}
  Status decode(std::vector<std::string>& tokens) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      replace_all(tokens[i], suffix_, i + 1 == tokens.size() ? "" : " ");
    }
    return Done{};
  }

 private:
  std::string suffix_;
};

class Ctc final : public Decoder {
 public:
  Ctc(std::string_view pad, std::string_view delimiter, bool clean)
      : pad_(pad), delimiter_(delimiter), clean_(clean) {}
  Status decode(std::vector<std::string>& tokens) const override {
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    for (std::string& token : tokens) {
      replace_all(token, pad_, "");
      if (!clean_) continue;
      clean_up(token);
      replace_all(token, delimiter_, " ");
    }
    std::erase_if(tokens, [](const std::string& token) { return token.empty(); });
    return Done{};
  }

 private:
  std::string pad_;
  std::string delimiter_;
  bool clean_;
};

class Fuse final : public Decoder {
 public:
  Status decode(std::vector<std::string>& tokens) const override {
    std::string all = join(tokens);
    tokens.assign(1, std::move(all));
    return Done{};
  }
};

class Strip final : public Decoder {
 public:
  Strip(std::string_view content, std::size_t start, std::size_t stop)
      : content_(content), start_(start), stop_(stop) {}
  Status decode(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      std::string_view rest = token;
      for (std::size_t i = 0; i < start_ && rest.starts_with(content_); ++i) {
        rest.remove_prefix(content_.size());
      }
      for (std::size_t i = 0; i < stop_ && rest.ends_with(content_); ++i) {
        rest.remove_suffix(content_.size());
      }
      token = std::string(rest);
    }
    return Done{};
  }

 private:
  std::string content_;
  std::size_t start_;
  std::size_t stop_;
};

class Replace final : public Decoder {
 public:
  Replace(Pattern pattern, std::string_view content)
      : pattern_(std::move(pattern)), content_(content) {}
  Status decode(std::vector<std::string>& tokens) const override {
    std::vector<Match> matches;
    for (std::string& token : tokens) {
      matches.clear();
      EMB_DO(pattern_.find_all(token, matches));
      if (matches.empty()) continue;
      std::string made;
      std::size_t done = 0;
      for (const Match& match : matches) {
        made.append(token, done, match.begin - done);
        made += content_;
        done = match.end;
      }
      made.append(token, done);
      token = std::move(made);
    }
    return Done{};
  }

 private:
  Pattern pattern_;
  std::string content_;
};

// "<0xE5>" is the byte E5. Bytes side by side that are no UTF-8 become U+FFFD, one for each.
class ByteFallback final : public Decoder {
 public:
  Status decode(std::vector<std::string>& tokens) const override {
    std::vector<std::string> made;
    std::string bytes;
    const auto settle = [&] {
      if (bytes.empty()) return;
      if (is_valid_utf8(bytes)) {
        made.push_back(bytes);
      } else {
        made.insert(made.end(), bytes.size(), "\xEF\xBF\xBD");
      }
      bytes.clear();
    };
    for (std::string& token : tokens) {
      if (const auto byte = byte_of(token)) {
        bytes += *byte;
      } else {
        settle();
        made.push_back(std::move(token));
      }
    }
    settle();
    tokens = std::move(made);
    return Done{};
  }

 private:
  static std::optional<char> byte_of(std::string_view token) {
    if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
    // One plus sign and one digit pass for a number, too, in the implementation that others compare
    // with.
    std::string digits(token.substr(3, 2));
    if (digits[0] == '+') digits[0] = '0';
    const auto byte = from_hex(digits);
    if (!byte) return std::nullopt;
    return (*byte)[0];
  }
};

class Sequence final : public Decoder {
 public:
  explicit Sequence(std::vector<std::unique_ptr<Decoder>> steps) : steps_(std::move(steps)) {}
  Status decode(std::vector<std::string>& tokens) const override {
    for (const auto& step : steps_) EMB_DO(step->decode(tokens));
    return Done{};
  }

 private:
  std::vector<std::unique_ptr<Decoder>> steps_;
};

constexpr std::size_t kStepsMax = 64;  // sequences and what is in them

Result<std::unique_ptr<Decoder>> parse_one(json::View view, unsigned depth,
                                           std::size_t& steps_left) {
  if (steps_left-- == 0) return fail(Code::InvalidArgument, "too many steps");
  if (depth > 8) return fail(Code::InvalidArgument, "sequences are nested too deeply");
  const std::string type = view.text_or("type", "");
  if (type == "Sequence") {
    std::vector<std::unique_ptr<Decoder>> steps;
    for (const json::View step : view["decoders"].items()) {
      if (steps.size() >= kStepsMax)
        return fail(Code::InvalidArgument, "a sequence has too many steps");
      EMB_TRY(auto made, parse_one(step, depth + 1, steps_left));
      steps.push_back(std::move(made));
    }
    return std::make_unique<Sequence>(std::move(steps));
  }
  if (type == "ByteLevel") return std::make_unique<ByteLevel>();
  if (type == "ByteFallback") return std::make_unique<ByteFallback>();
  if (type == "Fuse") return std::make_unique<Fuse>();
  if (type == "WordPiece") {
    return std::make_unique<WordPiece>(view.text_or("prefix", "##"),
                                       view["cleanup"].boolean().value_or(true));
  }
  if (type == "Metaspace") {
    const auto scheme = view["prepend_scheme"].text();
    const bool prefixed =
        scheme ? *scheme != "never" : view["add_prefix_space"].boolean().value_or(true);
    return std::make_unique<Metaspace>(view.text_or("replacement", "\xE2\x96\x81"), prefixed);
  }
  if (type == "BPEDecoder") return std::make_unique<Bpe>(view.text_or("suffix", "</w>"));
  if (type == "CTC") {
    return std::make_unique<Ctc>(view.text_or("pad_token", "<pad>"),
                                 view.text_or("word_delimiter_token", "|"),
                                 view["cleanup"].boolean().value_or(true));
  }
  if (type == "Strip") {
    const auto start = view["start"].integer().value_or(0);
    const auto stop = view["stop"].integer().value_or(0);
    const std::string content = view.text_or("content", "");
    if (start < 0 || stop < 0 || content.empty()) {
      return fail(Code::InvalidArgument, "Strip has a content, and a start and a stop from 0");
    }
    return std::make_unique<Strip>(content, static_cast<std::size_t>(start),
                                   static_cast<std::size_t>(stop));
  }
  if (type == "Replace") {
    EMB_TRY(Pattern pattern, Pattern::parse(view["pattern"]));
    return std::make_unique<Replace>(std::move(pattern), view.text_or("content", ""));
  }
  return fail(Code::InvalidArgument, cat("no decoder is named \"", type.substr(0, 64), "\""));
}

}  // namespace

Result<std::unique_ptr<Decoder>> parse_decoder(json::View view) {
  if (!view.exists() || view.is_null()) return std::unique_ptr<Decoder>();
  std::size_t steps_left = kStepsMax;
  return parse_one(view, 0, steps_left);
}

}  // namespace embrace::transformers
