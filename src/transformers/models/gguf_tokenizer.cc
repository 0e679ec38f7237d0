#include "transformers/models/gguf_tokenizer.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "json/writer.h"
#include "transformers/tokenizers/split_scanner.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kTokensMax = 1 << 21;
// Gemma has 580,000 merges of 5 MB together.
constexpr std::size_t kMergesMax = 1 << 21;
constexpr std::size_t kMergedBytesMax = 64 << 20;
// Of one token. Pieces are looked up by all of their parts, so this limits the work, too; the
// longest of real files have about a hundred.
constexpr std::size_t kTokenBytesMax = 256;
constexpr std::string_view kSpace = "\u2581";  // SentencePiece's own

// tokenizer.ggml.token_type
enum class Kind : std::uint8_t { Normal = 1, Unknown, Control, UserDefined, Unused, Byte };

constexpr std::string_view kGpt4oExpression =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kTekkenExpression =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// What tokenizer.ggml.pre stands for.
struct Split {
  std::string_view name;
  std::string_view expression;
  bool digits_alone = false;  // before the expression is asked
  bool composes = false;      // NFC first
  bool whole_words = false;   // a word that is a token stays whole, whatever the merges say
  bool begins = false;        // with the begin token, when the file does not say
};

std::optional<Split> find_split(std::string_view name) {
  const Split splits[] = {
      {"gpt-2", kGpt2Expression},
      {"phi-2", kGpt2Expression},
      {"smollm", kGpt2Expression, true},
      {"starcoder", kGpt2Expression, true},
      {"llama-bpe", kLlama3Expression, false, false, true, true},
      {"llama3", kLlama3Expression, false, false, true, true},
      {"llama-v3", kLlama3Expression, false, false, true, true},
      {"dbrx", kLlama3Expression},
      {"qwen2", kQwen2Expression, false, true},
      {"deepseek-r1-qwen", kQwen2Expression, false, true},
      {"gpt-4o", kGpt4oExpression},
      {"tekken", kTekkenExpression, false, false, true, true},
  };
  for (const Split& split : splits) {
    if (split.name == name) return split;
  }
  return std::nullopt;
}

class Renderer {
 public:
  explicit Renderer(const Gguf& gguf) : gguf_(gguf) {}

  Result<std::string> render(std::string_view kind);

 private:
  Status read_tokens(bool spells_spaces);
  void write_added();
  Status write_learned_merges();
  Status write_merges_by_score();
  void write_template(bool begins);
  Status render_bytes();
  Status render_pieces();
  void write_vocabulary();

  std::unexpected<Error> wrong(std::string_view what) const {
    return fail(Code::Corrupt, cat("GGUF: the tokenizer's ", what));
  }
  std::optional<std::size_t> id(std::string_view name) const {
    const auto value = gguf_.integer(cat("tokenizer.ggml.", name, "_token_id"));
    if (!value || *value < 0 || static_cast<std::size_t>(*value) >= tokens_.size())
      return std::nullopt;
    return static_cast<std::size_t>(*value);
  }

  const Gguf& gguf_;
  std::vector<std::string> tokens_;
  std::vector<Kind> kinds_;
  json::Writer out_;
};

Status Renderer::read_tokens(bool spells_spaces) {
  const GgufArray* list = gguf_.array("tokenizer.ggml.tokens");
  if (list == nullptr || list->type != GgufType::Text) return wrong("tokens are missing");
  if (list->count > kTokensMax) return wrong(cat(list->count, " tokens are too many"));
  const auto texts = list->texts();
  std::vector<double> kinds(texts->size(), 1.0);
  if (const GgufArray* types = gguf_.array("tokenizer.ggml.token_type"); types != nullptr) {
    const auto numbers = types->numbers();
    if (!numbers || numbers->size() != texts->size())
      return wrong("types are not one for each token");
    kinds = *numbers;
  }
  for (std::size_t i = 0; i < texts->size(); ++i) {
    std::string text((*texts)[i]);
    if (text.size() > kTokenBytesMax || !is_valid_utf8(text))
      return wrong(cat("token ", i, " is too long, or not UTF-8"));
    if (!(kinds[i] >= 1 && kinds[i] <= 6)) return wrong(cat("token ", i, " is of no known type"));
    const auto kind = static_cast<Kind>(kinds[i]);
    if (spells_spaces && kind == Kind::UserDefined) {
      // Only those have spaces that are spelled as such.
      for (std::size_t at = 0; (at = text.find(' ', at)) != std::string::npos;)
        text.replace(at, 1, kSpace);
    }
    tokens_.push_back(std::move(text));
    kinds_.push_back(kind);
  }
  return Done{};
}

