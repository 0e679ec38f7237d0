#include "hub/profiles.h"

#include "base/strings.h"
#include "hub/account_rules.h"
#include "hub/accounts.h"

namespace embrace::hub {
namespace {

Status check_change(const ProfileChange& change) {
  if (change.fullname) EMB_DO(check_fullname(*change.fullname));
  if (change.email) EMB_DO(check_email(*change.email));
  if (change.details) EMB_DO(check_details(*change.details));
  if (change.homepage) EMB_DO(check_homepage(*change.homepage));
  return Done{};
}

Result<Profile> read_profile(db::Session& session, std::int64_t id) {
  EMB_TRY(auto account, meta::accounts::find_by_id(session, id));
  if (!account) return fail(Code::NotFound, "The account was removed");
  EMB_TRY(auto shown, meta::accounts::find_profile(session, id));
  return Profile{*std::move(account), std::move(shown)};
}

Result<Profile> edit(Services& services, rt::Blocking blocking, std::int64_t id,
                     const ProfileChange& change) {
  EMB_DO(check_change(change));
  return services.database.write(blocking, [&](db::Session& session) -> Result<Profile> {
    EMB_TRY(auto profile, read_profile(session, id));
    meta::Account& account = profile.account;
    if (change.fullname)
      account.fullname = change.fullname->empty() ? account.name : *change.fullname;
    if (change.email) account.email = *change.email;
    if (change.details) profile.shown.details = *change.details;
    if (change.homepage) profile.shown.homepage = *change.homepage;
    EMB_DO(meta::accounts::update(session, account));
    EMB_DO(meta::accounts::set_profile(session, id, profile.shown));
    return profile;
  });
}

// The organization, when the caller is one of its administrators, or of the hub's.
Result<meta::Account> managed_organization(Services& services, rt::Blocking blocking,
                                           const auth::Caller& caller, std::string_view name) {
  if (caller.is_anonymous()) return fail(Code::Unauthenticated, "Invalid username or password.");
  EMB_TRY(auto org, find_account(services, blocking, name));
  if (org.kind != meta::AccountKind::Organization)
    return fail(Code::NotFound, cat("No organization ", name));
  const bool is_admin = caller.may_write() && caller.role_in(org.id) == meta::Role::Admin;
  if (!is_admin && !caller.is_site_admin())
    return fail(Code::Denied, cat("Only admins of ", org.name, " may change it or its members"));
  return org;
}

}  // namespace

Status check_speaks_for_user(const auth::Caller& caller) {
  if (caller.is_anonymous()) return fail(Code::Unauthenticated, "Invalid username or password.");
  if (caller.token && caller.token->role != meta::TokenRole::Admin) {
    return fail(Code::Denied, "Only a browser session or an admin token may do this");
  }
  return Done{};
}

Result<Profile> own_profile(Services& services, rt::Blocking blocking, const auth::Caller& caller) {
  if (caller.is_anonymous()) return fail(Code::Unauthenticated, "Invalid username or password.");
  return services.database.read(
      blocking, [&](db::Session& session) { return read_profile(session, caller.id()); });
}

Result<Profile> edit_own_profile(Services& services, rt::Blocking blocking,
                                 const auth::Caller& caller, const ProfileChange& change) {
  EMB_DO(check_speaks_for_user(caller));
  auto edited = edit(services, blocking, caller.id(), change);
  services.authenticator.forget(caller.id());
  return edited;
}

Result<meta::Account> found_organization(Services& services, rt::Blocking blocking,
                                         const auth::Caller& caller, std::string_view name,
                                         std::string_view fullname) {
  if (caller.is_anonymous()) return fail(Code::Unauthenticated, "Invalid username or password.");
  if (!caller.may_write())
    return fail(Code::Denied, "A read token can't make an organization: use one that may write");
  std::optional<std::uint32_t> most;
  if (!caller.is_site_admin()) most = services.settings.organizations_per_user_max;
  return create_organization(services, blocking, name, fullname, caller.name(), most);
}

Result<Profile> edit_organization(Services& services, rt::Blocking blocking,
                                  const auth::Caller& caller, std::string_view org,
                                  const ProfileChange& change) {
  EMB_TRY(auto account, managed_organization(services, blocking, caller, org));
  auto edited = edit(services, blocking, account.id, change);
  // Its name stands in the memberships of every cached caller.
  services.authenticator.forget_all();
  return edited;
}

Status put_member(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                  std::string_view org, std::string_view user, meta::Role role) {
  EMB_DO(managed_organization(services, blocking, caller, org));
  return set_member(services, blocking, org, user, role);
}

Status drop_member(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                   std::string_view org, std::string_view user) {
  const bool leaves = caller.may_write() && equal_ignoring_case(caller.name(), user);
  if (!leaves) EMB_DO(managed_organization(services, blocking, caller, org));
  return remove_member(services, blocking, org, user);
}

}  // namespace embrace::hub
