#pragma once
// WordCache: what a model made of short pieces that it met before. Text repeats its words, so most
// pieces are found here and cost one hash and one comparison.
//
// A fixed table with two places for each hash; a new piece replaces one of them. Threads: one
// thread.

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "transformers/tokenizers/model.h"
#include "transformers/tokenizers/vocabulary.h"

namespace embrace::transformers {

class WordCache {
 public:
  static constexpr std::size_t kKeyBytesMax = 44;
  static constexpr std::size_t kTokensMax = 11;

  WordCache() : entries_(std::make_unique<Entry[]>(kEntries)) {}

  static bool fits(std::string_view piece) { return piece.size() <= kKeyBytesMax; }

  // Appends the tokens of `piece`, when it is known.
  bool find(std::string_view piece, std::uint64_t hash, std::vector<Token>& out) const {
    const Entry* entry = &entries_[hash & (kEntries - 2)];
    for (int way = 0; way < 2; ++way, ++entry) {
      if (entry->hash != hash || entry->key_bytes != piece.size()) continue;
      if (std::memcmp(entry->key, piece.data(), piece.size()) != 0) continue;
      std::uint32_t begin = 0;
      for (std::uint8_t i = 0; i < entry->tokens; ++i) {
        out.push_back({entry->ids[i], begin, entry->ends[i]});
        begin = entry->ends[i];
      }
      return true;
    }
    return false;
  }

  // Remembers tokens that lie side by side from the piece's first byte on; others are left out.
  void remember(std::string_view piece, std::uint64_t hash, const Token* tokens,
                std::size_t count) {
    if (count > kTokensMax) return;
    Entry* entry = &entries_[hash & (kEntries - 2)];
    if (entry[0].key_bytes != 0 && entry[1].key_bytes == 0)
      ++entry;  // else the first one goes
    else if (entry[0].key_bytes != 0 && (turn_++ & 1) != 0)
      ++entry;
    std::uint32_t begin = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (tokens[i].begin != begin || tokens[i].end > 0xFF) return;
      begin = tokens[i].end;
    }
    entry->hash = hash;
    entry->key_bytes = static_cast<std::uint8_t>(piece.size());
    std::memcpy(entry->key, piece.data(), piece.size());
    entry->tokens = static_cast<std::uint8_t>(count);
    for (std::size_t i = 0; i < count; ++i) {
      entry->ids[i] = tokens[i].id;
      entry->ends[i] = static_cast<std::uint8_t>(tokens[i].end);
    }
  }

 private:
  static constexpr std::size_t kEntries = 1 << 15;  // 128 bytes each: 4 MiB
  struct alignas(64) Entry {
    std::uint64_t hash = 0;
    std::uint8_t key_bytes = 0;  // 0: free, for no piece is empty
    std::uint8_t tokens = 0;
    char key[kKeyBytesMax];
    std::uint32_t ids[kTokensMax];
    std::uint8_t ends[kTokensMax];
  };
  static_assert(sizeof(Entry) == 128);

  std::unique_ptr<Entry[]> entries_;
  std::uint32_t turn_ = 0;
};

}  // namespace embrace::transformers
