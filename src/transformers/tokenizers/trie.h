#pragma once
// Trie: finds which texts of a set begin at a place. Children are looked up by (node, byte) in one
// hash table, so that building is linear whatever the texts are.
//
// Walking costs a step for each byte of the longest text, at every place of the input; therefore
// texts are limited to kTextBytesMax. Threads: constant after it is filled.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "transformers/tokenizers/vocabulary.h"

namespace embrace::transformers {

class Trie {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::size_t kTextBytesMax = 1024;

  Trie() : values_(1, kNone) {
    roots_.fill(kNone);
    grow();
  }

  // `text` is not empty. A text that is added again gets the new value.
  void add(std::string_view text, std::uint32_t value) {
    std::uint32_t node = 0;
    for (const char c : text) node = child_or_new(node, static_cast<unsigned char>(c));
    values_[node] = value;
  }

  // 0 is the root. kNone when no text goes on with this byte.
  std::uint32_t child(std::uint32_t node, unsigned char byte) const {
    if (node == 0) return roots_[byte];
    return table_[place(key_of(node, byte))].child;
  }
  // The value of the text that ends at `node`, or kNone.
  std::uint32_t value(std::uint32_t node) const { return values_[node]; }

  struct Longest {
    std::size_t end = 0;
    std::uint32_t value = kNone;
  };
  Longest longest_at(std::string_view text, std::size_t at) const {
    Longest found;
    std::uint32_t node = 0;
    while (at < text.size()) {
      node = child(node, static_cast<unsigned char>(text[at]));
      if (node == kNone) break;
      ++at;
      if (values_[node] != kNone) found = {at, values_[node]};
    }
    return found;
  }

 private:
  struct Slot {
    std::uint64_t key = 0;  // 0: empty, for the root's children are in roots_
    std::uint32_t child = kNone;
  };

  static std::uint64_t key_of(std::uint32_t node, unsigned char byte) {
    return std::uint64_t{node} << 8 | byte;
  }

  std::size_t place(std::uint64_t key) const {
    std::uint64_t hash = key * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 32;
    const std::size_t mask = table_.size() - 1;
    std::size_t at = hash & mask;
    while (table_[at].key != key && table_[at].key != 0) at = (at + 1) & mask;
    return at;
  }

  std::uint32_t new_node() {
    values_.push_back(kNone);
    return static_cast<std::uint32_t>(values_.size() - 1);
  }

  std::uint32_t child_or_new(std::uint32_t node, unsigned char byte) {
    if (node == 0) {
      if (roots_[byte] == kNone) roots_[byte] = new_node();
      return roots_[byte];
    }
    const std::uint64_t key = key_of(node, byte);
    std::size_t at = place(key);
    if (table_[at].key == key) return table_[at].child;
    if (++used_ * 2 > table_.size()) {
      grow();
      at = place(key);
    }
    table_[at] = {key, new_node()};
    return table_[at].child;
  }

  void grow() {
    std::vector<Slot> old(std::max<std::size_t>(64, table_.size() * 2));
    old.swap(table_);
    for (const Slot& slot : old) {
      if (slot.key != 0) table_[place(slot.key)] = slot;
    }
  }

  std::vector<std::uint32_t> values_;  // by node
  std::vector<Slot> table_;
  std::array<std::uint32_t, 256> roots_{};
  std::size_t used_ = 0;
};

}  // namespace embrace::transformers
