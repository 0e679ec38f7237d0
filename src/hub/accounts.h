#pragma once
// Users, organizations, members, tokens: the rules. What they may be made of
// stands in account_rules.h.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/caller.h"
#include "hub/services.h"
#include "meta/accounts.h"

namespace embrace::hub {

struct NewUser {
  std::string name;
  std::string email;
  std::string fullname;
  std::string password;  // empty: no password login; else at least 8 characters
  bool is_admin = false;
};

// Called by the admin command and by sign-up (which the api refuses unless allow_sign_up).
Result<meta::Account> create_user(Services&, rt::Blocking, const NewUser& user);
// `administered_max`: of the owner, this one included; Denied above. nullopt: any number.
Result<meta::Account> create_organization(
    Services&, rt::Blocking, std::string_view name, std::string_view fullname,
    std::string_view owner, std::optional<std::uint32_t> administered_max = std::nullopt);
Status set_member(Services&, rt::Blocking, std::string_view org, std::string_view user,
                  meta::Role role);
Status remove_member(Services&, rt::Blocking, std::string_view org, std::string_view user);
Status set_password(Services&, rt::Blocking, std::string_view user, std::string_view password);

// By the user, who proves that they know the current one: Denied when it is wrong, which counts as
// a wrong guess of a login does (TooMany). Every other session ends.
struct PasswordChange {
  std::string current;
  std::string password;
  std::string peer;            // the caller's address
  std::string session_cookie;  // of the session that stays; empty: none
};
Status change_password(Services&, rt::Blocking, const auth::Caller&, const PasswordChange& change);

struct NewToken {
  std::string user;
  std::string display_name;
  meta::TokenRole role = meta::TokenRole::Read;
  std::string value;  // empty: minted. Else must match hf_[A-Za-z0-9]{8,}
  std::optional<Millis> expires_ms;
};
struct MintedToken {
  meta::Token token;
  std::string value;  // shown once
};
Result<MintedToken> create_token(Services&, rt::Blocking, const NewToken& token);

Result<meta::Account> find_account(Services&, rt::Blocking, std::string_view name);  // NotFound

// On the first start: an administrator "root" with a random password and an admin token. nullopt
// when users exist.
struct FirstAdmin {
  std::string name;
  std::string password;
  std::string token;
};
Result<std::optional<FirstAdmin>> ensure_admin(Services&, rt::Blocking);

struct Overview {
  meta::Account account;
  meta::accounts::Profile profile;
  std::int64_t models = 0, datasets = 0, spaces = 0;  // public ones
  std::int64_t users = 0;                             // organizations
  std::vector<meta::Membership> orgs;                 // users
};
Result<Overview> overview(Services&, rt::Blocking, std::string_view name, meta::AccountKind kind);

}  // namespace embrace::hub
