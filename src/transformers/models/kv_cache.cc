#include "transformers/models/kv_cache.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::transformers {

namespace {

std::uint64_t hash_page(std::uint64_t parent, std::span<const std::int32_t> tokens) {
  std::uint64_t hash = parent + 0x9E3779B97F4A7C15u;
  for (const std::int32_t token : tokens) {
    hash = (hash ^ static_cast<std::uint32_t>(token)) * 0xBF58476D1CE4E5B9u;
    hash ^= hash >> 29;
  }
  return hash;
}

// Room for `wanted` items, and for as many again, so that growing one by one stays cheap.
template <class T>
void make_room(std::vector<T>& items, std::size_t wanted) {
  if (items.capacity() < wanted) items.reserve(2 * wanted);
}

}  // namespace

KvPool::KvPool(KvShape shape, std::size_t bytes_max)
    : shape_(shape),
      page_bytes_(shape.layers * 2 * shape.kv_heads * kPageTokens * shape.head_dim *
                  (shape.storage == KvStorage::F32 ? 4 : 2)),
      pages_max_(page_bytes_ == 0 ? 0 : bytes_max / page_bytes_) {
  EMB_CHECK(page_bytes_ > 0, "a model has layers, heads and widths");
}

KvPool::~KvPool() = default;

std::optional<KvPool::PageId> KvPool::take() {
  PageId page = 0;
  if (!free_.empty()) {
    page = free_.back();
    free_.pop_back();
  } else if (pages_.size() < pages_max_) {
    page = static_cast<PageId>(pages_.size());
    constexpr std::size_t kLine = 64;
    void* const got = std::aligned_alloc(kLine, (page_bytes_ + kLine - 1) / kLine * kLine);
    if (got == nullptr) throw std::bad_alloc();
    Bytes memory(static_cast<std::byte*>(got), &std::free);
    // Rows that are not written yet are read with a weight of nothing, so they must be numbers.
    std::memset(got, 0, page_bytes_);
    pages_.emplace_back().memory = std::move(memory);
  } else if (!idle_.empty()) {
    page = idle_.front();
    idle_.pop_front();
    unpublish(page);
  } else {
    return std::nullopt;
  }
  pages_[page].holders = 1;
  return page;
}

void KvPool::hold(PageId page) {
  if (pages_[page].holders++ == 0) idle_.erase(pages_[page].idle_at);
}

void KvPool::release(PageId page) {
  EMB_CHECK(pages_[page].holders > 0, "a page is released by its holders");
  if (--pages_[page].holders > 0) return;
  if (pages_[page].serial == 0) {
    free_.push_back(page);
  } else {
    pages_[page].idle_at = idle_.insert(idle_.end(), page);
  }
}

std::optional<KvPool::PageId> KvPool::find(std::uint64_t parent,
                                           std::span<const std::int32_t> tokens) const {
  const auto [begin, end] = published_.equal_range(hash_page(parent, tokens));
  for (auto at = begin; at != end; ++at) {
    const Page& page = pages_[at->second];
    if (page.parent == parent && std::ranges::equal(page.tokens, tokens)) return at->second;
  }
  return std::nullopt;
}

std::uint64_t KvPool::publish(PageId id, std::uint64_t parent,
                              std::span<const std::int32_t> tokens) {
  // Another sequence may have computed the same at the same time: its page is found, and ours is
  // known by its name.
  if (const auto other = find(parent, tokens)) return pages_[*other].serial;
  Page& page = pages_[id];
  page.serial = ++last_serial_;
  page.parent = parent;
  page.tokens.assign(tokens.begin(), tokens.end());
  published_.emplace(hash_page(parent, tokens), id);
  return page.serial;
}

void KvPool::unpublish(PageId id) {
  Page& page = pages_[id];
  if (page.serial == 0) return;
  const auto [begin, end] = published_.equal_range(hash_page(page.parent, page.tokens));
  for (auto at = begin; at != end; ++at) {
    if (at->second != id) continue;
    published_.erase(at);
    break;
  }
  page.serial = 0;
}

