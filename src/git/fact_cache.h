#pragma once
// FactCache: a bounded, process-wide memory of facts that never change (what a blob id's bytes are,
// how long a commit's history is). Two generations: when the young one is full it becomes the old
// one, and the former old one is forgotten; a hit in the old one moves back to the young. So it
// keeps what is asked for, without a list to maintain on every hit.
//
// Threads: safe from any.

#include <array>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/sync.h"

namespace embrace::git {

template <class Key, class Value>
class FactCache {
 public:
  explicit FactCache(std::size_t entries_max) : young_max_(entries_max / 2 / kShards + 1) {}

  std::optional<Value> find(const Key& key) {
    return shard(key).with([&](Shard& shard) -> std::optional<Value> {
      if (auto at = shard.young.find(key); at != shard.young.end()) return at->second;
      auto at = shard.old.find(key);
      if (at == shard.old.end()) return std::nullopt;
      Value value = at->second;
      insert(shard, key, value);
      return value;
    });
  }

  void remember(const Key& key, Value value) {
    shard(key).with([&](Shard& shard) { insert(shard, key, std::move(value)); });
  }

 private:
  static constexpr std::size_t kShards = 16;
  struct Shard {
    std::unordered_map<Key, Value> young;
    std::unordered_map<Key, Value> old;
  };

  // The hash of an id is its first bytes; shards take other bits than the maps' buckets do.
  Sync<Shard>& shard(const Key& key) { return shards_[(std::hash<Key>{}(key) >> 40) % kShards]; }

  void insert(Shard& shard, const Key& key, Value value) {
    if (shard.young.size() >= young_max_) {
      shard.old = std::exchange(shard.young, {});
    }
    shard.young.insert_or_assign(key, std::move(value));
  }

  const std::size_t young_max_;
  std::array<Sync<Shard>, kShards> shards_;
};

}  // namespace embrace::git
