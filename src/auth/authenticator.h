#pragma once
// Authenticator: from credentials to a Caller. Token lookups are cached for a few seconds (a
// revoked token stops working within kCacheSeconds); passwords are checked with argon2id and
// throttled.
//
// Threads: any pool thread; find_cached from io threads too.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/caller.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "rt/blocking.h"

namespace embrace::auth {

struct Credentials {
  enum class Kind : std::uint8_t { None, Token, Password, Cookie, Unreadable };
  Kind kind = Kind::None;
  std::string token;  // Token, or the value of Cookie
  std::string user;   // Password
  std::string password;
  bool is_basic = false;  // sent as "Basic": a browser that was asked once sends it by itself

  // From the Authorization header and the session cookie. "Bearer x" is a token. "Basic u:p" is a
  // token when p (or u with empty p) looks like one ("hf_..."), else a password. The Authorization
  // header wins.
  static Credentials parse(std::optional<std::string_view> authorization,
                           std::optional<std::string_view> cookie_header);
};

inline constexpr std::string_view kSessionCookie = "embrace_session";
inline constexpr unsigned kSessionDays = 30;  // unless the settings say otherwise
inline constexpr int kCacheSeconds = 5;

class Authenticator {
 public:
  Authenticator(db::Database& database, Clock& clock, unsigned session_days = kSessionDays);
  ~Authenticator();

  // Unauthenticated + Tag::InvalidCredentials for a bad token, password or session, never a fall
  // back to anonymous (hub-api 1.5). TooMany (fact "retry_after": seconds) after repeated bad
  // passwords from one peer, or for one user (auth/tries.h). `peer`: an address. A password costs
  // tens of milliseconds and megabytes (argon2): the caller runs those on a pool of their own.
  Result<Caller> authenticate(rt::Blocking, const Credentials& credentials, std::string_view peer);
  // What authenticate would say, when that is known without the database.
  std::optional<Caller> find_cached(const Credentials& credentials);
  void forget(std::int64_t user_id);  // after a change of role, password, membership or tokens
  void forget_all();

  // Password login for browsers: the cookie's value, good for session_days.
  struct Session {
    std::string cookie;
    Millis expires_ms = 0;
  };
  Result<Session> log_in(rt::Blocking, std::string_view user, std::string_view password,
                         std::string_view peer);
  Status log_out(rt::Blocking, std::string_view cookie);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::auth
