#include "hub/accounts.h"

#include <algorithm>

#include "base/repo_name.h"
#include "base/strings.h"
#include "crypto/secrets.h"
#include "crypto/sha256.h"
#include "hub/account_rules.h"
#include "meta/accounts.h"
#include "meta/listing.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kTokenBytesMax = 200;
constexpr std::size_t kMembersSearched = 100'000;

Error no_such(std::string_view name) {
  return Error(Code::NotFound, cat("There is no user or organization ", name));
}

Result<meta::Account> get(db::Session& session, std::string_view name) {
  EMB_TRY(auto found, meta::accounts::find(session, name));
  if (!found) return fail(no_such(name));
  return *std::move(found);
}

Result<meta::Account> get(db::Session& session, std::string_view name, meta::AccountKind kind) {
  EMB_TRY(auto account, get(session, name));
  if (account.kind == kind) return account;
  return fail(Code::NotFound,
              cat(name, kind == meta::AccountKind::User ? " is an organization, not a user"
                                                        : " is a user, not an organization"));
}

// hf_[A-Za-z0-9]{8,}
Status check_token_value(std::string_view value) {
  constexpr std::string_view kPrefix = "hf_";
  const bool is_shaped =
      value.starts_with(kPrefix) && value.size() >= kPrefix.size() + 8 &&
      value.size() <= kTokenBytesMax &&
      std::ranges::all_of(value.substr(kPrefix.size()), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      });
  if (is_shaped) return Done{};
  return fail(Code::InvalidArgument, "a token must be \"hf_\" and at least 8 letters or digits");
}

Result<meta::Account> create_account(db::Session& session, const meta::Account& account) {
  EMB_TRY(auto taken, meta::accounts::find(session, account.name));
  if (taken) return fail(Code::Conflict, cat("The name ", taken->name, " is already taken"));
  return meta::accounts::create(session, account);
}

Result<meta::Account> new_user(Services& services, const NewUser& user) {
  EMB_DO(check_new_namespace(user.name));
  EMB_DO(check_fullname(user.fullname));
  EMB_DO(check_email(user.email));
  meta::Account account;
  account.kind = meta::AccountKind::User;
  account.name = user.name;
  account.fullname = user.fullname.empty() ? user.name : user.fullname;
  account.email = user.email;
  account.is_admin = user.is_admin;
  account.created_ms = services.clock.now_ms();
  if (!user.password.empty()) {
    EMB_DO(check_password(user.password));
    account.password_hash = crypto::hash_password(user.password);
  }
  return account;
}

// An organization always keeps an administrator, or nobody could ever change it again.
Status keep_an_admin(db::Session& session, const meta::Account& org, std::int64_t leaving_user_id) {
  EMB_DO(meta::accounts::take_turn(session, org.id));
  EMB_TRY(auto members, meta::accounts::members_of(session, org.id, 0, kMembersSearched));
  const bool has_other = std::ranges::any_of(members, [&](const meta::Membership& member) {
    return member.role == meta::Role::Admin && member.user_id != leaving_user_id;
  });
  const bool leaves = std::ranges::any_of(members, [&](const meta::Membership& member) {
    return member.role == meta::Role::Admin && member.user_id == leaving_user_id;
  });
  if (!leaves || has_other) return Done{};
  return fail(Code::Conflict, cat("The last administrator of ", org.name,
                                  " can't be removed: name another one first"));
}

Status check_room_for_organization(db::Session& session, const meta::Account& user,
                                   std::uint32_t most) {
  if (most == 0) return fail(Code::Denied, "Only administrators of this hub make organizations");
  EMB_DO(meta::accounts::take_turn(session, user.id));
  EMB_TRY(const auto count, meta::accounts::count_administered(session, user.id));
  if (count < most) return Done{};
  return fail(Code::Denied, cat("You administer ", count, " organizations, and this hub allows ",
                                most, ": ask one of its administrators for more"));
}

