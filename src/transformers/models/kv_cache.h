#pragma once
// The keys and values that decoders keep of the tokens they have seen, in pages of a fixed number
// of tokens (Kwon et al. 2023, "PagedAttention"). Sequences that begin alike share pages; a page
// that is shared is copied before it is written.
//
// KvPool has the memory of one model's sequences and its limit. Full pages stay findable by their
// tokens after their sequence is gone, until the memory is wanted. They are compared token by
// token, so that no collision of hashes gives one sequence the memory of another.
//
// Threads: a pool and its sequences belong to one thread at a time; while a model computes, its
// team reads and writes rows of different tokens or heads. Ownership: a pool outlives its
// sequences.

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace embrace::transformers {

enum class KvStorage : std::uint8_t { F32, BF16 };

struct KvShape {
  std::size_t layers = 0;
  std::size_t kv_heads = 0;
  std::size_t head_dim = 0;
  KvStorage storage = KvStorage::F32;
};

class KvPool {
 public:
  static constexpr std::size_t kPageTokens = 32;

  // No more than bytes_max of pages; none when that is less than one.
  KvPool(KvShape shape, std::size_t bytes_max);
  ~KvPool();
  KvPool(const KvPool&) = delete;

  const KvShape& shape() const { return shape_; }
  std::size_t page_bytes() const { return page_bytes_; }
  std::size_t pages_max() const { return pages_max_; }
  std::size_t pages_used() const { return pages_.size() - free_.size() - idle_.size(); }
  // Held by no sequence, but findable.
  std::size_t pages_idle() const { return idle_.size(); }
  // Tokens that fit beside what sequences hold now.
  std::size_t tokens_free() const { return (pages_max_ - pages_used()) * kPageTokens; }

 private:
  friend class KvSequence;
  using PageId = std::uint32_t;
  using Bytes = std::unique_ptr<std::byte[], void (*)(void*)>;
  struct Page {
    Bytes memory{nullptr, nullptr};
    std::uint32_t holders = 0;
    // Of published pages: their own name, their parent's, and their tokens.
    std::uint64_t serial = 0;  // 0: not published
    std::uint64_t parent = 0;
    std::vector<std::int32_t> tokens;
    std::list<PageId>::iterator idle_at;
  };

  std::optional<PageId> take();
  void hold(PageId page);
  void release(PageId page);
  std::optional<PageId> find(std::uint64_t parent, std::span<const std::int32_t> tokens) const;
  // The serial under which these tokens after `parent` are findable from now on.
  std::uint64_t publish(PageId page, std::uint64_t parent, std::span<const std::int32_t> tokens);
  void unpublish(PageId page);

  KvShape shape_;
  std::size_t page_bytes_;
  std::size_t pages_max_;
  std::vector<Page> pages_;
  std::vector<PageId> free_;
  std::list<PageId> idle_;                                    // the longest idle first
  std::unordered_multimap<std::uint64_t, PageId> published_;  // by hash of parent and tokens
  std::uint64_t last_serial_ = 0;
};

// One sequence: its tokens so far, and the pages with what a model keeps of them.
class KvSequence {
 public:
  explicit KvSequence(KvPool& pool) : pool_(&pool) {}
  ~KvSequence() { truncate(0); }
  KvSequence(KvSequence&& other) noexcept;
  KvSequence& operator=(KvSequence&& other) noexcept;
  // A second one with the same tokens and the same pages.
  KvSequence fork() const;

  std::size_t length() const { return tokens_.size(); }
  std::span<const std::int32_t> tokens() const { return tokens_; }
  const KvPool& pool() const { return *pool_; }

  // Of an empty sequence: takes over the pages of other sequences that began with these tokens, all
  // but the last of them at most. Returns how many tokens need not be computed.
  std::size_t adopt_prefix(std::span<const std::int32_t> tokens);
  // Forgets all tokens but the first `length`.
  void truncate(std::size_t length);

  // For models. Room for more tokens, whose rows are the caller's to write; nothing is changed when
  // the pool is full (Unavailable).
  Status extend(std::span<const std::int32_t> tokens);
  // All rows are written: full pages may be found by others from now on.
  void settle();
  // head_dim values of each of the kPageTokens tokens of page `page` (of those that hold this
  // sequence, from 0), one token after the other. T is float or std::uint16_t (BF16), as stored.
  template <class T>
  T* keys(std::size_t page, std::size_t layer, std::size_t head) const {
    return part<T>(page, (layer * 2) * pool_->shape_.kv_heads + head);
  }
  template <class T>
  T* values(std::size_t page, std::size_t layer, std::size_t head) const {
    return part<T>(page, (layer * 2 + 1) * pool_->shape_.kv_heads + head);
  }

 private:
  template <class T>
  T* part(std::size_t page, std::size_t index) const {
    auto* memory = reinterpret_cast<T*>(pool_->pages_[pages_[page]].memory.get());
    return memory + index * KvPool::kPageTokens * pool_->shape_.head_dim;
  }

  KvPool* pool_;
  std::vector<std::int32_t> tokens_;
  std::vector<KvPool::PageId> pages_;
  std::vector<std::uint64_t> serials_;  // of the pages that are settled, from the first
};

}  // namespace embrace::transformers
