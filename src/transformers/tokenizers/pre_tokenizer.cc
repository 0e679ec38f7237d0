#include "transformers/tokenizers/pre_tokenizer.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/strings.h"
#include "transformers/tokenizers/normalizer.h"
#include "transformers/tokenizers/pattern.h"
#include "transformers/tokenizers/split_scanner.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

void PieceList::clear() {
  pieces.clear();
  used_ = 0;
}

AlignedText& PieceList::new_text() {
  if (used_ == texts_.size()) texts_.emplace_back();
  return texts_[used_++];
}

namespace {

enum class Behavior : std::uint8_t {
  Removed,
  Isolated,
  MergedWithPrevious,
  MergedWithNext,
  Contiguous
};

Result<Behavior> parse_behavior(std::string_view name) {
  if (name == "Removed") return Behavior::Removed;
  if (name == "Isolated") return Behavior::Isolated;
  if (name == "MergedWithPrevious") return Behavior::MergedWithPrevious;
  if (name == "MergedWithNext") return Behavior::MergedWithNext;
  if (name == "Contiguous") return Behavior::Contiguous;
  return fail(Code::InvalidArgument,
              cat("no split behavior is named \"", name.substr(0, 64), "\""));
}

// A stretch of a piece: a delimiter, or what stands between two.
struct Stretch {
  std::size_t begin;
  std::size_t end;
  bool delimiter;
};

void add(std::vector<Piece>& out, const Piece& of, std::size_t begin, std::size_t end) {
  if (begin >= end) return;
  out.push_back({of.text, of.begin + static_cast<std::uint32_t>(begin),
                 of.begin + static_cast<std::uint32_t>(end), kNoToken});
}

// Cuts `piece` at stretches that cover it.
void cut_at(const Piece& piece, std::vector<Stretch>& stretches, Behavior behavior,
            std::vector<Piece>& out) {
  switch (behavior) {
    case Behavior::Removed:
      for (const Stretch& s : stretches) {
        if (!s.delimiter) add(out, piece, s.begin, s.end);
      }
      return;
    case Behavior::Isolated:
      for (const Stretch& s : stretches) add(out, piece, s.begin, s.end);
      return;
    case Behavior::Contiguous:
    case Behavior::MergedWithPrevious: {
      bool before = false;
      bool open = false;
      std::size_t begin = 0;
      std::size_t end = 0;
      for (const Stretch& s : stretches) {
        const bool joins =
            behavior == Behavior::Contiguous ? s.delimiter == before : s.delimiter && !before;
        if (joins && open) {
          end = s.end;
        } else {
          if (open) add(out, piece, begin, end);
          begin = s.begin;
          end = s.end;
          open = true;
        }
        before = s.delimiter;
      }
      if (open) add(out, piece, begin, end);
      return;
    }
    case Behavior::MergedWithNext: {
      std::vector<Stretch> joined;
      bool before = false;
      for (auto s = stretches.rbegin(); s != stretches.rend(); ++s) {
        if (s->delimiter && !before && !joined.empty()) {
          joined.back().begin = s->begin;
        } else {
          joined.push_back(*s);
        }
        before = s->delimiter;
      }
      for (auto s = joined.rbegin(); s != joined.rend(); ++s) add(out, piece, s->begin, s->end);
      return;
    }
  }
}

// Stretches where single code points for which `is_delimiter` holds are delimiters.
template <class IsDelimiter>
void stretches_of(std::string_view text, IsDelimiter is_delimiter, std::vector<Stretch>& out) {
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (!is_delimiter(next_code_point(text, at))) continue;
    if (from < begin) out.push_back({from, begin, false});
    out.push_back({begin, at, true});
    from = at;
  }
  if (from < text.size()) out.push_back({from, text.size(), false});
}

