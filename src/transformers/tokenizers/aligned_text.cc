#include "transformers/tokenizers/aligned_text.h"

#include <utility>

namespace embrace::transformers {

void AlignedText::assign_verbatim(std::string_view text, std::uint32_t origin) {
  text_.assign(text);
  spans_.clear();
  origin_ = origin;
  verbatim_ = true;
  bytes_max_ = (std::size_t{1} << 20) + 16 * text.size();
}

void AlignedText::assign_slice(const AlignedText& from, std::size_t begin, std::size_t end) {
  text_.assign(from.text_, begin, end - begin);
  origin_ = begin < end ? from.span_of_byte(begin).begin : from.origin_;
  verbatim_ = from.verbatim_;
  bytes_max_ = from.bytes_max_;
  if (verbatim_) {
    spans_.clear();
  } else {
    spans_.assign(from.spans_.begin() + static_cast<std::ptrdiff_t>(begin),
                  from.spans_.begin() + static_cast<std::ptrdiff_t>(end));
  }
}

Span AlignedText::span_of_byte(std::size_t at) const {
  if (!verbatim_) return spans_[at];
  std::size_t begin = at;
  while ((static_cast<unsigned char>(text_[begin]) & 0xC0) == 0x80) --begin;
  const std::size_t end = begin + utf8_length_from_lead(static_cast<unsigned char>(text_[begin]));
  return {origin_ + static_cast<std::uint32_t>(begin), origin_ + static_cast<std::uint32_t>(end)};
}

Span AlignedText::span_of(std::size_t begin, std::size_t end) const {
  if (begin >= end) {
    const auto at = origin_ + static_cast<std::uint32_t>(begin);
    return {at, at};
  }
  return {span_of_byte(begin).begin, span_of_byte(end - 1).end};
}

void AlignedText::swap(AlignedText& other) noexcept {
  text_.swap(other.text_);
  spans_.swap(other.spans_);
  std::swap(origin_, other.origin_);
  std::swap(verbatim_, other.verbatim_);
  std::swap(bytes_max_, other.bytes_max_);
}

Rewriter::Rewriter(const AlignedText& from, AlignedText& to)
    : from_(from), to_(to), last_{from.origin_, from.origin_} {
  to_.text_.clear();
  to_.spans_.clear();
  to_.text_.reserve(from.text_.size() + 16);
  to_.spans_.reserve(from.text_.size() + 16);
  to_.origin_ = from.origin_;
  to_.verbatim_ = false;
  to_.bytes_max_ = from.bytes_max_;
}

void Rewriter::step() {
  if (at_ >= from_.text_.size()) return;
  const std::size_t length = utf8_length_from_lead(static_cast<unsigned char>(from_.text_[at_]));
  if (from_.verbatim_) {
    const auto begin = from_.origin_ + static_cast<std::uint32_t>(at_);
    last_ = {begin, begin + static_cast<std::uint32_t>(length)};
  } else {
    last_ = from_.spans_[at_ + length - 1];
  }
  at_ += length;
}

void Rewriter::put(char32_t c, int change) {
  Span span = last_;
  if (change <= 0 && at_ < from_.text_.size()) {
    const std::size_t first = at_;
    step();
    span = from_.verbatim_ ? last_ : from_.spans_[first];
    for (int i = 0; i < -change; ++i) step();
  }
  append_utf8(to_.text_, c);
  to_.spans_.insert(to_.spans_.end(), utf8_length(c), span);
}

void Rewriter::keep_bytes(std::size_t bytes) {
  const std::size_t end = at_ + bytes;
  to_.text_.append(from_.text_, at_, bytes);
  if (!from_.verbatim_) {
    to_.spans_.insert(to_.spans_.end(), from_.spans_.begin() + static_cast<std::ptrdiff_t>(at_),
                      from_.spans_.begin() + static_cast<std::ptrdiff_t>(end));
    if (bytes > 0) last_ = from_.spans_[end - 1];
    at_ = end;
    return;
  }
  while (at_ < end) {
    step();
    to_.spans_.insert(to_.spans_.end(), last_.end - last_.begin, last_);
  }
}

void Rewriter::skip(std::size_t code_points) {
  for (std::size_t i = 0; i < code_points; ++i) step();
}

void Rewriter::insert(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) put(next_code_point(text, at), 1);
}

}  // namespace embrace::transformers
