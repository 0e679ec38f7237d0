#include "auth/caller_cache.h"

#include <algorithm>

namespace embrace::auth {

std::optional<Caller> CallerCache::find(const Digest& key, Millis now_ms) {
  return state_.with([&](State& state) -> std::optional<Caller> {
    const auto found = state.by_key.find(key);
    if (found == state.by_key.end()) return std::nullopt;
    const auto entry = found->second;
    if (entry->good_until_ms <= now_ms) {
      state.entries.erase(entry);
      state.by_key.erase(found);
      return std::nullopt;
    }
    state.entries.splice(state.entries.begin(), state.entries, entry);
    return entry->caller;
  });
}

std::uint64_t CallerCache::epoch() const {
  return state_.with([](const State& state) { return state.epoch; });
}

void CallerCache::put(const Digest& key, const Caller& caller, Millis now_ms, std::uint64_t epoch) {
  Millis good_until_ms = now_ms + keep_ms_;
  if (caller.token && caller.token->expires_ms)
    good_until_ms = std::min(good_until_ms, *caller.token->expires_ms);
  state_.with([&](State& state) {
    if (state.epoch != epoch) return;
    if (const auto found = state.by_key.find(key); found != state.by_key.end()) {
      state.entries.erase(found->second);
      state.by_key.erase(found);
    }
    if (state.entries.size() >= entries_max_) {
      state.by_key.erase(state.entries.back().key);
      state.entries.pop_back();
    }
    state.entries.push_front(Entry{key, caller, good_until_ms});
    state.by_key.emplace(key, state.entries.begin());
  });
}

void CallerCache::forget(std::int64_t user_id) {
  state_.with([&](State& state) {
    ++state.epoch;
    for (auto entry = state.entries.begin(); entry != state.entries.end();) {
      if (entry->caller.id() != user_id) {
        ++entry;
        continue;
      }
      state.by_key.erase(entry->key);
      entry = state.entries.erase(entry);
    }
  });
}

void CallerCache::forget_key(const Digest& key) {
  state_.with([&](State& state) {
    ++state.epoch;
    const auto found = state.by_key.find(key);
    if (found == state.by_key.end()) return;
    state.entries.erase(found->second);
    state.by_key.erase(found);
  });
}

void CallerCache::clear() {
  state_.with([](State& state) {
    ++state.epoch;
    state.entries.clear();
    state.by_key.clear();
  });
}

}  // namespace embrace::auth