void stretches_of(std::string_view text, const std::vector<Match>& matches, bool invert,
                  std::vector<Stretch>& out) {
  std::size_t from = 0;
  for (const Match& match : matches) {
    if (from < match.begin) out.push_back({from, match.begin, invert});
    out.push_back({match.begin, match.end, !invert});
    from = match.end;
  }
  if (from < text.size()) out.push_back({from, text.size(), invert});
}

template <class IsDelimiter>
Status cut_on(PieceList& list, Behavior behavior, IsDelimiter is_delimiter) {
  std::vector<Stretch> stretches;
  return list.cut_each([&](const Piece& piece, std::vector<Piece>& out) -> Status {
    stretches.clear();
    stretches_of(piece.view(), is_delimiter, stretches);
    cut_at(piece, stretches, behavior, out);
    return Done{};
  });
}

void cut_known(KnownSplit split, const Piece& piece, std::vector<Piece>& out) {
  const std::string_view text = piece.view();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = next_piece_end(split, text, at);
    add(out, piece, at, end);
    at = end;
  }
}

class ByteLevel final : public PreTokenizer {
 public:
  ByteLevel(bool prefix, bool split) : prefix_(prefix), split_(split) {}

  Status cut(PieceList& list) const override {
    return list.cut_each([&](const Piece& given, std::vector<Piece>& out) -> Status {
      Piece piece = given;
      if (prefix_ && !piece.view().starts_with(' ')) {
        AlignedText& text = list.new_text();
        text.assign_slice(*piece.text, piece.begin, piece.end);
        prepend_text(text, list.spare(), " ");
        piece = {&text, 0, static_cast<std::uint32_t>(text.text().size()), kNoToken};
      }
      const std::size_t first = out.size();
      if (split_) {
        cut_known(KnownSplit::Gpt2, piece, out);
      } else {
        out.push_back(piece);
      }
      if (!leave_bytes_) {
        for (std::size_t i = first; i < out.size(); ++i) spell_bytes(out[i], list);
      }
      return Done{};
    });
  }

  bool ends_in_byte_alphabet() const override { return true; }
  void leave_bytes() override { leave_bytes_ = true; }

 private:
  static void spell_bytes(Piece& piece, PieceList& list) {
    AlignedText& from = list.new_text();
    AlignedText& to = list.new_text();
    from.assign_slice(*piece.text, piece.begin, piece.end);
    Rewriter writer(from, to);
    for (const char c : from.text()) {
      const auto byte = static_cast<unsigned char>(c);
      writer.put(byte_level_code_point(byte), (byte & 0xC0) == 0x80 ? 1 : 0);
    }
    piece = {&to, 0, static_cast<std::uint32_t>(to.text().size()), kNoToken};
  }

  bool prefix_;
  bool split_;
  bool leave_bytes_ = false;
};

class Split final : public PreTokenizer {
 public:
  Split(Pattern pattern, Behavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {
    // A known expression leaves nothing between its matches, so these two ways to cut are the same.
    if (behavior == Behavior::Isolated || (behavior == Behavior::Removed && invert)) {
      known_ = known_split(pattern_.expression());
    }
  }

  Status cut(PieceList& list) const override {
    std::vector<Stretch> stretches;
    return list.cut_each([&](const Piece& piece, std::vector<Piece>& out) -> Status {
      if (known_) {
        cut_known(*known_, piece, out);
        return Done{};
      }
      std::vector<Match>& matches = list.matches();
      EMB_DO(pattern_.find_all(piece.view(), matches));
      stretches.clear();
      stretches_of(piece.view(), matches, invert_, stretches);
      cut_at(piece, stretches, behavior_, out);
      return Done{};
    });
  }

 private:
  Pattern pattern_;
  Behavior behavior_;
  bool invert_;
  std::optional<KnownSplit> known_;
};

class Metaspace final : public PreTokenizer {
 public:
  enum class Scheme : std::uint8_t { Always, First, Never };

