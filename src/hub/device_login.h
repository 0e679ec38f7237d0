#pragma once
// Logging in from a terminal: `hf auth login` without a token (OAuth 2.0 device authorization
// grant, RFC 8628; hub-api 3.3, 3.4). The program gets two codes, the person approves one of them
// in a browser, the program polls with the other and gets a write token of that person.

#include <string>
#include <string_view>

#include "auth/caller.h"
#include "hub/services.h"

namespace embrace::hub {

// The public client id of the `hf` command; the only app that needs no registration.
inline constexpr std::string_view kCliClientId = "26be6b09-91c5-47da-9861-d2d2bb7a7e36";
inline constexpr Millis kDeviceLoginMs = 15 * 60 * 1000;
inline constexpr Millis kPollIntervalMs = 5 * 1000;
// The client renews a token with less than a day to live, so it must live for longer.
inline constexpr Millis kDeviceTokenMs = 30LL * 24 * 3600 * 1000;
inline constexpr Millis kRefreshTokenMs = 180LL * 24 * 3600 * 1000;
inline constexpr std::int64_t kDeviceLoginsMax = 10'000;  // waiting at once, on the whole hub

struct DeviceCodes {
  std::string device_code;
  std::string user_code;
};
// InvalidArgument for an unknown client, TooMany when too many logins wait.
Result<DeviceCodes> begin_device_login(Services&, rt::Blocking, std::string_view client_id,
                                       std::string_view scope);

// The person's answer. NotFound for a code that is wrong or too old.
Status decide_device_login(Services&, rt::Blocking, const auth::Caller&, std::string_view user_code,
                           bool approve);

// What the program gets when it asks. `error` is OAuth's word: authorization_pending, slow_down,
// expired_token, access_denied, invalid_grant; empty: here are the tokens.
struct DeviceGrant {
  std::string error;
  std::string description;
  std::string access_token;
  std::string refresh_token;
  std::string scope;
};
Result<DeviceGrant> poll_device_login(Services&, rt::Blocking, std::string_view device_code);
// Each refresh token works once and gives the next pair; the access token it came with ends.
Result<DeviceGrant> refresh_device_login(Services&, rt::Blocking, std::string_view refresh_token);

}  // namespace embrace::hub
