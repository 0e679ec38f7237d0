#include "auth/authenticator.h"

#include "auth/caller_cache.h"
#include "auth/tries.h"
#include "base/log.h"
#include "base/strings.h"
#include "crypto/secrets.h"
#include "crypto/sha256.h"
#include "meta/accounts.h"

namespace embrace::auth {
namespace {

using Kind = Credentials::Kind;

constexpr Millis kSecondMs = 1000;
constexpr Millis kTouchEveryMs = 60 * kSecondMs;
constexpr Millis kDayMs = 24 * 60 * 60 * kSecondMs;
constexpr std::size_t kCacheEntriesMax = 10'000;
constexpr std::size_t kCookieBytes = 32;

Error bad_credentials() {
  return Error(Code::Unauthenticated, "Invalid credentials in Authorization header",
               Tag::InvalidCredentials);
}

Error too_many(Millis wait_ms) {
  const auto seconds = (wait_ms + kSecondMs - 1) / kSecondMs;
  return Error(Code::TooMany, cat("Too many failed logins: try again in ", seconds, " seconds."))
      .with("retry_after", cat(seconds));
}

// Verified when there is no such user, so that an unknown name takes as long as a wrong password.
const std::string& password_of_nobody() {
  static const std::string phc = crypto::hash_password(crypto::random_bytes(16));
  return phc;
}

Result<Caller> caller_of(db::Session& session, std::int64_t user_id) {
  EMB_TRY(auto user, meta::accounts::find_by_id(session, user_id));
  if (!user || user->is_disabled || user->kind != meta::AccountKind::User)
    return fail(bad_credentials());
  Caller caller;
  EMB_TRY(caller.memberships, meta::accounts::orgs_of(session, user_id));
  caller.user = *std::move(user);
  return caller;
}

Result<Caller> caller_of_token(db::Session& session, const Digest& secret, Millis now_ms) {
  EMB_TRY(auto token, meta::accounts::find_token(session, secret));
  if (!token || (token->expires_ms && *token->expires_ms <= now_ms)) return fail(bad_credentials());
  EMB_TRY(auto caller, caller_of(session, token->user_id));
  caller.token = *std::move(token);
  return caller;
}

Result<Caller> caller_of_cookie(db::Session& session, const Digest& secret, Millis now_ms) {
  EMB_TRY(auto user_id, meta::accounts::find_session(session, secret, now_ms));
  if (!user_id) return fail(bad_credentials());
  return caller_of(session, *user_id);
}

}  // namespace

struct Authenticator::Impl {
  Impl(db::Database& db, Clock& time) : database(db), clock(time) {}

  // Constant after construction.
  db::Database& database;
  Clock& clock;
  Millis session_ms = kSessionDays * kDayMs;
  const std::string cache_secret = crypto::random_bytes(32);

  // Guarded by themselves.
  CallerCache cache{kCacheEntriesMax, kCacheSeconds* kSecondMs};
  Tries tries;

  // Keyed with a secret of this process, so that memory never holds a plain hash of a password; and
  // with the kind, so that a cookie can't be used as a token.
  Digest cache_key(const Credentials& credentials) const {
    std::string text(1, static_cast<char>('0' + static_cast<int>(credentials.kind)));
    text += credentials.kind == Kind::Password
                ? cat(to_lower(credentials.user), '\0', credentials.password)
                : credentials.token;
    return crypto::hmac_sha256(cache_secret, text);
  }

  void touch(rt::Blocking blocking, const meta::Token& token, Millis now_ms) {
    if (token.used_ms && *token.used_ms + kTouchEveryMs > now_ms) return;
    auto touched = database.write(blocking, [&](db::Session& session) {
      return meta::accounts::touch_token(session, token.id, now_ms);
    });
    // The time of last use is not worth refusing a request for.
    if (!touched)
      log::warn("could not note the use of a token",
                {{"token", token.id}, {"error", touched.error().message()}});
  }