  Metaspace(std::string_view replacement, Scheme scheme, bool split)
      : replacement_(replacement), scheme_(scheme), split_(split) {}

  Status cut(PieceList& list) const override {
    std::size_t at = 0;
    const char32_t mark = next_code_point(replacement_, at);
    return list.cut_each([&](const Piece& given, std::vector<Piece>& out) -> Status {
      const Piece piece = rewritten(given, mark, list);
      if (!split_) {
        out.push_back(piece);
        return Done{};
      }
      // Each mark begins a piece; of several in a row each is one.
      const std::string_view text = piece.view();
      std::size_t begin = 0;
      for (std::size_t next = text.find(replacement_); next != std::string_view::npos;
           next = text.find(replacement_, next + replacement_.size())) {
        add(out, piece, begin, next);
        begin = next;
      }
      add(out, piece, begin, text.size());
      return Done{};
    });
  }

 private:
  Piece rewritten(const Piece& given, char32_t mark, PieceList& list) const {
    AlignedText& from = list.new_text();
    from.assign_slice(*given.text, given.begin, given.end);
    const std::string_view text = from.text();
    const bool prefix = scheme_ != Scheme::Never && !text.starts_with(' ') &&
                        !text.starts_with(replacement_) &&
                        (scheme_ == Scheme::Always || from.origin() == 0);
    AlignedText& to = list.new_text();
    Rewriter writer(from, to);
    std::size_t at = 0;
    if (prefix && !text.empty()) {
      writer.put(mark, 0);
      writer.put(next_code_point(text, at), 1);
    }
    while (at < text.size()) {
      const std::size_t space = std::min(text.find(' ', at), text.size());
      writer.keep_bytes(space - at);
      at = space;
      if (at < text.size()) {
        writer.put(mark, 0);
        ++at;
      }
    }
    return {&to, 0, static_cast<std::uint32_t>(to.text().size()), kNoToken};
  }

  std::string replacement_;
  Scheme scheme_;
  bool split_;
};

class BertPreTokenizer final : public PreTokenizer {
 public:
  Status cut(PieceList& list) const override {
    return list.cut_each([](const Piece& piece, std::vector<Piece>& out) -> Status {
      const std::string_view text = piece.view();
      std::size_t begin = 0;
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t here = at;
        const char32_t c = next_code_point(text, at);
        if (c < 0x80 && ((c | 32) - 'a' < 26 || c - '0' < 10)) continue;
        if (is_white_space(c)) {
          add(out, piece, begin, here);
          begin = at;
        } else if (is_punctuation(c)) {
          add(out, piece, begin, here);
          add(out, piece, here, at);
          begin = at;
        }
      }
      add(out, piece, begin, text.size());
      return Done{};
    });
  }
};

// \w+|[^\w\s]+
class Whitespace final : public PreTokenizer {
 public:
  Status cut(PieceList& list) const override {
    return list.cut_each([](const Piece& piece, std::vector<Piece>& out) -> Status {
      const std::string_view text = piece.view();
      enum class Kind : std::uint8_t { Space, Word, Rest };
      Kind kind = Kind::Space;
      std::size_t begin = 0;
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t here = at;
        const char32_t c = next_code_point(text, at);
        const Kind next = is_word(c) ? Kind::Word : is_white_space(c) ? Kind::Space : Kind::Rest;
        if (next == kind) continue;
        if (kind != Kind::Space) add(out, piece, begin, here);
        kind = next;
        begin = here;
      }
      if (kind != Kind::Space) add(out, piece, begin, text.size());
      return Done{};
    });
  }
};

class WhitespaceSplit final : public PreTokenizer {
 public:
  Status cut(PieceList& list) const override {
    return cut_on(list, Behavior::Removed, is_white_space);
  }
};

class Punctuation final : public PreTokenizer {
 public:
  explicit Punctuation(Behavior behavior) : behavior_(behavior) {}
  Status cut(PieceList& list) const override { return cut_on(list, behavior_, is_punctuation); }

