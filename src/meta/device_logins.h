#pragma once
// Device logins and refresh tokens (hub-api 3.3, 3.4). SQL only: the flow is hub/device_login.

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "db/session.h"
#include "meta/types.h"

namespace embrace::meta::device_logins {

enum class State : std::uint8_t { Pending = 0, Approved = 1, Refused = 2 };

struct Login {
  Digest device_sha256;   // of the code the program polls with
  std::string user_code;  // "BCDF-GHJK", what the person compares
  std::string scope;
  State state = State::Pending;
  std::int64_t user_id = 0;  // who approved
  Millis polled_ms = 0;
  Millis expires_ms = 0;
};

Status create(db::Session&, const Login& login);  // Conflict when the user code is in use
Result<std::optional<Login>> find(db::Session&, const Digest& device_sha256);
Result<std::optional<Login>> find_by_user_code(db::Session&, std::string_view user_code);
// Pending -> Approved or Refused; Conflict when somebody has decided already.
Status decide(db::Session&, const Digest& device_sha256, State state, std::int64_t user_id);
Status set_polled(db::Session&, const Digest& device_sha256, Millis polled_ms);
// Taking a login ends it: Conflict when another poll was first.
Status take(db::Session&, const Digest& device_sha256);
Result<std::int64_t> count(db::Session&);
Status remove_expired(db::Session&, Millis now_ms);

struct RefreshToken {
  Digest secret_sha256;
  std::int64_t user_id = 0;
  std::int64_t token_id = 0;  // the access token it renews
  std::string scope;
  Millis expires_ms = 0;
};
Status create_refresh(db::Session&, const RefreshToken& token);
// Finds and removes: each works once. Expired ones are not found.
Result<std::optional<RefreshToken>> take_refresh(db::Session&, const Digest& secret_sha256,
                                                 Millis now_ms);

}  // namespace embrace::meta::device_logins
