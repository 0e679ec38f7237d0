#include "auth/tries.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/strings.h"

namespace embrace::auth {

std::string network_of(std::string_view peer) {
  constexpr std::size_t network_bytes = 8;
  in6_addr address;
  const std::string text(peer.substr(0, peer.find('%')));  // without a zone
  if (inet_pton(AF_INET6, text.c_str(), &address) != 1) return std::string(peer);
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    char v4[INET_ADDRSTRLEN];
    if (inet_ntop(AF_INET, address.s6_addr + 12, v4, sizeof v4)) return v4;
  }
  std::memset(address.s6_addr + network_bytes, 0, sizeof address.s6_addr - network_bytes);
  char shown[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, &address, shown, sizeof shown) ? cat(shown, "/64") : std::string(peer);
}

Tries::Try::Try(Tries& tries, std::string user, std::string peer, Millis now_ms)
    : tries_(tries),
      peer_key_(cat("peer:", network_of(peer))),
      pair_key_(cat("user:", user, " ", peer_key_)),
      user_key_(std::move(user)),
      now_ms_(now_ms) {
  wait_ms_ = tries_.near_.reserve(peer_key_, now_ms_);
  if (wait_ms_ > 0) return;
  wait_ms_ = tries_.near_.reserve(pair_key_, now_ms_);
  if (wait_ms_ == 0) {
    wait_ms_ = tries_.far_.reserve(user_key_, now_ms_);
    if (wait_ms_ > 0) tries_.near_.take_back(pair_key_, now_ms_);
  }
  // What was refused without a look at the password is no failure.
  if (wait_ms_ > 0) tries_.near_.take_back(peer_key_, now_ms_);
}

void Tries::Try::succeed() {
  tries_.near_.take_back(peer_key_, now_ms_);
  tries_.near_.forget(pair_key_);
  tries_.far_.take_back(user_key_, now_ms_);
}

}  // namespace embrace::auth
