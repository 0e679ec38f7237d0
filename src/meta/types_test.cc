#include "meta/types.h"

#include <gtest/gtest.h>

namespace embrace::meta {
namespace {

TEST(Types, ObjidHoldsSecondKindAndId) {
  EXPECT_EQ(objid(Millis{0x12345678} * 1000 + 999, 'r', 0xabc), "123456787200000000000abc");
}

TEST(Types, RolesRoundTripAndAreOrdered) {
  for (Role role : {Role::None, Role::Read, Role::Contributor, Role::Write, Role::Admin}) {
    EXPECT_EQ(parse_role(to_string(role)), role);
  }
  EXPECT_FALSE(parse_role("owner"));
  EXPECT_LT(Role::Contributor, Role::Write);
  EXPECT_EQ(to_string(TokenRole::Write), "write");
  EXPECT_EQ(to_string(PullStatus::Merged), "merged");
}

}  // namespace
}  // namespace embrace::meta
