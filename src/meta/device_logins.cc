#include "meta/device_logins.h"

namespace embrace::meta::device_logins {
namespace {

Result<std::optional<Login>> find_where(db::Session& session, std::string_view sql,
                                        std::string_view key) {
  EMB_TRY(auto row, session.row<std::string, std::string, std::string, std::int64_t, std::int64_t,
                                std::int64_t, std::int64_t>(sql, key));
  if (!row) return std::nullopt;
  auto& [device, user_code, scope, state, user_id, polled_ms, expires_ms] = *row;
  EMB_TRY(const Digest digest, Digest::parse(device));
  return Login{.device_sha256 = digest,
               .user_code = std::move(user_code),
               .scope = std::move(scope),
               .state = static_cast<State>(state),
               .user_id = user_id,
               .polled_ms = polled_ms,
               .expires_ms = expires_ms};
}

Status changed_one(Result<std::int64_t> changed, std::string_view otherwise) {
  if (!changed) return fail(std::move(changed).error());
  if (*changed != 1) return fail(Code::Conflict, std::string(otherwise));
  return Done{};
}

}  // namespace

Status create(db::Session& session, const Login& login) {
  return changed_one(
      session.run("INSERT INTO device_logins (device_sha256, user_code, scope, state, user_id, "
                  "polled_ms, expires_ms) VALUES (:device, :code, :scope, :state, :user, :polled, "
                  ":expires) ON CONFLICT (user_code) DO NOTHING",
                  login.device_sha256.hex(), login.user_code, login.scope,
                  static_cast<std::int64_t>(login.state), login.user_id, login.polled_ms,
                  login.expires_ms),
      "this user code is in use");
}

Result<std::optional<Login>> find(db::Session& session, const Digest& device_sha256) {
  return find_where(session,
                    "SELECT device_sha256, user_code, scope, state, user_id, polled_ms, expires_ms "
                    "FROM device_logins WHERE device_sha256 = :device",
                    device_sha256.hex());
}

Result<std::optional<Login>> find_by_user_code(db::Session& session, std::string_view user_code) {
  return find_where(session,
                    "SELECT device_sha256, user_code, scope, state, user_id, polled_ms, expires_ms "
                    "FROM device_logins WHERE user_code = :code",
                    user_code);
}

Status decide(db::Session& session, const Digest& device_sha256, State state,
              std::int64_t user_id) {
  return changed_one(session.run("UPDATE device_logins SET state = :state, user_id = :user WHERE "
                                 "device_sha256 = :device AND state = 0",
                                 static_cast<std::int64_t>(state), user_id, device_sha256.hex()),
                     "this login was decided already");
}

Status set_polled(db::Session& session, const Digest& device_sha256, Millis polled_ms) {
  EMB_DO(session.run("UPDATE device_logins SET polled_ms = :polled WHERE device_sha256 = :device",
                     polled_ms, device_sha256.hex()));
  return Done{};
}

Status take(db::Session& session, const Digest& device_sha256) {
  return changed_one(
      session.run("DELETE FROM device_logins WHERE device_sha256 = :device", device_sha256.hex()),
      "this login was completed already");
}

Result<std::int64_t> count(db::Session& session) {
  EMB_TRY(auto row, session.row<std::int64_t>("SELECT COUNT(*) FROM device_logins"));
  return row ? std::get<0>(*row) : 0;
}

Status remove_expired(db::Session& session, Millis now_ms) {
  EMB_DO(session.run("DELETE FROM device_logins WHERE expires_ms < :now", now_ms));
  EMB_DO(session.run("DELETE FROM refresh_tokens WHERE expires_ms < :now", now_ms));
  return Done{};
}

Status create_refresh(db::Session& session, const RefreshToken& token) {
  EMB_DO(session.run(
      "INSERT INTO refresh_tokens (secret_sha256, user_id, token_id, scope, "
      "expires_ms) VALUES (:secret, :user, :token, :scope, :expires)",
      token.secret_sha256.hex(), token.user_id, token.token_id, token.scope, token.expires_ms));
  return Done{};
}

Result<std::optional<RefreshToken>> take_refresh(db::Session& session, const Digest& secret_sha256,
                                                 Millis now_ms) {
  EMB_TRY(auto row, session.row<std::int64_t, std::int64_t, std::string, std::int64_t>(
                        "DELETE FROM refresh_tokens WHERE secret_sha256 = :secret AND expires_ms > "
                        ":now RETURNING user_id, token_id, scope, expires_ms",
                        secret_sha256.hex(), now_ms));
  if (!row) return std::nullopt;
  auto& [user_id, token_id, scope, expires_ms] = *row;
  return RefreshToken{.secret_sha256 = secret_sha256,
                      .user_id = user_id,
                      .token_id = token_id,
                      .scope = std::move(scope),
                      .expires_ms = expires_ms};
}

}  // namespace embrace::meta::device_logins
