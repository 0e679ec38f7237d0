#pragma once
// TrustedProxies: whose X-Forwarded-* headers are believed. From anybody else they are removed
// before a handler can see them: they decide links, cookies and which peer a wrong password counts
// for.
//
// Threads: any; constant after construction.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace embrace::api {

class TrustedProxies {
 public:
  // Addresses and networks ("10.0.0.0/8, fd00::/8, ::1"), with commas or spaces; "" trusts nobody.
  // InvalidArgument names the one that can't be read.
  static Result<TrustedProxies> parse(std::string_view text);

  bool contains(std::string_view address) const;

  // From a trusted peer: the peer becomes the client that the proxies name, the rightmost address
  // of X-Forwarded-For which is no trusted proxy itself (what stands left of it is the client's
  // word). From anybody else: the headers go.
  void settle(http::Request& request) const;

 private:
  using Bytes = std::array<std::uint8_t, 16>;  // IPv4 as ::ffff:a.b.c.d
  struct Network {
    Bytes bytes{};
    unsigned bits = 128;
  };
  static std::optional<Bytes> parse_address(std::string_view text);
  static std::optional<Network> parse_network(std::string_view text);

  std::vector<Network> networks_;
};

}  // namespace embrace::api