void Renderer::write_added() {
  out_.field("version", "1.0").key("truncation").null().key("padding").null();
  out_.key("added_tokens").begin_array();
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const bool special = kinds_[i] == Kind::Control || kinds_[i] == Kind::Unknown;
    if ((!special && kinds_[i] != Kind::UserDefined) || tokens_[i].empty()) continue;
    out_.begin_object().field("id", i).field("content", tokens_[i]).field("special", special);
    for (const auto* flag : {"single_word", "lstrip", "rstrip", "normalized"})
      out_.field(flag, false);
    out_.end_object();
  }
  out_.end_array();
}

void Renderer::write_vocabulary() {
  out_.key("vocab").begin_object();
  for (std::size_t i = 0; i < tokens_.size(); ++i) out_.field(tokens_[i], i);
  out_.end_object();
}

Status Renderer::write_learned_merges() {
  const GgufArray* list = gguf_.array("tokenizer.ggml.merges");
  const auto merges = list == nullptr ? std::nullopt : list->texts();
  if (!merges) return wrong("merges are missing");
  out_.key("merges").begin_array();
  for (const std::string_view merge : *merges) {
    const std::size_t space = merge.find(' ', 1);
    if (merge.empty() || space == std::string_view::npos || space + 1 == merge.size() ||
        !is_valid_utf8(merge))
      return wrong("merges are not two parts each");
    out_.begin_array().value(merge.substr(0, space)).value(merge.substr(space + 1)).end_array();
  }
  out_.end_array();
  return Done{};
}

// SentencePiece merges what makes the piece of the highest score; so every way to make a piece of
// two others is a merge, those of high scores first. Among equal scores the order is that of the
// official converter, which makes a tokenizer.json of such files.
Status Renderer::write_merges_by_score() {
  const GgufArray* list = gguf_.array("tokenizer.ggml.scores");
  const auto scores = list == nullptr ? std::nullopt : list->numbers();
  if (!scores || scores->size() != tokens_.size())
    return wrong("scores are not one for each token");
  std::unordered_map<std::string_view, std::size_t> ids;
  for (std::size_t i = 0; i < tokens_.size(); ++i) ids.emplace(tokens_[i], i);
  struct Merge {
    std::size_t left, right;
    double score;
    std::size_t left_length, right_length;
    std::size_t place;  // when all else is equal
  };
  std::vector<Merge> merges;
  std::size_t merged_bytes = 0;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (kinds_[i] != Kind::Normal && kinds_[i] != Kind::UserDefined) continue;
    const std::string_view piece = tokens_[i];
    if (ids.at(piece) != i) continue;  // there before
    const std::size_t begin = merges.size();
    for (std::size_t at = 1; at < piece.size(); ++at) {
      if ((static_cast<unsigned char>(piece[at]) & 0xC0) == 0x80) continue;
      const auto left = ids.find(piece.substr(0, at));
      const auto right = ids.find(piece.substr(at));
      if (left == ids.end() || right == ids.end()) continue;
      merged_bytes += piece.size();
      if (merges.size() == kMergesMax || merged_bytes > kMergedBytesMax)
        return wrong("pieces can be made in too many ways");
      merges.push_back({left->second, right->second, (*scores)[i], count_code_points(left->first),
                        count_code_points(right->first), 0});
    }
    std::sort(merges.begin() + static_cast<std::ptrdiff_t>(begin), merges.end(),
              [](const Merge& a, const Merge& b) {
                return std::pair(a.left, a.right) < std::pair(b.left, b.right);
              });
  }
  for (std::size_t i = 0; i < merges.size(); ++i) merges[i].place = i;
  // NaN would not be an order.
  if (std::ranges::any_of(merges, [](const Merge& merge) { return !(merge.score == merge.score); }))
    return wrong("scores are not all numbers");
  std::sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
    if (a.score != b.score) return a.score > b.score;
    return std::tuple(b.left_length, b.right_length, a.place) <
           std::tuple(a.left_length, a.right_length, b.place);
  });
  out_.key("merges").begin_array();
  for (const Merge& merge : merges)
    out_.begin_array().value(tokens_[merge.left]).value(tokens_[merge.right]).end_array();
  out_.end_array();
  return Done{};
}

// The begin token, the text, the end token, as far as the file wants them.
void Renderer::write_template(bool begins) {
  std::optional<std::size_t> begin;
  std::optional<std::size_t> end;
  if (gguf_.flag("tokenizer.ggml.add_bos_token").value_or(begins)) begin = id("bos");
  if (gguf_.flag("tokenizer.ggml.add_eos_token").value_or(false)) end = id("eos");
  out_.begin_object().field("type", "TemplateProcessing");
  const auto special = [&](std::optional<std::size_t> token, int type) {
    if (!token) return;
    out_.begin_object().key("SpecialToken").begin_object();
    out_.field("id", tokens_[*token]).field("type_id", type).end_object().end_object();
  };
  const auto text = [&](std::string_view name, int type) {
    special(begin, type);
    out_.begin_object().key("Sequence").begin_object();
    out_.field("id", name).field("type_id", type).end_object().end_object();
    special(end, type);
  };
  out_.key("single").begin_array();
  text("A", 0);
  out_.end_array().key("pair").begin_array();
  text("A", 0);
  text("B", 1);
  out_.end_array().key("special_tokens").begin_object();
  const auto declare = [&](std::size_t token) {
    out_.key(tokens_[token]).begin_object().field("id", tokens_[token]);
    out_.key("ids").begin_array().value(token).end_array();
    out_.key("tokens").begin_array().value(tokens_[token]).end_array().end_object();
  };
  if (begin) declare(*begin);
  if (end && end != begin) declare(*end);
  out_.end_object().end_object();
}

