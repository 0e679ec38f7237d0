#pragma once
// Peers: how many connections each address has open, so that one can't take them all.
// Threads: any. Ownership: outlives every Seat.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/sync.h"

namespace embrace::http {

class Peers {
 public:
  // One connection of a peer, until it is destroyed. An empty one is not counted.
  class Seat {
   public:
    Seat() = default;
    Seat(Peers& peers, std::string key) : peers_(&peers), key_(std::move(key)) {}
    Seat(Seat&& other) noexcept
        : peers_(std::exchange(other.peers_, nullptr)), key_(std::move(other.key_)) {}
    Seat& operator=(Seat&&) = delete;
    ~Seat() {
      if (peers_) peers_->leave(key_);
    }
    // false: the peer has too many already.
    bool is_taken() const { return peers_ != nullptr; }

   private:
    Peers* peers_ = nullptr;
    std::string key_;
  };

  // `address` as text. Of IPv6 the first half counts, because one client has all of the rest.
  Seat enter(std::string_view address, std::uint32_t connections_max);

 private:
  void leave(const std::string& key);
  Sync<std::unordered_map<std::string, std::uint32_t>> open_;
};

}  // namespace embrace::http
