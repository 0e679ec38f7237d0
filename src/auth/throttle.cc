#include "auth/throttle.h"

#include <algorithm>

namespace embrace::auth {

Millis Throttle::wait_ms(const State& state, std::string_view key, Millis now_ms) const {
  const auto found = state.by_key.find(std::string(key));
  if (found == state.by_key.end()) return 0;
  const auto& failures = found->second->failures;
  if (failures.size() < limits_.failures_max) return 0;
  // Free again as soon as the oldest of the last failures_max leaves the window.
  return std::max<Millis>(0, failures.front() + limits_.window_ms - now_ms);
}

void Throttle::add_failure(State& state, std::string_view key, Millis now_ms) const {
  auto found = state.by_key.find(std::string(key));
  if (found == state.by_key.end()) {
    if (state.entries.size() >= limits_.keys_max) {
      state.by_key.erase(state.entries.front().key);
      state.entries.pop_front();
    }
    state.entries.push_back(Entry{std::string(key), {}});
    found = state.by_key.emplace(std::string(key), std::prev(state.entries.end())).first;
  }
  const auto entry = found->second;
  state.entries.splice(state.entries.end(), state.entries, entry);
  entry->failures.push_back(now_ms);
  if (entry->failures.size() > limits_.failures_max) entry->failures.pop_front();
}

Millis Throttle::wait_ms(std::string_view key, Millis now_ms) {
  return state_.with([&](State& state) { return wait_ms(state, key, now_ms); });
}

void Throttle::add_failure(std::string_view key, Millis now_ms) {
  state_.with([&](State& state) { add_failure(state, key, now_ms); });
}

Millis Throttle::reserve(std::string_view key, Millis now_ms) {
  return state_.with([&](State& state) -> Millis {
    const Millis wait = wait_ms(state, key, now_ms);
    if (wait == 0) add_failure(state, key, now_ms);
    return wait;
  });
}

void Throttle::take_back(std::string_view key, Millis reserved_ms) {
  state_.with([&](State& state) {
    const auto found = state.by_key.find(std::string(key));
    if (found == state.by_key.end()) return;
    auto& failures = found->second->failures;
    const auto at = std::ranges::find(failures, reserved_ms);
    if (at == failures.end()) return;
    failures.erase(at);
    if (!failures.empty()) return;
    state.entries.erase(found->second);
    state.by_key.erase(found);
  });
}

void Throttle::forget(std::string_view key) {
  state_.with([&](State& state) {
    const auto found = state.by_key.find(std::string(key));
    if (found == state.by_key.end()) return;
    state.entries.erase(found->second);
    state.by_key.erase(found);
  });
}

}  // namespace embrace::auth
