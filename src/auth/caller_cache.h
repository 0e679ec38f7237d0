#pragma once
// CallerCache: who was behind a secret a moment ago, so that a burst of requests asks the database
// once. Least recently used entries leave first. Threads: any, io threads included: nothing here
// waits.

#include <list>
#include <optional>
#include <unordered_map>

#include "auth/caller.h"
#include "base/digest.h"
#include "base/sync.h"

namespace embrace::auth {

class CallerCache {
 public:
  CallerCache(std::size_t entries_max, Millis keep_ms)
      : entries_max_(entries_max), keep_ms_(keep_ms) {}

  std::optional<Caller> find(const Digest& key, Millis now_ms);

  // What was read before a forget() must not come in after it: take the epoch first, read, then
  // put.
  std::uint64_t epoch() const;
  void put(const Digest& key, const Caller& caller, Millis now_ms, std::uint64_t epoch);

  void forget(std::int64_t user_id);
  void forget_key(const Digest& key);
  void clear();

 private:
  struct Entry {
    Digest key;
    Caller caller;
    Millis good_until_ms;
  };
  struct State {
    std::list<Entry> entries;  // most recently used first
    std::unordered_map<Digest, std::list<Entry>::iterator> by_key;
    std::uint64_t epoch = 0;
  };
  const std::size_t entries_max_;
  const Millis keep_ms_;
  Sync<State> state_;
};

}  // namespace embrace::auth
