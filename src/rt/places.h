#pragma once
// Places: a fixed number of places for costly work, given out so that no single holder can take
// them all. Whoever finds none free waits in line for a while; a holder that has its share already
// lets others pass.
//
// Threads: any; a waiter is resumed on its own executor. Ownership: a Places outlives every Place.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rt/task.h"

namespace embrace::rt {

class Places;

// One of the places, given back when it is destroyed.
class Place {
 public:
  Place(Place&& other) noexcept
      : places_(std::exchange(other.places_, nullptr)), holders_(std::move(other.holders_)) {}
  Place& operator=(Place&&) = delete;
  ~Place();

 private:
  friend class Places;
  Place(Places* places, std::vector<std::string> holders)
      : places_(places), holders_(std::move(holders)) {}
  Places* places_;
  std::vector<std::string> holders_;
};

class Places {
 public:
  struct Limits {
    std::uint32_t places = 8;
    std::chrono::milliseconds wait_max{20'000};
    std::uint32_t waiting_max = 256;        // in line altogether
    std::uint32_t holder_waiting_max = 32;  // of them for one holder
  };
  explicit Places(Limits limits);
  ~Places();
  Places(const Places&) = delete;

  // On whose account a place is taken: `share` is how many `holder` may have at once.
  struct Claim {
    std::string holder;
    std::uint32_t share = 1;
    std::uint32_t waiting_max = 32;  // in line for this holder
  };

  // One place on the account of everybody named. nullopt when the line is full, none came free in
  // time, or the task was cancelled.
  Task<std::optional<Place>> take(std::vector<Claim> claims);
  Task<std::optional<Place>> take(std::string holder, std::uint32_t share);

  std::uint32_t size() const { return limits_.places; }
  std::uint32_t taken() const;
  std::size_t waiting() const;

 private:
  friend class Place;
  struct Waiter;
  struct State;
  class InLine;
  void give_back(const std::vector<std::string>& holders);

  const Limits limits_;
  std::unique_ptr<State> state_;
};

}  // namespace embrace::rt
