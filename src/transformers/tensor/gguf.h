#pragma once
// GGUF, llama.cpp's file format: typed facts about a model (its widths, its tokenizer), a table of
// tensors, then the tensors. Versions 2 and 3, little-endian. docs/formats/gguf.md has the layout
// and every rule that we hold a file to.
//
// Dimensions are the other way round in the file (the contiguous one first); here they are in our
// order, rows first, so that a matrix of 8 rows of 64 is {8, 64}.
//
// Files come from strangers: a file that breaks a rule is refused whole, and nothing outside the
// bytes given is read. Texts and lists are views into the file, so memory follows the number of
// facts and tensors, not their size.
//
// Threads: any, once made. Ownership: all views live as long as the file's bytes.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "transformers/tensor/tensor.h"

namespace embrace::transformers {

// The numbers are the format's own.
enum class GgufType : std::uint32_t {
  U8 = 0,
  I8 = 1,
  U16 = 2,
  I16 = 3,
  U32 = 4,
  I32 = 5,
  F32 = 6,
  Bool = 7,
  Text = 8,
  Array = 9,
  U64 = 10,
  I64 = 11,
  F64 = 12,
};

// A list of values of one type, decoded when asked for. Lists of lists are refused at parsing.
struct GgufArray {
  GgufType type = GgufType::U8;
  std::uint64_t count = 0;
  std::span<const std::byte> bytes;  // all items, checked to be inside the file

  std::optional<std::vector<std::string_view>> texts() const;  // nullopt unless it is of texts
  std::optional<std::vector<double>> numbers() const;          // nullopt when it is of texts
};

using GgufValue =
    std::variant<std::int64_t, std::uint64_t, double, bool, std::string_view, GgufArray>;

class Gguf {
 public:
  static constexpr std::uint64_t kFactsMax = 1 << 16;
  static constexpr std::uint64_t kTensorsMax = 1 << 20;
  static constexpr std::uint64_t kNameBytesMax = 1 << 10;

  // From all bytes of a file. Corrupt, with what is wrong, for one that breaks the format's rules;
  // NotBuilt for version 1, big-endian files and element types that TensorView has none for.
  static Result<Gguf> parse(std::span<const std::byte> file);

  const std::map<std::string, GgufValue, std::less<>>& facts() const { return facts_; }
  const std::vector<std::pair<std::string, TensorView>>& tensors() const { return tensors_; }

  // One fact; nullopt when it is absent or of another kind.
  std::optional<std::string_view> text(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;  // of any width that fits
  std::optional<double> number(std::string_view key) const;         // whole numbers, too
  std::optional<bool> flag(std::string_view key) const;
  const GgufArray* array(std::string_view key) const;  // nullptr

 private:
  const GgufValue* find(std::string_view key) const;

  std::map<std::string, GgufValue, std::less<>> facts_;
  std::vector<std::pair<std::string, TensorView>> tensors_;
};

}  // namespace embrace::transformers
