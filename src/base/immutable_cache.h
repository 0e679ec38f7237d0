#pragma once
// ImmutableCache: answers that can never change (what a commit's tree is, what a tree holds at a
// path), kept for the whole process and dropped least recently used first. Nothing is ever
// invalidated, so only content that is named by its own hash may be a key.
//
// Threads: any. Values are handed out by copy: keep them small, or a shared_ptr to const.

#include <array>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace embrace {

template <class Key, class Value, class Hash = std::hash<Key>>
class ImmutableCache {
 public:
  // `cost_max` is shared evenly by the shards; what a value costs is said at put().
  explicit ImmutableCache(std::size_t cost_max) : shard_cost_max_(cost_max / kShards + 1) {}

  std::optional<Value> find(const Key& key) {
    auto& shard = shard_of(key);
    std::lock_guard lock(shard.mutex);
    auto found = shard.index.find(key);
    if (found == shard.index.end()) return std::nullopt;
    shard.items.splice(shard.items.begin(), shard.items, found->second);
    return found->second->value;
  }

  void put(const Key& key, Value value, std::size_t cost = 1) {
    auto& shard = shard_of(key);
    if (cost > shard_cost_max_) return;
    std::lock_guard lock(shard.mutex);
    if (shard.index.contains(key)) return;
    shard.items.push_front({key, std::move(value), cost});
    shard.index.emplace(key, shard.items.begin());
    shard.cost += cost;
    while (shard.cost > shard_cost_max_) {
      shard.cost -= shard.items.back().cost;
      shard.index.erase(shard.items.back().key);
      shard.items.pop_back();
    }
  }

 private:
  static constexpr std::size_t kShards = 8;
  struct Item {
    Key key;
    Value value;
    std::size_t cost;
  };
  struct Shard {
    std::mutex mutex;
    std::list<Item> items;  // most recently used first
    std::unordered_map<Key, typename std::list<Item>::iterator, Hash> index;
    std::size_t cost = 0;
  };
  Shard& shard_of(const Key& key) { return shards_[(Hash{}(key) >> 24) % kShards]; }

  const std::size_t shard_cost_max_;
  std::array<Shard, kShards> shards_;
};

}  // namespace embrace
