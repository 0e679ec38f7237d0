#pragma once
// AlignedText: text that remembers where each of its bytes came from.
//
// Normalizers and pre-tokenizers rewrite text; the offsets of a token are of the text that the
// caller gave. So every byte has a Span of the original, in bytes: that of the whole code point it
// stands for. While nothing was rewritten the spans follow from the text, and are not stored.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

struct Span {
  std::uint32_t begin = 0;  // bytes of the original
  std::uint32_t end = 0;
  friend bool operator==(Span, Span) = default;
};

class AlignedText {
 public:
  AlignedText() = default;

  // A verbatim copy of the original's bytes from `origin` on.
  void assign_verbatim(std::string_view text, std::uint32_t origin);
  // A copy of bytes [begin, end) of `from`, spans included.
  void assign_slice(const AlignedText& from, std::size_t begin, std::size_t end);

  std::string_view text() const { return text_; }
  std::string_view slice(std::size_t begin, std::size_t end) const {
    return std::string_view(text_).substr(begin, end - begin);
  }
  bool is_verbatim() const { return verbatim_; }
  // Where the slice that this is began in the original. What is inserted before the first byte gets
  // an empty span there.
  std::uint32_t origin() const { return origin_; }

  // Rewriting may not make more of it than this: 16 times its first size, and a megabyte.
  std::size_t bytes_max() const { return bytes_max_; }
  bool is_too_long() const { return text_.size() > bytes_max_; }

  Span span_of_byte(std::size_t at) const;
  // From the first byte's beginning to the last byte's end; of an empty range, nothing at its
  // place.
  Span span_of(std::size_t begin, std::size_t end) const;

  void swap(AlignedText& other) noexcept;

 private:
  friend class Rewriter;
  std::string text_;
  std::vector<Span> spans_;  // one a byte, unless verbatim
  std::uint32_t origin_ = 0;
  bool verbatim_ = true;
  std::size_t bytes_max_ = 0;
};

// Rewrites an AlignedText front to back into another one.
class Rewriter {
 public:
  // Both must outlive the Rewriter; `to` is emptied.
  Rewriter(const AlignedText& from, AlignedText& to);

  // The next code point of the result (see Changed in unicode.h for `change`).
  void put(char32_t c, int change);
  // A code point of the source that stays as it is.
  void keep() {
    std::size_t at = at_;
    put(next_code_point(from_.text_, at), 0);
  }
  // `bytes` of the source, whole code points, that stay as they are.
  void keep_bytes(std::size_t bytes);
  // Drops the next code points of the source, without trace.
  void skip(std::size_t code_points);
  void insert(std::string_view text);  // each code point as put(c, 1)

  std::size_t at() const { return at_; }  // in the source

 private:
  void step();  // over one code point of the source

  const AlignedText& from_;
  AlignedText& to_;
  std::size_t at_ = 0;
  Span last_;  // of the last code point stepped over
};

}  // namespace embrace::transformers