 private:
  Behavior behavior_;
};

class Digits final : public PreTokenizer {
 public:
  explicit Digits(bool individual)
      : behavior_(individual ? Behavior::Isolated : Behavior::Contiguous) {}
  Status cut(PieceList& list) const override { return cut_on(list, behavior_, is_numeric); }

 private:
  Behavior behavior_;
};

class CharDelimiterSplit final : public PreTokenizer {
 public:
  explicit CharDelimiterSplit(char32_t delimiter) : delimiter_(delimiter) {}
  Status cut(PieceList& list) const override {
    return cut_on(list, Behavior::Removed, [this](char32_t c) { return c == delimiter_; });
  }

 private:
  char32_t delimiter_;
};

class UnicodeScripts final : public PreTokenizer {
 public:
  Status cut(PieceList& list) const override {
    return list.cut_each([](const Piece& piece, std::vector<Piece>& out) -> Status {
      const std::string_view text = piece.view();
      int last = -1;  // the script of the code point before that was no space
      std::size_t begin = std::string_view::npos;  // what precedes the first border belongs nowhere
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t here = at;
        const std::uint16_t script = script_of(next_code_point(text, at));
        if (script == kScriptAny) continue;
        if (last != script) {
          if (begin != std::string_view::npos) add(out, piece, begin, here);
          begin = here;
        }
        last = script;
      }
      if (begin != std::string_view::npos) add(out, piece, begin, text.size());
      return Done{};
    });
  }
};

class FixedLength final : public PreTokenizer {
 public:
  explicit FixedLength(std::size_t length) : length_(length) {}
  Status cut(PieceList& list) const override {
    return list.cut_each([this](const Piece& piece, std::vector<Piece>& out) -> Status {
      const std::string_view text = piece.view();
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        for (std::size_t n = 0; n < length_ && at < text.size(); ++n) next_code_point(text, at);
        add(out, piece, begin, at);
      }
      return Done{};
    });
  }

 private:
  std::size_t length_;
};

class Sequence final : public PreTokenizer {
 public:
  explicit Sequence(std::vector<std::unique_ptr<PreTokenizer>> steps) : steps_(std::move(steps)) {}
  Status cut(PieceList& list) const override {
    for (const auto& step : steps_) {
      EMB_DO(step->cut(list));
      std::size_t bytes = 0;
      for (const Piece& piece : list.pieces) bytes += piece.end - piece.begin;
      if (!list.pieces.empty() && bytes > list.pieces[0].text->bytes_max()) {
        return fail(Code::TooLarge, "the pre-tokenizer makes too much of this text");
      }
    }
    return Done{};
  }
  bool ends_in_byte_alphabet() const override {
    // Only the last step may do it: what comes behind would see bytes instead of code points.
    for (std::size_t i = 0; i + 1 < steps_.size(); ++i) {
      if (steps_[i]->ends_in_byte_alphabet()) return false;
    }
    return !steps_.empty() && steps_.back()->ends_in_byte_alphabet();
  }
  void leave_bytes() override { steps_.back()->leave_bytes(); }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> steps_;
};

// One code point, or nothing.
std::optional<char32_t> single(std::string_view text) {
  if (text.empty() || !is_valid_utf8(text)) return std::nullopt;
  std::size_t at = 0;
  const char32_t c = next_code_point(text, at);
  if (at != text.size()) return std::nullopt;
  return c;
}

