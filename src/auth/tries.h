#pragma once
// Tries: which guesses at passwords may go ahead. Three counts, and each has its reason:
//
//   peer          one machine guesses at any names
//   user + peer   one machine guesses at one name; nobody else is locked out by it
//   user          many machines guess at one name: a limit far above what people mistype, because
//                 reaching it locks the owner out too
//
// A peer is an IPv4 address or an IPv6 /64: the smallest thing that one customer holds.
// Threads: any.

#include <string>
#include <string_view>

#include "auth/throttle.h"

namespace embrace::auth {

class Tries {
 public:
  // One guess, counted as a failure from the beginning until it succeeds: guesses that run side by
  // side can't all pass the same last place.
  class Try {
   public:
    Try(Tries& tries, std::string user, std::string peer, Millis now_ms);
    Millis wait_ms() const { return wait_ms_; }  // 0: go ahead
    // Clears what this peer did to this user, but not the peer's own count: else one good account
    // would let its peer go on guessing at others.
    void succeed();

   private:
    Tries& tries_;
    const std::string peer_key_;
    const std::string pair_key_;
    const std::string user_key_;
    const Millis now_ms_;
    Millis wait_ms_ = 0;
  };

 private:
  static constexpr Millis kMinuteMs = 60'000;
  Throttle near_{{.failures_max = 10, .window_ms = 5 * kMinuteMs, .keys_max = 100'000}};
  Throttle far_{{.failures_max = 500, .window_ms = 60 * kMinuteMs, .keys_max = 10'000}};
};

// "2001:db8:1:2:3:4:5:6" is "2001:db8:1:2::/64"; everything else is itself.
std::string network_of(std::string_view peer);

}  // namespace embrace::auth
