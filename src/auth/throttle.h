#pragma once
// Throttle: counts failures per key in a sliding window, and says when one more try is too many.
// Entries of one key are in the order of their times, as long as callers' clocks do not go back.
// Threads: any.

#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/sync.h"
#include "base/time.h"

namespace embrace::auth {

class Throttle {
 public:
  struct Limits {
    std::size_t failures_max = 10;
    Millis window_ms = 5 * 60 * Millis{1000};
    std::size_t keys_max = 100'000;  // the least recently failing are forgotten first
  };
  Throttle() = default;
  explicit Throttle(Limits limits) : limits_(limits) {}

  // How long to wait before the next try; 0: go ahead.
  Millis wait_ms(std::string_view key, Millis now_ms);
  void add_failure(std::string_view key, Millis now_ms);
  // Both in one step, so that tries which run side by side can't all pass: counts this try as a
  // failure beforehand when it may go ahead (0), else says how long to wait.
  Millis reserve(std::string_view key, Millis now_ms);
  void take_back(std::string_view key, Millis reserved_ms);  // that try was no failure
  void forget(std::string_view key);                         // it was right this time

 private:
  struct Entry {
    std::string key;
    std::deque<Millis> failures;  // oldest first, at most failures_max
  };
  struct State {
    std::list<Entry> entries;  // least recently failing first
    std::unordered_map<std::string, std::list<Entry>::iterator> by_key;
  };
  Millis wait_ms(const State& state, std::string_view key, Millis now_ms) const;
  void add_failure(State& state, std::string_view key, Millis now_ms) const;

  const Limits limits_;
  Sync<State> state_;
};

}  // namespace embrace::auth
