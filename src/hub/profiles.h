#pragma once
// What people change about themselves, and the administrators of an organization about it. Each
// function asks whether the caller may: only a person (a session or a password) or a token of the
// highest role speaks for an account, because a write token that leaks must not take it over.

#include <optional>
#include <string>
#include <string_view>

#include "auth/caller.h"
#include "hub/services.h"
#include "meta/accounts.h"

namespace embrace::hub {

struct Profile {
  meta::Account account;
  meta::accounts::Profile shown;
};
struct ProfileChange {
  std::optional<std::string> fullname;  // empty: the name
  std::optional<std::string> email;     // users
  std::optional<std::string> details;
  std::optional<std::string> homepage;
};

// Unauthenticated for nobody; Denied for a token of a lower role.
Status check_speaks_for_user(const auth::Caller&);

Result<Profile> own_profile(Services&, rt::Blocking, const auth::Caller&);
Result<Profile> edit_own_profile(Services&, rt::Blocking, const auth::Caller&,
                                 const ProfileChange& change);

// Anybody who may write founds one, and is its first administrator: up to
// organizations_per_user_max of them; Denied above.
Result<meta::Account> found_organization(Services&, rt::Blocking, const auth::Caller&,
                                         std::string_view name, std::string_view fullname);
Result<Profile> edit_organization(Services&, rt::Blocking, const auth::Caller&,
                                  std::string_view org, const ProfileChange& change);
// Adds a member or changes a role.
Status put_member(Services&, rt::Blocking, const auth::Caller&, std::string_view org,
                  std::string_view user, meta::Role role);
// Members may remove themselves. Conflict for the last administrator.
Status drop_member(Services&, rt::Blocking, const auth::Caller&, std::string_view org,
                   std::string_view user);

}  // namespace embrace::hub
