#include "hub/device_login.h"

#include "hub/hub_fixture.h"

namespace embrace::hub {
namespace {

class DeviceLoginTest : public HubTest {
 protected:
  DeviceCodes begin() { return must(begin_device_login(services(), blocking, kCliClientId, "")); }
  DeviceGrant poll(const DeviceCodes& codes) {
    return must(poll_device_login(services(), blocking, codes.device_code));
  }
  Status decide(const DeviceCodes& codes, bool approve) {
    return decide_device_login(services(), blocking, user("carol"), codes.user_code, approve);
  }
};

TEST_F(DeviceLoginTest, WhoWaitsIsNotToldToSlowDown) {
  const auto codes = begin();
  EXPECT_EQ(poll(codes).error, "authorization_pending");
  clock.advance_ms(kPollIntervalMs);
  EXPECT_EQ(poll(codes).error, "authorization_pending");
  EXPECT_EQ(poll(codes).error, "slow_down");
}

TEST_F(DeviceLoginTest, CodesExpire) {
  const auto waiting = begin();
  const auto approved = begin();
  ASSERT_TRUE(decide(approved, true));
  clock.advance_ms(kDeviceLoginMs + 1);
  EXPECT_EQ(poll(waiting).error, "expired_token");
  EXPECT_EQ(poll(approved).error, "expired_token") << "an approval does not outlive its code";
  EXPECT_EQ(decide(waiting, true).error().code(), Code::NotFound);
}

TEST_F(DeviceLoginTest, RefreshTokensExpire) {
  const auto codes = begin();
  ASSERT_TRUE(decide(codes, true));
  const auto grant = poll(codes);
  ASSERT_EQ(grant.error, "");
  clock.advance_ms(kRefreshTokenMs + 1);
  EXPECT_EQ(must(refresh_device_login(services(), blocking, grant.refresh_token)).error,
            "invalid_grant");
}

TEST_F(DeviceLoginTest, OneDecisionIsAll) {
  const auto codes = begin();
  ASSERT_TRUE(decide(codes, false));
  EXPECT_EQ(decide(codes, true).error().code(), Code::Conflict);
  EXPECT_EQ(poll(codes).error, "access_denied");
  EXPECT_EQ(
      decide_device_login(services(), blocking, anonymous(), codes.user_code, true).error().code(),
      Code::Unauthenticated);
}

}  // namespace
}  // namespace embrace::hub
