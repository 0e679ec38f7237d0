#include "transformers/tokenizers/normalizer.h"

#include <array>

#include "base/strings.h"
#include "transformers/tokenizers/pattern.h"

namespace embrace::transformers {
namespace {

struct ByteAlphabet {
  std::array<char32_t, 256> of_byte{};
  std::array<std::int16_t, 512> of_code_point{};
  ByteAlphabet() {
    of_code_point.fill(-1);
    char32_t next = 256;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const bool visible =
          (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      of_byte[byte] = visible ? byte : next++;
      of_code_point[of_byte[byte]] = static_cast<std::int16_t>(byte);
    }
  }
};
const ByteAlphabet& byte_alphabet() {
  static const ByteAlphabet alphabet;
  return alphabet;
}

}  // namespace

char32_t byte_level_code_point(unsigned char byte) { return byte_alphabet().of_byte[byte]; }
int byte_of_code_point(char32_t c) { return c < 512 ? byte_alphabet().of_code_point[c] : -1; }

namespace {

// Keeps the code points for which `keep` holds. A dropped one belongs to the one before it.
template <class Keep>
void filter(AlignedText& text, AlignedText& spare, Keep keep) {
  const std::string_view all = text.text();
  std::size_t at = 0;
  while (at < all.size()) {
    std::size_t after = at;
    if (!keep(next_code_point(all, after))) break;
    at = after;
  }
  if (at == all.size()) return;
  Rewriter writer(text, spare);
  at = 0;
  std::size_t dropped = 0;
  while (at < all.size()) {
    std::size_t after = at;
    if (keep(next_code_point(all, after))) break;
    ++dropped;
    at = after;
  }
  writer.skip(dropped);
  while (at < all.size()) {
    const char32_t c = next_code_point(all, at);
    int swallowed = 0;
    while (at < all.size()) {
      std::size_t after = at;
      if (keep(next_code_point(all, after))) break;
      ++swallowed;
      at = after;
    }
    writer.put(c, -swallowed);
  }
  text.swap(spare);
}

template <class Map>
void map(AlignedText& text, AlignedText& spare, Map change) {
  const std::string_view all = text.text();
  bool same = true;
  for (std::size_t at = 0; at < all.size() && same;) {
    const char32_t c = next_code_point(all, at);
    same = change(c) == c;
  }
  if (same) return;
  Rewriter writer(text, spare);
  for (std::size_t at = 0; at < all.size();) writer.put(change(next_code_point(all, at)), 0);
  text.swap(spare);
}

void to_form(AlignedText& text, AlignedText& spare, NormalForm form) {
  if (is_plainly_normal(text.text(), form)) return;
  Rewriter writer(text, spare);
  for (const Changed& part : normalized(text.text(), form)) writer.put(part.c, part.change);
  text.swap(spare);
}

void lower(AlignedText& text, AlignedText& spare) {
  const std::string_view all = text.text();
  std::vector<char32_t> lowered;
  const auto changes = [&](char32_t c) {
    if (c < 0x80) return c >= 'A' && c <= 'Z';
    lowered.clear();
    append_lower(lowered, c);
    return lowered.size() != 1 || lowered[0] != c;
  };
  std::size_t at = 0;
  std::size_t same = 0;
  while (at < all.size() && !changes(next_code_point(all, at))) same = at;
  if (same == all.size()) return;
  Rewriter writer(text, spare);
  writer.keep_bytes(same);
  for (at = same; at < all.size();) {
    const char32_t c = next_code_point(all, at);
    if (c < 0x80) {
      writer.put(c >= 'A' && c <= 'Z' ? c + 32 : c, 0);
      continue;
    }
    lowered.clear();
    append_lower(lowered, c);
    for (std::size_t i = 0; i < lowered.size(); ++i) writer.put(lowered[i], i == 0 ? 0 : 1);
  }
  text.swap(spare);
}

class Form final : public Normalizer {
 public:
  explicit Form(NormalForm form) : form_(form) {}
  Status normalize(AlignedText& text, AlignedText& spare) const override {
    to_form(text, spare, form_);
    return Done{};
  }

