#include "api/trusted_proxies.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/strings.h"

namespace embrace::api {
namespace {

constexpr unsigned kMappedBits = 96;  // of ::ffff:0:0/96, where IPv4 lives
constexpr std::size_t kHopsMax = 32;

// "1.2.3.4:5678" and "[::1]:5678", as some proxies write them.
std::string_view without_port(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    return end == std::string_view::npos ? text : text.substr(1, end - 1);
  }
  const auto colon = text.find(':');
  return colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos
             ? text.substr(0, colon)
             : text;
}

}  // namespace

std::optional<TrustedProxies::Bytes> TrustedProxies::parse_address(std::string_view text) {
  const std::string terminated(text.substr(0, text.find('%')));  // without a zone
  Bytes bytes{};
  if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) return bytes;
  in_addr v4;
  if (inet_pton(AF_INET, terminated.c_str(), &v4) != 1) return std::nullopt;
  bytes[10] = bytes[11] = 0xff;
  std::memcpy(bytes.data() + 12, &v4, 4);
  return bytes;
}

std::optional<TrustedProxies::Network> TrustedProxies::parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = text.substr(0, slash);
  const auto bytes = parse_address(address);
  if (!bytes) return std::nullopt;
  Network network{.bytes = *bytes, .bits = 128};
  if (slash == std::string_view::npos) return network;
  const auto bits = parse_uint(text.substr(slash + 1));
  const unsigned bits_before = address.find(':') == std::string_view::npos ? kMappedBits : 0;
  if (!bits || *bits > 128 - bits_before) return std::nullopt;
  network.bits = bits_before + static_cast<unsigned>(*bits);
  return network;
}

Result<TrustedProxies> TrustedProxies::parse(std::string_view text) {
  TrustedProxies out;
  std::string spaced(text);
  std::ranges::replace(spaced, ',', ' ');
  for (std::string_view word : split(spaced, ' ')) {
    word = trim(word);
    if (word.empty()) continue;
    const auto network = parse_network(word);
    if (!network) {
      return fail(Code::InvalidArgument,
                  cat("\"", word, "\" is neither an address nor a network such as 10.0.0.0/8"));
    }
    out.networks_.push_back(*network);
  }
  return out;
}

bool TrustedProxies::contains(std::string_view address) const {
  const auto bytes = parse_address(address);
  if (!bytes) return false;
  return std::ranges::any_of(networks_, [&](const Network& network) {
    const unsigned whole = network.bits / 8;
    if (!std::equal(bytes->begin(), bytes->begin() + whole, network.bytes.begin())) return false;
    if (network.bits % 8 == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - network.bits % 8));
    return (((*bytes)[whole] ^ network.bytes[whole]) & mask) == 0;
  });
}

void TrustedProxies::settle(http::Request& request) const {
  if (!contains(request.peer)) {
    for (std::string_view name : {"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
                                  "X-Forwarded-Prefix", "X-Forwarded-Port", "Forwarded"}) {
      request.fields.remove(name);
    }
    return;
  }
  std::vector<std::string_view> hops;
  for (std::string_view field : request.fields.find_all("X-Forwarded-For")) {
    for (std::string_view hop : split(field, ',')) hops.push_back(without_port(trim(hop)));
  }
  std::string client = request.peer;
  for (std::size_t i = 0; i < std::min(hops.size(), kHopsMax); ++i) {
    const std::string_view hop = hops[hops.size() - 1 - i];
    if (!parse_address(hop)) break;
    client = hop;
    if (!contains(hop)) break;
  }
  request.peer = std::move(client);
}

}  // namespace embrace::api
