#pragma once
// Vocabulary: token texts and their ids, both ways.
//
// Ownership: texts live in one arena; the views given out live as long as the Vocabulary.
// Threads: constant after it is filled.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/view.h"

namespace embrace::transformers {

// 64 bits from bytes, well mixed. `seed` differs between processes, so that a file cannot be made
// whose texts all collide.
std::uint64_t hash_bytes(std::string_view bytes);

class Vocabulary {
 public:
  // {"text": id, ...}
  static Result<Vocabulary> parse(json::View view);

  // A later text with the same id hides the earlier one from text_of; a text keeps its last id.
  Status add(std::string_view text, std::uint32_t id);

  std::optional<std::uint32_t> find(std::string_view text) const;
  // nullopt when no token has this id.
  std::optional<std::string_view> text_of(std::uint32_t id) const;
  std::size_t size() const { return count_; }  // texts
  std::uint32_t id_end() const { return static_cast<std::uint32_t>(places_.size()); }
  std::size_t longest_bytes() const { return longest_; }

 private:
  struct Slot {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t id = 0;
    std::uint32_t tag = 0;  // upper half of the hash; 0 is an empty slot
  };
  struct Place {
    std::uint32_t offset = 0;
    std::uint32_t length = kAbsent;
  };
  static constexpr std::uint32_t kAbsent = 0xFFFFFFFF;

  std::string_view view(std::uint32_t offset, std::uint32_t length) const {
    return std::string_view(arena_).substr(offset, length);
  }
  void grow();

  std::string arena_;
  std::vector<Slot> slots_;    // open addressing; the size is a power of two
  std::vector<Place> places_;  // by id
  std::size_t count_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace embrace::transformers