// Ends every session but the one with this cookie: who changes a password often does so because
// somebody else is in.
Status replace_password(Services& services, rt::Blocking blocking, std::string_view user,
                        std::string_view password, const std::optional<Digest>& kept_session) {
  EMB_DO(check_password(password));
  const auto hash =
      crypto::hash_password(password);  // outside the transaction: it takes tens of milliseconds
  std::int64_t user_id = 0;
  EMB_DO(services.database.write(blocking, [&](db::Session& session) -> Status {
    EMB_TRY(auto account, get(session, user, meta::AccountKind::User));
    user_id = account.id;
    account.password_hash = hash;
    EMB_DO(meta::accounts::remove_sessions_of(session, account.id, kept_session));
    return meta::accounts::update(session, account);
  }));
  services.authenticator.forget(user_id);
  return Done{};
}

MintedToken mint(Services& services, const NewToken& wanted, std::int64_t user_id) {
  MintedToken minted;
  minted.value = wanted.value.empty() ? crypto::mint_access_token() : wanted.value;
  minted.token.user_id = user_id;
  minted.token.display_name = wanted.display_name.empty() ? "token" : wanted.display_name;
  minted.token.role = wanted.role;
  minted.token.secret_sha256 = crypto::sha256(minted.value);
  minted.token.hint = minted.value.substr(minted.value.size() - 4);
  minted.token.created_ms = services.clock.now_ms();
  minted.token.expires_ms = wanted.expires_ms;
  return minted;
}

}  // namespace

Result<meta::Account> create_user(Services& services, rt::Blocking blocking, const NewUser& user) {
  EMB_TRY(auto account, new_user(services, user));
  return services.database.write(
      blocking, [&](db::Session& session) { return create_account(session, account); });
}

Result<meta::Account> create_organization(Services& services, rt::Blocking blocking,
                                          std::string_view name, std::string_view fullname,
                                          std::string_view owner,
                                          std::optional<std::uint32_t> administered_max) {
  EMB_DO(check_new_namespace(name));
  EMB_DO(check_fullname(fullname));
  meta::Account account;
  account.kind = meta::AccountKind::Organization;
  account.name = name;
  account.fullname = fullname.empty() ? name : fullname;
  account.created_ms = services.clock.now_ms();
  std::int64_t owner_id = 0;
  auto created =
      services.database.write(blocking, [&](db::Session& session) -> Result<meta::Account> {
        EMB_TRY(auto user, get(session, owner, meta::AccountKind::User));
        owner_id = user.id;
        if (administered_max) EMB_DO(check_room_for_organization(session, user, *administered_max));
        EMB_TRY(auto org, create_account(session, account));
        EMB_DO(meta::accounts::set_member(session, org.id, user.id, meta::Role::Admin));
        return org;
      });
  if (created) services.authenticator.forget(owner_id);
  return created;
}

Status set_member(Services& services, rt::Blocking blocking, std::string_view org,
                  std::string_view user, meta::Role role) {
  std::int64_t user_id = 0;
  EMB_DO(services.database.write(blocking, [&](db::Session& session) -> Status {
    EMB_TRY(auto group, get(session, org, meta::AccountKind::Organization));
    EMB_TRY(auto member, get(session, user, meta::AccountKind::User));
    user_id = member.id;
    if (role != meta::Role::Admin) EMB_DO(keep_an_admin(session, group, member.id));
    return meta::accounts::set_member(session, group.id, member.id, role);
  }));
  services.authenticator.forget(user_id);
  return Done{};
}

Status remove_member(Services& services, rt::Blocking blocking, std::string_view org,
                     std::string_view user) {
  std::int64_t user_id = 0;
  EMB_DO(services.database.write(blocking, [&](db::Session& session) -> Status {
    EMB_TRY(auto group, get(session, org, meta::AccountKind::Organization));
    EMB_TRY(auto member, get(session, user, meta::AccountKind::User));
    user_id = member.id;
    EMB_DO(keep_an_admin(session, group, member.id));
    return meta::accounts::remove_member(session, group.id, member.id);
  }));
  services.authenticator.forget(user_id);
  return Done{};
}

