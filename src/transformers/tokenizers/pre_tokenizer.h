#pragma once
// PreTokenizer: the second step of a tokenizer cuts the normalized text into pieces. A model sees
// one piece at a time, and no token crosses the border of two.
//
// One class for each "type" of a tokenizer.json, all in pre_tokenizer.cc. Threads: a PreTokenizer
// is constant after it is made; a PieceList belongs to one thread.

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/tokenizers/aligned_text.h"
#include "transformers/tokenizers/regex.h"

namespace embrace::transformers {

inline constexpr std::uint32_t kNoToken = 0xFFFFFFFF;

// Part of an AlignedText. One that was recognized as an added token has its id and is not cut any
// more.
struct Piece {
  const AlignedText* text = nullptr;
  std::uint32_t begin = 0;  // bytes of *text
  std::uint32_t end = 0;
  std::uint32_t added = kNoToken;

  std::string_view view() const { return text->slice(begin, end); }
};

// The pieces of one input and the texts that they point into. Memory is kept between inputs.
class PieceList {
 public:
  std::vector<Piece> pieces;

  void clear();
  // A text that lives until clear().
  AlignedText& new_text();
  AlignedText& spare() { return spare_; }

  // Replaces every piece that is no added token by what `cut(piece, out)` appends for it. Empty
  // pieces vanish.
  template <class Cut>
  Status cut_each(Cut cut) {
    out_.clear();
    for (const Piece& piece : pieces) {
      if (piece.added != kNoToken) {
        out_.push_back(piece);
        continue;
      }
      EMB_DO(cut(piece, out_));
    }
    pieces.swap(out_);
    return Done{};
  }

  std::vector<Match>& matches() {
    matches_.clear();
    return matches_;
  }

 private:
  std::deque<AlignedText> texts_;
  std::size_t used_ = 0;
  AlignedText spare_;
  std::vector<Piece> out_;
  std::vector<Match> matches_;
};

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual Status cut(PieceList& list) const = 0;

  // True when the last thing it does is to write bytes as the visible code points of byte-level
  // vocabularies. A model that knows its tokens as bytes needs no such writing: `leave_bytes` makes
  // cut() leave it out.
  virtual bool ends_in_byte_alphabet() const { return false; }
  virtual void leave_bytes() {}
};

// nullptr for null: the whole text is one piece.
Result<std::unique_ptr<PreTokenizer>> parse_pre_tokenizer(json::View view);

}  // namespace embrace::transformers