void write_byte_level(json::Writer& out, bool splits) {
  out.begin_object().field("type", "ByteLevel").field("add_prefix_space", false);
  out.field("trim_offsets", false).field("use_regex", splits).end_object();
}

Status Renderer::render_bytes() {
  const std::string name(gguf_.text("tokenizer.ggml.pre").value_or("gpt-2"));
  const auto split = find_split(name);
  if (!split) {
    return fail(Code::NotBuilt, cat("GGUF: the split \"", name, "\" of tokenizers is not built"));
  }
  EMB_DO(read_tokens(false));
  out_.begin_object();
  write_added();
  out_.key("normalizer");
  if (split->composes)
    out_.begin_object().field("type", "NFC").end_object();
  else
    out_.null();
  out_.key("pre_tokenizer").begin_object().field("type", "Sequence");
  out_.key("pretokenizers").begin_array();
  if (split->digits_alone) {
    out_.begin_object().field("type", "Digits").field("individual_digits", true).end_object();
  }
  out_.begin_object().field("type", "Split").key("pattern").begin_object();
  out_.field("Regex", split->expression).end_object();
  out_.field("behavior", "Isolated").field("invert", false).end_object();
  write_byte_level(out_, false);
  out_.end_array().end_object();
  out_.key("post_processor").begin_object().field("type", "Sequence");
  out_.key("processors").begin_array();
  write_byte_level(out_, true);
  write_template(split->begins);
  out_.end_array().end_object();
  out_.key("decoder");
  write_byte_level(out_, true);
  out_.key("model").begin_object().field("type", "BPE");
  out_.field("ignore_merges", split->whole_words);
  write_vocabulary();
  EMB_DO(write_learned_merges());
  out_.end_object().end_object();
  return Done{};
}

Status Renderer::render_pieces() {
  EMB_DO(read_tokens(true));
  const bool prefixed = gguf_.flag("tokenizer.ggml.add_space_prefix").value_or(true);
  const auto replace = [&](std::string_view what, std::string_view by) {
    out_.begin_object().field("type", "Replace").key("pattern").begin_object();
    out_.field("String", what).end_object().field("content", by).end_object();
  };
  const auto named = [&](std::string_view type) {
    out_.begin_object().field("type", type).end_object();
  };
  out_.begin_object();
  write_added();
  out_.key("normalizer").begin_object().field("type", "Sequence").key("normalizers").begin_array();
  if (prefixed) {
    out_.begin_object().field("type", "Prepend").field("prepend", kSpace).end_object();
  }
  replace(" ", kSpace);
  out_.end_array().end_object().key("pre_tokenizer").null().key("post_processor");
  write_template(true);
  out_.key("decoder").begin_object().field("type", "Sequence").key("decoders").begin_array();
  replace(kSpace, " ");
  named("ByteFallback");
  named("Fuse");
  if (prefixed) {
    out_.begin_object().field("type", "Strip").field("content", " ");
    out_.field("start", 1).field("stop", 0).end_object();
  }
  out_.end_array().end_object();
  out_.key("model").begin_object().field("type", "BPE");
  out_.field("fuse_unk", true).field("byte_fallback", true);
  if (const auto unknown = id("unknown")) out_.field("unk_token", tokens_[*unknown]);
  write_vocabulary();
  EMB_DO(write_merges_by_score());
  out_.end_object().end_object();
  return Done{};
}

Result<std::string> Renderer::render(std::string_view kind) {
  if (kind == "gpt2") {
    EMB_DO(render_bytes());
  } else if (kind == "llama") {
    EMB_DO(render_pieces());
  } else {
    return fail(Code::NotBuilt, cat("GGUF: tokenizers of kind \"", kind, "\" are not built"));
  }
  return out_.take();
}

}  // namespace

Result<std::string> render_gguf_tokenizer(const Gguf& gguf) {
  const auto kind = gguf.text("tokenizer.ggml.model");
  if (!kind || *kind == "none" || *kind == "no_vocab") return std::string();
  return Renderer(gguf).render(*kind);
}

}  // namespace embrace::transformers