Status set_password(Services& services, rt::Blocking blocking, std::string_view user,
                    std::string_view password) {
  return replace_password(services, blocking, user, password, std::nullopt);
}

Status change_password(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                       const PasswordChange& change) {
  auth::Credentials credentials;
  credentials.kind = auth::Credentials::Kind::Password;
  credentials.user = caller.name();
  credentials.password = change.current;
  auto known = services.authenticator.authenticate(blocking, credentials, change.peer);
  if (!known && known.error().tag() == Tag::InvalidCredentials)
    return fail(Code::Denied, "The current password is wrong");
  if (!known) return fail(std::move(known).error());
  std::optional<Digest> session;
  if (!change.session_cookie.empty()) session = crypto::sha256(change.session_cookie);
  return replace_password(services, blocking, caller.name(), change.password, session);
}

Result<MintedToken> create_token(Services& services, rt::Blocking blocking,
                                 const NewToken& wanted) {
  EMB_DO(check_token_name(wanted.display_name));
  if (!wanted.value.empty()) EMB_DO(check_token_value(wanted.value));
  return services.database.write(blocking, [&](db::Session& session) -> Result<MintedToken> {
    EMB_TRY(auto user, get(session, wanted.user, meta::AccountKind::User));
    auto minted = mint(services, wanted, user.id);
    auto created = meta::accounts::create_token(session, minted.token);
    if (!created) {
      if (created.error().code() != Code::Conflict) return fail(std::move(created).error());
      return fail(Code::Conflict, "a token with this value exists already");
    }
    minted.token = *std::move(created);
    return minted;
  });
}

Result<meta::Account> find_account(Services& services, rt::Blocking blocking,
                                   std::string_view name) {
  return services.database.read(blocking, [&](db::Session& session) { return get(session, name); });
}

Result<std::optional<FirstAdmin>> ensure_admin(Services& services, rt::Blocking blocking) {
  EMB_TRY(auto count, services.database.read(blocking, [&](db::Session& session) {
    return meta::accounts::count(session, meta::AccountKind::User);
  }));
  if (count > 0) return std::nullopt;
  FirstAdmin first{"root", crypto::random_alphanumeric(20), ""};
  EMB_TRY(auto account,
          new_user(services, {first.name, "", "Administrator", first.password, true}));
  return services.database.write(
      blocking, [&](db::Session& session) -> Result<std::optional<FirstAdmin>> {
        // Another node may have been first.
        EMB_TRY(auto now, meta::accounts::count(session, meta::AccountKind::User));
        if (now > 0) return std::nullopt;
        EMB_TRY(auto created, create_account(session, account));
        auto minted = mint(
            services, {first.name, "first administrator", meta::TokenRole::Admin, "", std::nullopt},
            created.id);
        EMB_TRY([[maybe_unused]] auto token, meta::accounts::create_token(session, minted.token));
        first.token = minted.value;
        return first;
      });
}

Result<Overview> overview(Services& services, rt::Blocking blocking, std::string_view name,
                          meta::AccountKind kind) {
  return services.database.read(blocking, [&](db::Session& session) -> Result<Overview> {
    Overview result;
    EMB_TRY(result.account, get(session, name, kind));
    EMB_TRY(result.profile, meta::accounts::find_profile(session, result.account.id));
    const auto& author = result.account.name;
    EMB_TRY(result.models, meta::listing::count_public(session, RepoType::Model, author));
    EMB_TRY(result.datasets, meta::listing::count_public(session, RepoType::Dataset, author));
    EMB_TRY(result.spaces, meta::listing::count_public(session, RepoType::Space, author));
    if (kind == meta::AccountKind::Organization) {
      EMB_TRY(result.users, meta::accounts::count_members(session, result.account.id));
    } else {
      EMB_TRY(result.orgs, meta::accounts::orgs_of(session, result.account.id));
    }
    return result;
  });
}

}  // namespace embrace::hub
