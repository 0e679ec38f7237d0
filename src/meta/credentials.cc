// Of meta/accounts.h: tokens, browser sessions, and the server's own settings.

#include "base/strings.h"
#include "meta/accounts.h"

namespace embrace::meta::accounts {
namespace {

using TokenTuple =
    std::tuple<std::int64_t, std::int64_t, std::string, std::int64_t, std::string, std::string,
               std::int64_t, std::optional<std::int64_t>, std::optional<std::int64_t>>;

Result<Token> to_token(TokenTuple row) {
  auto& [id, user_id, display_name, role, secret_sha256, hint, created_ms, expires_ms, used_ms] =
      row;
  EMB_TRY(auto digest, Digest::parse(secret_sha256));
  return Token{.id = id,
               .user_id = user_id,
               .display_name = std::move(display_name),
               .role = static_cast<TokenRole>(role),
               .secret_sha256 = digest,
               .hint = std::move(hint),
               .created_ms = created_ms,
               .expires_ms = expires_ms,
               .used_ms = used_ms};
}

}  // namespace

Result<Token> create_token(db::Session& session, const Token& token) {
  EMB_TRY(auto row, session.row<std::int64_t>("INSERT INTO tokens (user_id, display_name, role, "
                                              "secret_sha256, hint, created_ms, expires_ms, "
                                              "used_ms) VALUES (:user, :display_name, :role, "
                                              ":secret, :hint, :created, :expires, :used) "
                                              "ON CONFLICT (secret_sha256) DO NOTHING RETURNING id",
                                              token.user_id, token.display_name,
                                              static_cast<std::int64_t>(token.role),
                                              token.secret_sha256.hex(), token.hint,
                                              token.created_ms, token.expires_ms, token.used_ms));
  if (!row) return fail(Code::Conflict, "This token exists already: choose another value.");
  Token created = token;
  created.id = std::get<0>(*row);
  return created;
}

Result<std::optional<Token>> find_token(db::Session& session, const Digest& secret_sha256) {
  EMB_TRY(
      auto row,
      session.row<std::int64_t, std::int64_t, std::string, std::int64_t, std::string, std::string,
                  std::int64_t, std::optional<std::int64_t>, std::optional<std::int64_t>>(
          "SELECT id, user_id, display_name, role, secret_sha256, hint, created_ms, expires_ms, "
          "used_ms "
          "FROM tokens WHERE secret_sha256 = :secret",
          secret_sha256.hex()));
  if (!row) return std::nullopt;
  EMB_TRY(auto token, to_token(std::move(*row)));
  return token;
}

Result<std::vector<Token>> tokens_of(db::Session& session, std::int64_t user_id) {
  EMB_TRY(
      auto rows,
      session.rows<std::int64_t, std::int64_t, std::string, std::int64_t, std::string, std::string,
                   std::int64_t, std::optional<std::int64_t>, std::optional<std::int64_t>>(
          "SELECT id, user_id, display_name, role, secret_sha256, hint, created_ms, expires_ms, "
          "used_ms "
          "FROM tokens WHERE user_id = :user ORDER BY id",
          user_id));
  std::vector<Token> out;
  out.reserve(rows.size());
  for (auto& row : rows) {
    EMB_TRY(auto token, to_token(std::move(row)));
    out.push_back(std::move(token));
  }
  return out;
}

Status remove_token(db::Session& session, std::int64_t user_id, std::int64_t token_id) {
  EMB_TRY(auto changed,
          session.run("DELETE FROM tokens WHERE id = :id AND user_id = :user", token_id, user_id));
  if (changed == 0) return fail(Code::NotFound, "There is no such token.");
  return Done{};
}

Status touch_token(db::Session& session, std::int64_t token_id, Millis used_ms) {
  EMB_DO(session.run("UPDATE tokens SET used_ms = :used WHERE id = :id", used_ms, token_id));
  return Done{};
}

Status create_session(db::Session& session, const Digest& cookie_sha256, std::int64_t user_id,
                      Millis created_ms, Millis expires_ms) {
  EMB_DO(
      session.run("INSERT INTO sessions (cookie_sha256, user_id, created_ms, expires_ms) "
                  "VALUES (:cookie, :user, :created, :expires)",
                  cookie_sha256.hex(), user_id, created_ms, expires_ms));
  return Done{};
}

Result<std::optional<std::int64_t>> find_session(db::Session& session, const Digest& cookie_sha256,
                                                 Millis now_ms) {
  EMB_TRY(auto row,
          session.row<std::int64_t>(
              "SELECT user_id FROM sessions WHERE cookie_sha256 = :cookie AND expires_ms > :now",
              cookie_sha256.hex(), now_ms));
  if (!row) return std::nullopt;
  return std::get<0>(*row);
}

Status remove_session(db::Session& session, const Digest& cookie_sha256) {
  EMB_DO(session.run("DELETE FROM sessions WHERE cookie_sha256 = :cookie", cookie_sha256.hex()));
  return Done{};
}

Status remove_sessions_of(db::Session& session, std::int64_t user_id,
                          const std::optional<Digest>& but_cookie_sha256) {
  EMB_DO(session.run("DELETE FROM sessions WHERE user_id = :user AND cookie_sha256 <> :but",
                     user_id, but_cookie_sha256 ? but_cookie_sha256->hex() : std::string()));
  return Done{};
}

Status remove_expired_sessions(db::Session& session, Millis now_ms) {
  EMB_DO(session.run("DELETE FROM sessions WHERE expires_ms <= :now", now_ms));
  return Done{};
}

Result<std::optional<std::string>> find_setting(db::Session& session, std::string_view key) {
  EMB_TRY(auto row, session.row<std::string>("SELECT value FROM settings WHERE key = :key", key));
  if (!row) return std::nullopt;
  return std::move(std::get<0>(*row));
}

Status set_setting(db::Session& session, std::string_view key, std::string_view value) {
  EMB_DO(
      session.run("INSERT INTO settings (key, value) VALUES (:key, :value) "
                  "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                  key, value));
  return Done{};
}

}  // namespace embrace::meta::accounts