 private:
  NormalForm form_;
};

class Lowercase final : public Normalizer {
 public:
  Status normalize(AlignedText& text, AlignedText& spare) const override {
    lower(text, spare);
    return Done{};
  }
};

class StripAccents final : public Normalizer {
 public:
  Status normalize(AlignedText& text, AlignedText& spare) const override {
    filter(text, spare, [](char32_t c) { return !is_combining_mark(c); });
    return Done{};
  }
};

class Nmt final : public Normalizer {
 public:
  Status normalize(AlignedText& text, AlignedText& spare) const override {
    filter(text, spare, [](char32_t c) {
      return !((c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F ||
               c == 0x8F || c == 0x9F);
    });
    map(text, spare, [](char32_t c) -> char32_t {
      const bool space = c == 9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 ||
                         (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 ||
                         c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
      return space ? U' ' : c;
    });
    return Done{};
  }
};

class Strip final : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  Status normalize(AlignedText& text, AlignedText& spare) const override {
    const std::string_view all = text.text();
    std::size_t begin = 0;
    std::size_t leading = 0;
    while (left_ && begin < all.size()) {
      std::size_t after = begin;
      if (!is_white_space(next_code_point(all, after))) break;
      begin = after;
      ++leading;
    }
    std::size_t end = all.size();
    int trailing = 0;
    while (right_ && end > begin) {
      std::size_t before = end;
      if (!is_white_space(previous_code_point(all, before))) break;
      end = before;
      ++trailing;
    }
    if (begin == 0 && end == all.size()) return Done{};
    Rewriter writer(text, spare);
    writer.skip(leading);
    if (begin < end) {
      std::size_t last = end;
      const char32_t c = previous_code_point(all, last);
      writer.keep_bytes(last - begin);
      writer.put(c, -trailing);
    }
    text.swap(spare);
    return Done{};
  }

 private:
  bool left_;
  bool right_;
};

Status too_long() { return fail(Code::TooLarge, "the normalizer makes too much of this text"); }

class Replace final : public Normalizer {
 public:
  Replace(Pattern pattern, std::string_view content)
      : pattern_(std::move(pattern)), content_(content) {}
  Status normalize(AlignedText& text, AlignedText& spare) const override {
    const std::string_view all = text.text();
    std::vector<Match> matches;
    EMB_DO(pattern_.find_all(all, matches));
    if (matches.empty()) return Done{};
    if (all.size() + matches.size() * content_.size() > text.bytes_max()) return too_long();
    Rewriter writer(text, spare);
    for (const Match& match : matches) {
      writer.keep_bytes(match.begin - writer.at());
      while (writer.at() < match.end) writer.skip(1);
      writer.insert(content_);
    }
    writer.keep_bytes(all.size() - writer.at());
    text.swap(spare);
    return Done{};
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class Prepend final : public Normalizer {
 public:
  explicit Prepend(std::string_view what) : what_(what) {}
  Status normalize(AlignedText& text, AlignedText& spare) const override {
    prepend_text(text, spare, what_);
    return Done{};
  }

 private:
  std::string what_;
};

class Append final : public Normalizer {
 public:
  explicit Append(std::string_view what) : what_(what) {}
  Status normalize(AlignedText& text, AlignedText& spare) const override {
    if (text.text().empty() || what_.empty()) return Done{};
    Rewriter writer(text, spare);
    writer.keep_bytes(text.text().size());
    writer.insert(what_);
    text.swap(spare);
    return Done{};
  }

 private:
  std::string what_;
};

class ByteLevelNormalizer final : public Normalizer {
 public:
  Status normalize(AlignedText& text, AlignedText& spare) const override {
    Rewriter writer(text, spare);
    const std::string_view all = text.text();
    for (std::size_t at = 0; at < all.size(); ++at) {
      const auto byte = static_cast<unsigned char>(all[at]);
      writer.put(byte_level_code_point(byte), (byte & 0xC0) == 0x80 ? 1 : 0);
    }
    text.swap(spare);
    return Done{};
  }
};

class Bert final : public Normalizer {
 public:
  Bert(bool clean, bool chinese, bool strip, bool lowercase)
      : clean_(clean), chinese_(chinese), strip_(strip), lowercase_(lowercase) {}

  Status normalize(AlignedText& text, AlignedText& spare) const override {
    if (clean_) {
      filter(text, spare, [](char32_t c) { return !is_other(c); });
      map(text, spare, [](char32_t c) { return is_white_space(c) ? U' ' : c; });
    }
    if (chinese_) space_out(text, spare);
    if (strip_) {
      to_form(text, spare, NormalForm::Nfd);
      filter(text, spare, [](char32_t c) { return !is_nonspacing_mark(c); });
    }
    if (lowercase_) lower(text, spare);
    return Done{};
  }

 private:
  static void space_out(AlignedText& text, AlignedText& spare) {
    const std::string_view all = text.text();
    bool any = false;
    for (std::size_t at = 0; at < all.size() && !any;)
      any = is_cjk_ideograph(next_code_point(all, at));
    if (!any) return;
    Rewriter writer(text, spare);
    for (std::size_t at = 0; at < all.size();) {
      const char32_t c = next_code_point(all, at);
      if (is_cjk_ideograph(c)) {
        writer.put(' ', 0);  // all three have the place of the ideograph
        writer.put(c, 1);
        writer.put(' ', 1);
      } else {
        writer.put(c, 0);
      }
    }
    text.swap(spare);
  }

  bool clean_;
  bool chinese_;
  bool strip_;
  bool lowercase_;
};

class Sequence final : public Normalizer {
 public:
  explicit Sequence(std::vector<std::unique_ptr<Normalizer>> steps) : steps_(std::move(steps)) {}
  Status normalize(AlignedText& text, AlignedText& spare) const override {
    for (const auto& step : steps_) {
      EMB_DO(step->normalize(text, spare));
      if (text.is_too_long()) return too_long();
    }
    return Done{};
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

Result<bool> flag(json::View view, std::string_view name) {
  const auto value = view[name].boolean();
  if (!value) return fail(Code::InvalidArgument, cat(name, " must be true or false"));
  return *value;
}

}  // namespace

void prepend_text(AlignedText& text, AlignedText& spare, std::string_view what) {
  if (text.text().empty() || what.empty()) return;
  // The first inserted code point stands in the place of the text's first one, which follows as
  // new: so both have its span.
  Rewriter writer(text, spare);
  std::size_t at = 0;
  const char32_t first = next_code_point(text.text(), at);
  std::size_t in = 0;
  writer.put(next_code_point(what, in), 0);
  writer.insert(what.substr(in));
  writer.put(first, 1);
  writer.keep_bytes(text.text().size() - at);
  text.swap(spare);
}

namespace {

constexpr std::size_t kStepsMax = 64;  // sequences and what is in them

Result<std::unique_ptr<Normalizer>> parse_one(json::View view, unsigned depth,
                                              std::size_t& steps_left) {
  if (steps_left-- == 0) return fail(Code::InvalidArgument, "too many steps");
  if (depth > 8) return fail(Code::InvalidArgument, "sequences are nested too deeply");
  const std::string type = view.text_or("type", "");
  if (type == "Sequence") {
    std::vector<std::unique_ptr<Normalizer>> steps;
    for (const json::View step : view["normalizers"].items()) {
      if (steps.size() >= kStepsMax)
        return fail(Code::InvalidArgument, "a sequence has too many steps");
      EMB_TRY(auto made, parse_one(step, depth + 1, steps_left));
      steps.push_back(std::move(made));
    }
    return std::make_unique<Sequence>(std::move(steps));
  }
  if (type == "NFC") return std::make_unique<Form>(NormalForm::Nfc);
  if (type == "NFD") return std::make_unique<Form>(NormalForm::Nfd);
  if (type == "NFKC") return std::make_unique<Form>(NormalForm::Nfkc);
  if (type == "NFKD") return std::make_unique<Form>(NormalForm::Nfkd);
  if (type == "Lowercase") return std::make_unique<Lowercase>();
  if (type == "StripAccents") return std::make_unique<StripAccents>();
  if (type == "Nmt") return std::make_unique<Nmt>();
  if (type == "ByteLevel") return std::make_unique<ByteLevelNormalizer>();
  if (type == "Strip") {
    EMB_TRY(const bool left, flag(view, "strip_left"));
    EMB_TRY(const bool right, flag(view, "strip_right"));
    return std::make_unique<Strip>(left, right);
  }
  if (type == "Replace") {
    EMB_TRY(Pattern pattern, Pattern::parse(view["pattern"]));
    return std::make_unique<Replace>(std::move(pattern), view.text_or("content", ""));
  }
  if (type == "Prepend") return std::make_unique<Prepend>(view.text_or("prepend", ""));
  if (type == "Append") return std::make_unique<Append>(view.text_or("append", ""));
  if (type == "BertNormalizer") {
    EMB_TRY(const bool clean, flag(view, "clean_text"));
    EMB_TRY(const bool chinese, flag(view, "handle_chinese_chars"));
    EMB_TRY(const bool lowercase, flag(view, "lowercase"));
    return std::make_unique<Bert>(clean, chinese,
                                  view["strip_accents"].boolean().value_or(lowercase), lowercase);
  }
  if (type == "Precompiled") {
    const auto charsmap = view["precompiled_charsmap"].text();
    if (!charsmap) return fail(Code::InvalidArgument, "Precompiled has no precompiled_charsmap");
    return make_precompiled(*charsmap);
  }
  return fail(Code::InvalidArgument, cat("no normalizer is named \"", type.substr(0, 64), "\""));
}

}  // namespace

Result<std::unique_ptr<Normalizer>> parse_normalizer(json::View view) {
  if (!view.exists() || view.is_null()) return std::unique_ptr<Normalizer>();
  std::size_t steps_left = kStepsMax;
  return parse_one(view, 0, steps_left);
}

}  // namespace embrace::transformers