Result<std::unique_ptr<PreTokenizer>> parse_metaspace(json::View view) {
  const std::string replacement = view.text_or("replacement", "");
  if (!single(replacement)) {
    return fail(Code::InvalidArgument, "Metaspace's replacement must be one character");
  }
  Metaspace::Scheme scheme = Metaspace::Scheme::Always;
  if (const auto name = view["prepend_scheme"].text()) {
    if (*name == "first") {
      scheme = Metaspace::Scheme::First;
    } else if (*name == "never") {
      scheme = Metaspace::Scheme::Never;
    } else if (*name != "always") {
      return fail(Code::InvalidArgument, "Metaspace's prepend_scheme is always, first or never");
    }
  } else if (view["add_prefix_space"].boolean() == false) {
    scheme = Metaspace::Scheme::Never;  // files from before there was a scheme
  }
  return std::make_unique<Metaspace>(replacement, scheme, view["split"].boolean().value_or(true));
}

constexpr std::size_t kStepsMax = 64;  // sequences and what is in them

Result<std::unique_ptr<PreTokenizer>> parse_one(json::View view, unsigned depth,
                                                std::size_t& steps_left) {
  if (steps_left-- == 0) return fail(Code::InvalidArgument, "too many steps");
  if (depth > 8) return fail(Code::InvalidArgument, "sequences are nested too deeply");
  const std::string type = view.text_or("type", "");
  if (type == "Sequence") {
    std::vector<std::unique_ptr<PreTokenizer>> steps;
    for (const json::View step : view["pretokenizers"].items()) {
      if (steps.size() >= kStepsMax)
        return fail(Code::InvalidArgument, "a sequence has too many steps");
      EMB_TRY(auto made, parse_one(step, depth + 1, steps_left));
      steps.push_back(std::move(made));
    }
    return std::make_unique<Sequence>(std::move(steps));
  }
  if (type == "ByteLevel") {
    const auto prefix = view["add_prefix_space"].boolean();
    if (!prefix) return fail(Code::InvalidArgument, "ByteLevel has no add_prefix_space");
    return std::make_unique<ByteLevel>(*prefix, view["use_regex"].boolean().value_or(true));
  }
  if (type == "Split") {
    EMB_TRY(Pattern pattern, Pattern::parse(view["pattern"]));
    EMB_TRY(const Behavior behavior, parse_behavior(view.text_or("behavior", "")));
    return std::make_unique<Split>(std::move(pattern), behavior,
                                   view["invert"].boolean().value_or(false));
  }
  if (type == "Metaspace") return parse_metaspace(view);
  if (type == "BertPreTokenizer") return std::make_unique<BertPreTokenizer>();
  if (type == "Whitespace") return std::make_unique<Whitespace>();
  if (type == "WhitespaceSplit") return std::make_unique<WhitespaceSplit>();
  if (type == "Punctuation") {
    EMB_TRY(const Behavior behavior, parse_behavior(view.text_or("behavior", "Isolated")));
    return std::make_unique<Punctuation>(behavior);
  }
  if (type == "Digits") {
    return std::make_unique<Digits>(view["individual_digits"].boolean().value_or(false));
  }
  if (type == "CharDelimiterSplit") {
    const auto delimiter = single(view.text_or("delimiter", ""));
    if (!delimiter)
      return fail(Code::InvalidArgument, "CharDelimiterSplit's delimiter must be one character");
    return std::make_unique<CharDelimiterSplit>(*delimiter);
  }
  if (type == "UnicodeScripts") return std::make_unique<UnicodeScripts>();
  if (type == "FixedLength") {
    const auto length = view["length"].integer();
    if (length.value_or(5) < 1)
      return fail(Code::InvalidArgument, "FixedLength's length must be positive");
    return std::make_unique<FixedLength>(static_cast<std::size_t>(length.value_or(5)));
  }
  return fail(Code::InvalidArgument, cat("no pre-tokenizer is named \"", type.substr(0, 64), "\""));
}

}  // namespace

Result<std::unique_ptr<PreTokenizer>> parse_pre_tokenizer(json::View view) {
  if (!view.exists() || view.is_null()) return std::unique_ptr<PreTokenizer>();
  std::size_t steps_left = kStepsMax;
  return parse_one(view, 0, steps_left);
}

}  // namespace embrace::transformers
