#include "api/trusted_proxies.h"

#include <gtest/gtest.h>

namespace embrace::api {
namespace {

TrustedProxies proxies(std::string_view text) { return TrustedProxies::parse(text).value(); }

std::string peer_after(std::string_view trusted, std::string_view peer,
                       std::vector<std::string_view> forwarded) {
  http::Request request;
  request.peer = peer;
  for (std::string_view field : forwarded) request.fields.add("X-Forwarded-For", field);
  proxies(trusted).settle(request);
  return request.peer;
}

TEST(TrustedProxies, AddressesAndNetworksOfBothKindsMatch) {
  const auto some = proxies("127.0.0.1, 10.1.0.0/15 ::1,fd00::/8");
  for (std::string_view inside : {"127.0.0.1", "::ffff:127.0.0.1", "10.1.2.3", "10.0.255.1", "::1",
                                  "fd12:3456::1", "0:0:0:0:0:0:0:1"}) {
    EXPECT_TRUE(some.contains(inside)) << inside;
  }
  for (std::string_view outside : {"127.0.0.2", "10.2.0.0", "::2", "fc00::1", "", "nonsense"}) {
    EXPECT_FALSE(some.contains(outside)) << outside;
  }
  EXPECT_FALSE(proxies("").contains("127.0.0.1"));
  EXPECT_TRUE(proxies("0.0.0.0/0").contains("8.8.8.8"));
  EXPECT_FALSE(proxies("0.0.0.0/0").contains("2001:db8::1"));
}

TEST(TrustedProxies, WhatCannotBeReadIsNamed) {
  for (std::string_view bad :
       {"10.0.0.0/33", "::/129", "localhost", "10.0.0.0/", "10.0.0/8", "/8"}) {
    const auto parsed = TrustedProxies::parse(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_NE(parsed.error().message().find(bad), std::string::npos);
  }
}

TEST(TrustedProxies, AStrangersHeadersAreRemoved) {
  http::Request request;
  request.peer = "203.0.113.9";
  for (std::string_view name : {"X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto",
                                "X-Forwarded-Prefix", "Forwarded"}) {
    request.fields.add(name, "1.2.3.4");
  }
  request.fields.add("Host", "hub");
  proxies("127.0.0.1").settle(request);
  EXPECT_EQ(request.peer, "203.0.113.9");
  EXPECT_EQ(request.fields.rows().size(), 1u);
}

TEST(TrustedProxies, TheClientIsTheRightmostStranger) {
  EXPECT_EQ(peer_after("127.0.0.1", "127.0.0.1", {}), "127.0.0.1");
  EXPECT_EQ(peer_after("127.0.0.1", "127.0.0.1", {"203.0.113.9"}), "203.0.113.9");
  // What the client itself claims stands on the left.
  EXPECT_EQ(peer_after("127.0.0.1", "127.0.0.1", {"1.1.1.1, 203.0.113.9"}), "203.0.113.9");
  EXPECT_EQ(peer_after("127.0.0.1 10.0.0.0/8", "127.0.0.1", {"1.1.1.1", "203.0.113.9, 10.0.0.2"}),
            "203.0.113.9");
  EXPECT_EQ(peer_after("127.0.0.1", "127.0.0.1", {"203.0.113.9:5123"}), "203.0.113.9");
  EXPECT_EQ(peer_after("127.0.0.1", "127.0.0.1", {"[2001:db8::9]:5123"}), "2001:db8::9");
  EXPECT_EQ(peer_after("127.0.0.1", "127.0.0.1", {"1.1.1.1, unknown"}), "127.0.0.1");
  EXPECT_EQ(peer_after("10.0.0.0/8", "10.0.0.1", {"10.0.0.2, 10.0.0.3"}), "10.0.0.2");
}

}  // namespace
}  // namespace embrace::api