  Result<Caller> check_password(rt::Blocking blocking, std::string_view user_name,
                                std::string_view password, std::string_view peer) {
    Tries::Try attempt(tries, to_lower(user_name), std::string(peer), clock.now_ms());
    if (attempt.wait_ms() > 0) return fail(too_many(attempt.wait_ms()));

    EMB_TRY(auto user, database.read(blocking, [&](db::Session& session) {
      return meta::accounts::find(session, user_name);
    }));
    const bool may_try =
        user && user->kind == meta::AccountKind::User && !user->password_hash.empty();
    const bool matches =
        crypto::verify_password(password, may_try ? user->password_hash : password_of_nobody());
    if (!may_try || !matches || user->is_disabled) return fail(bad_credentials());
    attempt.succeed();
    EMB_TRY(auto caller, database.read(blocking, [&](db::Session& session) {
      return caller_of(session, user->id);
    }));
    if (caller.user->password_hash != user->password_hash) return fail(bad_credentials());
    return caller;
  }

  Result<Caller> look_up(rt::Blocking blocking, const Credentials& credentials,
                         std::string_view peer) {
    if (credentials.kind == Kind::Password) {
      return check_password(blocking, credentials.user, credentials.password, peer);
    }
    const Digest secret = crypto::sha256(credentials.token);
    const Millis now_ms = clock.now_ms();
    return database.read(blocking, [&](db::Session& session) {
      return credentials.kind == Kind::Token ? caller_of_token(session, secret, now_ms)
                                             : caller_of_cookie(session, secret, now_ms);
    });
  }
};

Authenticator::Authenticator(db::Database& database, Clock& clock, unsigned session_days)
    : impl_(std::make_unique<Impl>(database, clock)) {
  impl_->session_ms = session_days * kDayMs;
}
Authenticator::~Authenticator() = default;

Result<Caller> Authenticator::authenticate(rt::Blocking blocking, const Credentials& credentials,
                                           std::string_view peer) {
  if (credentials.kind == Kind::None) return Caller{};
  if (credentials.kind == Kind::Unreadable) return fail(bad_credentials());
  const Digest key = impl_->cache_key(credentials);
  if (auto cached = impl_->cache.find(key, impl_->clock.now_ms())) return *std::move(cached);
  const auto epoch = impl_->cache.epoch();
  EMB_TRY(auto caller, impl_->look_up(blocking, credentials, peer));
  if (caller.token) impl_->touch(blocking, *caller.token, impl_->clock.now_ms());
  impl_->cache.put(key, caller, impl_->clock.now_ms(), epoch);
  return caller;
}

std::optional<Caller> Authenticator::find_cached(const Credentials& credentials) {
  if (credentials.kind == Kind::None) return Caller{};
  if (credentials.kind == Kind::Unreadable) return std::nullopt;
  return impl_->cache.find(impl_->cache_key(credentials), impl_->clock.now_ms());
}

void Authenticator::forget(std::int64_t user_id) { impl_->cache.forget(user_id); }
void Authenticator::forget_all() { impl_->cache.clear(); }

Result<Authenticator::Session> Authenticator::log_in(rt::Blocking blocking, std::string_view user,
                                                     std::string_view password,
                                                     std::string_view peer) {
  EMB_TRY(auto caller, impl_->check_password(blocking, user, password, peer));
  const Millis now_ms = impl_->clock.now_ms();
  Session session{to_base64url(crypto::random_bytes(kCookieBytes)), now_ms + impl_->session_ms};
  const Digest secret = crypto::sha256(session.cookie);
  EMB_DO(impl_->database.write(blocking, [&](db::Session& sql) -> Status {
    // Who replaces a password ends the sessions that are there: none may be made by the old one
    // after that.
    EMB_TRY(const auto now, meta::accounts::find_by_id(sql, caller.id()));
    if (!now || now->is_disabled || now->password_hash != caller.user->password_hash)
      return fail(bad_credentials());
    EMB_DO(meta::accounts::take_turn(sql, caller.id()));
    EMB_DO(meta::accounts::remove_expired_sessions(sql, now_ms));
    return meta::accounts::create_session(sql, secret, caller.id(), now_ms, session.expires_ms);
  }));
  return session;
}

Status Authenticator::log_out(rt::Blocking blocking, std::string_view cookie) {
  const Digest secret = crypto::sha256(cookie);
  auto removed = impl_->database.write(blocking, [&](db::Session& session) {
    return meta::accounts::remove_session(session, secret);
  });
  Credentials credentials;
  credentials.kind = Kind::Cookie;
  credentials.token = cookie;
  impl_->cache.forget_key(impl_->cache_key(credentials));
  return removed;
}

}  // namespace embrace::auth
