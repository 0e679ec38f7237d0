#include "http/peers.h"

#include <gtest/gtest.h>

#include <optional>

namespace embrace::http {
namespace {

TEST(Peers, EachAddressHasItsOwnShare) {
  Peers peers;
  std::optional<Peers::Seat> first(peers.enter("10.0.0.1", 2));
  const auto second = peers.enter("10.0.0.1", 2);
  EXPECT_TRUE(first->is_taken());
  EXPECT_TRUE(second.is_taken());
  EXPECT_FALSE(peers.enter("10.0.0.1", 2).is_taken());
  EXPECT_TRUE(peers.enter("10.0.0.2", 2).is_taken());
  first.reset();
  EXPECT_TRUE(peers.enter("10.0.0.1", 2).is_taken());
}

TEST(Peers, HalfAnIpv6AddressIsOneClient) {
  Peers peers;
  const auto one = peers.enter("2001:db8:1:2::1", 1);
  EXPECT_FALSE(peers.enter("2001:db8:1:2:ffff::9", 1).is_taken());
  EXPECT_TRUE(peers.enter("2001:db8:1:3::1", 1).is_taken());
  const auto mapped = peers.enter("::ffff:10.0.0.1", 1);
  EXPECT_TRUE(peers.enter("::ffff:10.0.0.2", 1).is_taken()) << "IPv4 in IPv6 clothes";
}

}  // namespace
}  // namespace embrace::http
