#include "http/peers.h"

#include <arpa/inet.h>

namespace embrace::http {
namespace {

std::string key_of(std::string_view address) {
  std::string text(address.substr(0, address.find('%')));  // without a zone
  in6_addr bytes;
  if (inet_pton(AF_INET6, text.c_str(), &bytes) != 1 || IN6_IS_ADDR_V4MAPPED(&bytes)) return text;
  return std::string(reinterpret_cast<const char*>(&bytes), 8);
}

}  // namespace

Peers::Seat Peers::enter(std::string_view address, std::uint32_t connections_max) {
  auto key = key_of(address);
  const bool has_room = open_.with([&](auto& open) {
    auto& count = open[key];
    if (count >= connections_max) return false;
    ++count;
    return true;
  });
  return has_room ? Seat(*this, std::move(key)) : Seat();
}

void Peers::leave(const std::string& key) {
  open_.with([&](auto& open) {
    const auto found = open.find(key);
    if (--found->second == 0) open.erase(found);
  });
}

}  // namespace embrace::http
