#pragma once
// Tokenizer: a tokenizer.json at work. Text becomes token ids with their places in the text, and
// ids become text. What comes out is what the official `tokenizers` package gives for the same
// file.
//
// Texts are UTF-8; bytes that are not are read as Python's errors="replace" would read them, and
// offsets count the code points of that. Files may come from strangers: they are limited in size,
// and so is the work that their expressions may do (regex.h).
//
// Threads: a Tokenizer may be used from any thread at any time, but for the setters. Working memory
// is kept in a pool, one share for each thread at work.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transformers/tokenizers/encoding.h"

namespace embrace::transformers {

struct EncodeOptions {
  bool add_special_tokens = true;
  // False leaves offsets at (0, 0) and words at kNoWord, and is quicker.
  bool offsets = true;
  // Instead of the tokenizer's own, for this text alone.
  std::optional<Truncation> truncation = std::nullopt;
};

// A text, or two that belong together (question and context).
struct TextPair {
  std::string_view first;
  std::optional<std::string_view> second;
};

class Tokenizer {
 public:
  static constexpr std::size_t kFileBytesMax = std::size_t{96} << 20;
  static constexpr std::size_t kTextBytesMax = std::size_t{32} << 20;

  // From the bytes of a tokenizer.json.
  static Result<Tokenizer> parse(std::string_view json);

  Result<Encoding> encode(TextPair text, EncodeOptions options = {}) const;
  Result<Encoding> encode(std::string_view text, EncodeOptions options = {}) const {
    return encode(TextPair{text, std::nullopt}, options);
  }
  // The same for many texts, on `threads` threads, with padding to the longest when the file says
  // so. Of several errors it gives the first text's.
  Result<std::vector<Encoding>> encode_batch(std::span<const TextPair> texts,
                                             EncodeOptions options = {},
                                             unsigned threads = 1) const;

  // Ids that no token has are left out.
  Result<std::string> decode(std::span<const std::uint32_t> ids,
                             bool skip_special_tokens = true) const;

  std::optional<std::uint32_t> id_of(std::string_view token) const;
  std::optional<std::string> token_of(std::uint32_t id) const;
  // One more than the largest id.
  std::uint32_t id_end() const;

  const std::optional<Truncation>& truncation() const;
  const std::optional<Padding>& padding() const;
  void set_truncation(std::optional<Truncation> truncation);
  void set_padding(std::optional<Padding> padding);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Decodes ids that arrive one at a time. A character whose bytes are spread over several tokens
// comes out with the last of them. The Tokenizer must outlive it. Threads: one.
class DecodeStream {
 public:
  explicit DecodeStream(const Tokenizer& tokenizer, bool skip_special_tokens = true)
      : tokenizer_(&tokenizer), skip_special_tokens_(skip_special_tokens) {}

  // The text that this id adds; empty while a character is not complete.
  Result<std::string> step(std::uint32_t id);
  // What is left at the end, with U+FFFD for a character that never became complete.
  Result<std::string> finish();

 private:
  Result<std::string> flush();

  const Tokenizer* tokenizer_;
  bool skip_special_tokens_;
  std::vector<std::uint32_t> ids_;  // what has been said, as far as it matters, and what has not
  std::size_t said_ = 0;            // how many of them have been said
  std::string said_text_;           // their text
};

}  // namespace embrace::transformers
