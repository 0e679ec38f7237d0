#include "hub/device_login.h"

#include "base/strings.h"
#include "crypto/secrets.h"
#include "crypto/sha256.h"
#include "meta/accounts.h"
#include "meta/device_logins.h"

namespace embrace::hub {
namespace {

using meta::device_logins::Login;
using meta::device_logins::State;

constexpr std::size_t kScopeBytesMax = 1024;

// No vowels, so no words; no letters that look alike.
std::string make_user_code() {
  constexpr std::string_view kLetters = "BCDFGHJKLMNPQRSTVWXZ";
  std::string code;
  while (code.size() < 9) {
    if (code.size() == 4) code += '-';
    for (unsigned char byte : crypto::random_bytes(8)) {
      if (byte < 240 && code.size() != 4 && code.size() < 9)
        code += kLetters[byte % kLetters.size()];
    }
  }
  return code;
}

// People type it in lower case, without the hyphen, with spaces.
std::string tidy_user_code(std::string_view typed) {
  std::string code;
  for (char c : typed.substr(0, 64)) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c >= 'A' && c <= 'Z') code += c;
  }
  if (code.size() == 8) code.insert(4, "-");
  return code;
}

Result<DeviceGrant> mint_grant(Services& services, db::Session& session, std::int64_t user_id,
                               const std::string& scope) {
  const Millis now_ms = services.clock.now_ms();
  DeviceGrant grant;
  grant.scope = scope;
  grant.access_token = "hf_oauth_" + crypto::random_alphanumeric(40);
  grant.refresh_token = "hf_refresh_" + crypto::random_alphanumeric(40);

  meta::Token token;
  token.user_id = user_id;
  token.display_name = "hf command line";
  token.role = meta::TokenRole::Write;
  token.secret_sha256 = crypto::sha256(grant.access_token);
  token.hint = grant.access_token.substr(grant.access_token.size() - 4);
  token.created_ms = now_ms;
  token.expires_ms = now_ms + kDeviceTokenMs;
  EMB_TRY(token, meta::accounts::create_token(session, token));
  EMB_DO(meta::device_logins::create_refresh(session,
                                             {.secret_sha256 = crypto::sha256(grant.refresh_token),
                                              .user_id = user_id,
                                              .token_id = token.id,
                                              .scope = scope,
                                              .expires_ms = now_ms + kRefreshTokenMs}));
  return grant;
}

DeviceGrant refusal(std::string error, std::string description) {
  DeviceGrant grant;
  grant.error = std::move(error);
  grant.description = std::move(description);
  return grant;
}

}  // namespace

Result<DeviceCodes> begin_device_login(Services& services, rt::Blocking blocking,
                                       std::string_view client_id, std::string_view scope) {
  if (client_id != kCliClientId) {
    return fail(Code::InvalidArgument, "Unknown client: only the hf command may log in this way");
  }
  if (scope.size() > kScopeBytesMax) return fail(Code::InvalidArgument, "\"scope\" is too long");
  const DeviceCodes codes{crypto::random_alphanumeric(43), make_user_code()};
  return services.database.write(blocking, [&](db::Session& session) -> Result<DeviceCodes> {
    const Millis now_ms = services.clock.now_ms();
    EMB_DO(meta::device_logins::remove_expired(session, now_ms));
    EMB_TRY(const auto waiting, meta::device_logins::count(session));
    if (waiting >= kDeviceLoginsMax) {
      return fail(Code::TooMany, "Too many logins are waiting for approval: try again later");
    }
    EMB_DO(meta::device_logins::create(session, {.device_sha256 = crypto::sha256(codes.device_code),
                                                 .user_code = codes.user_code,
                                                 .scope = std::string(scope),
                                                 .state = State::Pending,
                                                 .user_id = 0,
                                                 .polled_ms = 0,
                                                 .expires_ms = now_ms + kDeviceLoginMs}));
    return codes;
  });
}

Status decide_device_login(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                           std::string_view user_code, bool approve) {
  if (caller.is_anonymous()) return fail(Code::Unauthenticated, "Log in first");
  const std::string code = tidy_user_code(user_code);
  return services.database.write(blocking, [&](db::Session& session) -> Status {
    EMB_TRY(const auto login, meta::device_logins::find_by_user_code(session, code));
    if (!login || login->expires_ms < services.clock.now_ms()) {
      return fail(Code::NotFound, "This code is wrong or too old: start again in the terminal");
    }
    return meta::device_logins::decide(session, login->device_sha256,
                                       approve ? State::Approved : State::Refused, caller.id());
  });
}

Result<DeviceGrant> poll_device_login(Services& services, rt::Blocking blocking,
                                      std::string_view device_code) {
  const Digest device = crypto::sha256(device_code);
  return services.database.write(blocking, [&](db::Session& session) -> Result<DeviceGrant> {
    const Millis now_ms = services.clock.now_ms();
    EMB_TRY(const auto login, meta::device_logins::find(session, device));
    if (!login || login->expires_ms < now_ms) {
      return refusal("expired_token", "The login took too long, or was never begun: start again");
    }
    switch (login->state) {
      case State::Refused:
        EMB_DO(meta::device_logins::take(session, device));
        return refusal("access_denied", "The login was refused in the browser");
      case State::Approved:
        EMB_DO(meta::device_logins::take(session, device));
        return mint_grant(services, session, login->user_id, login->scope);
      case State::Pending:
        break;
    }
    // A clock may tick a little early.
    const bool too_soon = now_ms - login->polled_ms < kPollIntervalMs - 1000;
    EMB_DO(meta::device_logins::set_polled(session, device, now_ms));
    return too_soon ? refusal("slow_down", "Ask less often")
                    : refusal("authorization_pending", "Waiting for approval in the browser");
  });
}

Result<DeviceGrant> refresh_device_login(Services& services, rt::Blocking blocking,
                                         std::string_view refresh_token) {
  return services.database.write(blocking, [&](db::Session& session) -> Result<DeviceGrant> {
    EMB_TRY(const auto old, meta::device_logins::take_refresh(
                                session, crypto::sha256(refresh_token), services.clock.now_ms()));
    if (!old) return refusal("invalid_grant", "The refresh token is unknown, used or expired");
    EMB_TRY(const auto user, meta::accounts::find_by_id(session, old->user_id));
    if (!user || user->is_disabled) return refusal("invalid_grant", "The account is not active");
    // The token may have been removed by hand; that ended the login.
    EMB_TRY(const auto tokens, meta::accounts::tokens_of(session, old->user_id));
    bool is_alive = false;
    for (const auto& token : tokens) is_alive = is_alive || token.id == old->token_id;
    if (!is_alive) return refusal("invalid_grant", "The token was removed: log in again");
    EMB_DO(meta::accounts::remove_token(session, old->user_id, old->token_id));
    return mint_grant(services, session, old->user_id, old->scope);
  });
}

}  // namespace embrace::hub
