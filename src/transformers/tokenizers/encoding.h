#pragma once
// Encoding: what a tokenizer makes of a text, or of two: token ids and where each came from.
//
// All lists have one entry for each token. Offsets are in Unicode code points of the text that was
// given (as in Python), half open; special tokens and padding have (0, 0).

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace embrace::transformers {

inline constexpr std::uint32_t kNoWord = 0xFFFFFFFF;
inline constexpr std::uint8_t kNoSequence = 0xFF;

struct Offsets {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  friend bool operator==(Offsets, Offsets) = default;
};

// White space at both ends of a token's text; post-processors take it off the offsets.
struct Margins {
  std::uint16_t left = 0;
  std::uint16_t right = 0;
};

struct Encoding {
  std::vector<std::uint32_t> ids;
  std::vector<std::uint32_t> type_ids;
  std::vector<Offsets> offsets;
  std::vector<std::uint32_t> word_ids;       // index of the piece, or kNoWord
  std::vector<std::uint8_t> sequence_ids;    // 0 or 1, or kNoSequence
  std::vector<std::uint8_t> special_mask;    // 1: put there by a post-processor, or padding
  std::vector<std::uint8_t> attention_mask;  // 0: padding
  // What was cut off, in windows as long as this one; they have none of their own.
  std::vector<Encoding> overflowing;
  // Only while a tokenizer works whose post-processor trims offsets; empty otherwise.
  std::vector<Margins> margins;

  std::size_t size() const { return ids.size(); }
  void reserve(std::size_t tokens);
  void set_sequence(std::uint8_t sequence);  // of all tokens
  void set_type(std::uint32_t type);
  // Tokens [begin, end), without overflowing.
  Encoding slice(std::size_t begin, std::size_t end) const;
};

enum class Side : std::uint8_t { Left, Right };

enum class TruncationStrategy : std::uint8_t { LongestFirst, OnlyFirst, OnlySecond };

struct Truncation {
  std::size_t length_max = 512;  // tokens, special ones included
  std::size_t stride = 0;        // tokens that a window shares with the one before
  TruncationStrategy strategy = TruncationStrategy::LongestFirst;
  Side side = Side::Right;  // where tokens are cut off
};

struct Padding {
  std::size_t length = 0;  // 0: as long as the longest of the batch
  std::size_t multiple_of = 0;
  Side side = Side::Right;
  std::uint32_t id = 0;
  std::uint32_t type_id = 0;
};

// Cuts down to `length_max` tokens and keeps the rest in windows. InvalidArgument when the stride
// is not shorter than the window.
Status truncate(Encoding& encoding, std::size_t length_max, std::size_t stride, Side side);
// Cuts one or both (`second` may be nullptr) so that they have `length_max` tokens together.
Status truncate_pair(Encoding& first, Encoding* second, const Truncation& truncation,
                     std::size_t length_max);

// Appends `other`. Windows of both are combined: each of one with the other and its windows.
Status append(Encoding& to, const Encoding& other);

void pad(Encoding& encoding, std::size_t length, const Padding& padding);
// To the longest, the fixed length, and a multiple.
void pad_all(std::vector<Encoding>& batch, const Padding& padding);

}  // namespace embrace::transformers
