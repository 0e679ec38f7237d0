#pragma once
// Caller: who is asking, and with what right. Made once per request by Authenticator, passed by
// const reference from then on.

#include <optional>
#include <string>
#include <vector>

#include "meta/types.h"

namespace embrace::auth {

struct Caller {
  std::optional<meta::Account> user;          // nullopt: anonymous
  std::optional<meta::Token> token;           // nullopt: browser session, or anonymous
  std::vector<meta::Membership> memberships;  // of the user

  bool is_anonymous() const { return !user; }
  bool is_site_admin() const;  // an admin user with a session or an admin/write token
  bool may_write() const;      // the token (if any) is not read-only
  // The user's own namespace counts as Admin.
  meta::Role role_in(std::int64_t namespace_id) const;
  std::int64_t id() const { return user ? user->id : 0; }
  std::string name() const { return user ? user->name : std::string(); }
};

}  // namespace embrace::auth
