// SentencePiece's normalization table: a double array over byte strings, whose leaves are places in
// a text of replacements, each ended by a zero byte.
//
// The table comes from a file, so every step checks its bounds. As in the field's implementation a
// grapheme cluster of less than six bytes is looked up first, then each code point; the shortest
// entry that begins the looked-up bytes is the one that counts.

#include <cstring>

#include "base/strings.h"
#include "transformers/tokenizers/normalizer.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {
namespace {

class Precompiled final : public Normalizer {
 public:
  Precompiled(std::vector<std::uint32_t> units, std::string replacements)
      : units_(std::move(units)), replacements_(std::move(replacements)) {}

  Status normalize(AlignedText& text, AlignedText& spare) const override {
    const std::string_view all = text.text();
    std::vector<Changed> out;
    out.reserve(all.size());
    bool modified = false;
    std::string_view found;
    for (std::size_t at = 0; at < all.size();) {
      if (out.size() > text.bytes_max()) {
        return fail(Code::TooLarge, "the normalizer makes too much of this text");
      }
      const std::size_t end = grapheme_end(all, at);
      const std::string_view cluster = all.substr(at, end - at);
      if (cluster.size() < 6 && look_up(cluster, found)) {
        modified = true;
        replace(out, cluster, found);
        at = end;
        continue;
      }
      while (at < end) {
        const std::size_t first = at;
        const char32_t c = next_code_point(all, at);
        const std::string_view part = all.substr(first, at - first);
        if (look_up(part, found)) {
          modified = true;
          replace(out, part, found);
        } else {
          out.push_back({c, 0});
        }
      }
    }
    if (!modified) return Done{};
    Rewriter writer(text, spare);
    for (const Changed& part : out) writer.put(part.c, part.change);
    text.swap(spare);
    return Done{};
  }

 private:
  static constexpr std::size_t kReplacementBytesMax = 4096;  // the longest in use has 33

  // Of more code points than before the last ones are new; of fewer, the last one swallows the
  // rest.
  static void replace(std::vector<Changed>& out, std::string_view before, std::string_view after) {
    const auto old_count = static_cast<std::ptrdiff_t>(count_code_points(before));
    const auto new_count = static_cast<std::ptrdiff_t>(count_code_points(after));
    for (std::size_t at = 0; at < after.size();) out.push_back({next_code_point(after, at), 0});
    if (new_count > old_count) {
      for (std::ptrdiff_t i = 0; i < new_count - old_count; ++i) {
        out[out.size() - 1 - static_cast<std::size_t>(i)].change = 1;
      }
    } else if (new_count < old_count && !out.empty()) {
      out.back().change += static_cast<int>(new_count - old_count);
    }
  }

  static std::size_t offset_of(std::uint32_t unit) { return (unit >> 10) << ((unit & 0x200) >> 6); }

  bool look_up(std::string_view key, std::string_view& found) const {
    std::size_t at = 0;
    if (units_.empty()) return false;
    at ^= offset_of(units_[0]);
    for (const char c : key) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte == 0) return false;
      at ^= byte;
      if (at >= units_.size()) return false;
      const std::uint32_t unit = units_[at];
      if ((unit & 0x800000FFU) != byte) return false;
      at ^= offset_of(unit);
      if ((unit >> 8 & 1) == 0) continue;
      if (at >= units_.size()) return false;
      const std::size_t place = units_[at] & 0x7FFFFFFFU;
      if (place > replacements_.size()) return false;
      if (place < replacements_.size() &&
          (static_cast<unsigned char>(replacements_[place]) & 0xC0) == 0x80) {
        return false;  // the middle of a code point
      }
      const std::size_t end = replacements_.find('\0', place);
      if (end - place > kReplacementBytesMax &&
          replacements_.size() - place > kReplacementBytesMax) {
        return false;
      }
      found = std::string_view(replacements_)
                  .substr(place, end == std::string::npos ? end : end - place);
      return true;
    }
    return false;
  }

  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace

Result<std::unique_ptr<Normalizer>> make_precompiled(std::string_view charsmap) {
  const auto bytes = from_base64(charsmap);
  if (!bytes) return fail(Code::InvalidArgument, "precompiled_charsmap is not base64");
  if (bytes->empty()) return std::make_unique<Precompiled>(std::vector<std::uint32_t>(), "");
  std::uint32_t trie_bytes = 0;
  if (bytes->size() < sizeof trie_bytes) {
    return fail(Code::InvalidArgument, "precompiled_charsmap is too short");
  }
  std::memcpy(&trie_bytes, bytes->data(), sizeof trie_bytes);
  if (trie_bytes % 4 != 0 || trie_bytes > bytes->size() - sizeof trie_bytes) {
    return fail(Code::InvalidArgument, "precompiled_charsmap's table is longer than the whole");
  }
  std::vector<std::uint32_t> units(trie_bytes / 4);
  if (trie_bytes > 0) std::memcpy(units.data(), bytes->data() + sizeof trie_bytes, trie_bytes);
  std::string replacements = bytes->substr(sizeof trie_bytes + trie_bytes);
  if (!is_valid_utf8(replacements)) {
    return fail(Code::InvalidArgument, "precompiled_charsmap's replacements are not UTF-8");
  }
  return std::make_unique<Precompiled>(std::move(units), std::move(replacements));
}

}  // namespace embrace::transformers