KvSequence::KvSequence(KvSequence&& other) noexcept
    : pool_(other.pool_),
      tokens_(std::exchange(other.tokens_, {})),
      pages_(std::exchange(other.pages_, {})),
      serials_(std::exchange(other.serials_, {})) {}

KvSequence& KvSequence::operator=(KvSequence&& other) noexcept {
  if (this != &other) {
    truncate(0);
    pool_ = other.pool_;
    tokens_ = std::exchange(other.tokens_, {});
    pages_ = std::exchange(other.pages_, {});
    serials_ = std::exchange(other.serials_, {});
  }
  return *this;
}

KvSequence KvSequence::fork() const {
  KvSequence twin(*pool_);
  twin.tokens_ = tokens_;
  twin.pages_ = pages_;
  twin.serials_ = serials_;
  for (const auto page : pages_) pool_->hold(page);
  return twin;
}

std::size_t KvSequence::adopt_prefix(std::span<const std::int32_t> tokens) {
  EMB_CHECK(tokens_.empty(), "only an empty sequence can adopt a prefix");
  constexpr std::size_t kTokens = KvPool::kPageTokens;
  while (pages_.size() * kTokens + kTokens < tokens.size()) {
    const auto piece = tokens.subspan(pages_.size() * kTokens, kTokens);
    const auto page = pool_->find(serials_.empty() ? 0 : serials_.back(), piece);
    if (!page) break;
    pool_->hold(*page);
    pages_.push_back(*page);
    serials_.push_back(pool_->pages_[*page].serial);
    tokens_.insert(tokens_.end(), piece.begin(), piece.end());
  }
  return tokens_.size();
}

void KvSequence::truncate(std::size_t length) {
  constexpr std::size_t kTokens = KvPool::kPageTokens;
  if (length >= tokens_.size()) return;
  tokens_.resize(length);
  // The last first, so that it is the last that is given up first.
  while (pages_.size() * kTokens >= length + kTokens) {
    pool_->release(pages_.back());
    pages_.pop_back();
  }
  serials_.resize(std::min(serials_.size(), length / kTokens));
}

Status KvSequence::extend(std::span<const std::int32_t> tokens) {
  constexpr std::size_t kTokens = KvPool::kPageTokens;
  if (tokens.empty()) return Done{};
  const std::size_t wanted = (tokens_.size() + tokens.size() + kTokens - 1) / kTokens;
  const bool partial = tokens_.size() % kTokens != 0;
  const bool copies = partial && pool_->pages_[pages_.back()].holders > 1;
  const std::size_t fresh = wanted - pages_.size() + (copies ? 1 : 0);
  if (fresh > pool_->pages_max() - pool_->pages_used()) {
    return fail(Code::Unavailable, cat("the memory for keys and values is full: ",
                                       pool_->pages_used(), " pages of ", kTokens, " tokens"));
  }
  // All that may throw comes first: then either everything happens or nothing.
  std::vector<KvPool::PageId> taken;
  try {
    taken.reserve(fresh);
    make_room(pages_, wanted);
    make_room(tokens_, tokens_.size() + tokens.size());
    while (taken.size() < fresh) {
      const auto page = pool_->take();
      EMB_CHECK(page, "there was a page left");
      taken.push_back(*page);
    }
  } catch (...) {
    for (const auto page : taken) pool_->release(page);
    throw;
  }
  auto next = taken.begin();
  if (copies) {
    std::memcpy(pool_->pages_[*next].memory.get(), pool_->pages_[pages_.back()].memory.get(),
                pool_->page_bytes());
    pool_->release(pages_.back());
    pages_.back() = *next++;
  } else if (partial) {
    pool_->unpublish(pages_.back());  // it was cut short, and becomes another now
  }
  pages_.insert(pages_.end(), next, taken.end());
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  return Done{};
}

void KvSequence::settle() {
  constexpr std::size_t kTokens = KvPool::kPageTokens;
  while ((serials_.size() + 1) * kTokens <= tokens_.size()) {
    const std::size_t index = serials_.size();
    const auto piece = std::span<const std::int32_t>(tokens_).subspan(index * kTokens, kTokens);
    serials_.push_back(
        pool_->publish(pages_[index], serials_.empty() ? 0 : serials_.back(), piece));
  }
}

}  // namespace embrace::transformers
