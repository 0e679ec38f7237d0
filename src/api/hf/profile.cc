// What people change about themselves, and about the organizations that they administer.
#include "api/endpoints.h"
#include "auth/authenticator.h"
#include "base/strings.h"
#include "hub/accounts.h"
#include "hub/profiles.h"

namespace embrace::api {
namespace {

http::Response profile_reply(const hub::Profile& profile, unsigned status = 200) {
  const meta::Account& account = profile.account;
  json::Writer w;
  w.begin_object()
      .field("name", account.name)
      .field("fullname", account.fullname.empty() ? account.name : account.fullname);
  if (account.kind == meta::AccountKind::User) w.field("email", account.email);
  w.field("details", profile.shown.details)
      .field("homepage", profile.shown.homepage)
      .field("avatarUrl", cat("/avatars/", account.name, ".svg"))
      .field("createdAt", to_iso8601(account.created_ms))
      .end_object();
  return json_reply(w, status);
}

// Absent: as it is.
Status read_text(json::View body, std::string_view name, std::optional<std::string>& place) {
  const json::View value = body[name];
  if (!value.exists()) return Done{};
  if (!value.text()) return fail(Code::InvalidArgument, cat("\"", name, "\" must be a text"));
  place = *value.text();
  return Done{};
}

Result<hub::ProfileChange> read_change(json::View body, meta::AccountKind kind) {
  hub::ProfileChange change;
  EMB_DO(read_text(body, "fullname", change.fullname));
  EMB_DO(read_text(body, "details", change.details));
  EMB_DO(read_text(body, "homepage", change.homepage));
  if (kind == meta::AccountKind::User) EMB_DO(read_text(body, "email", change.email));
  return change;
}

}  // namespace

Task<Result<http::Response>> own_profile(Call& call) {
  EMB_CO_TRY(auto profile, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::own_profile(call.services(), blocking, call.caller);
             }));
  co_return profile_reply(profile);
}

Task<Result<http::Response>> edit_own_profile(Call& call) {
  EMB_CO_DO(hub::check_speaks_for_user(call.caller));
  EMB_CO_TRY(auto body, co_await read_json(call));
  EMB_CO_TRY(const auto change, read_change(body.root(), meta::AccountKind::User));
  EMB_CO_TRY(auto profile, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::edit_own_profile(call.services(), blocking, call.caller, change);
             }));
  co_return profile_reply(profile);
}

Task<Result<http::Response>> change_password(Call& call) {
  EMB_CO_DO(hub::check_speaks_for_user(call.caller));
  EMB_CO_TRY(auto body, co_await read_json(call));
  hub::PasswordChange change;
  change.current = body.root().text_or("current", "");
  change.password = body.root().text_or("password", "");
  change.peer = call.request.peer;
  if (!call.caller.token) {
    change.session_cookie =
        auth::Credentials::parse(std::nullopt, call.request.fields.find("Cookie")).token;
  }
  EMB_CO_DO(co_await on_passwords(call.api, [&](rt::Blocking blocking) {
    return hub::change_password(call.services(), blocking, call.caller, change);
  }));
  co_return empty_reply(204);
}

Task<Result<http::Response>> create_organization(Call& call) {
  EMB_CO_DO(require_user(call));
  EMB_CO_TRY(auto body, co_await read_json(call));
  const std::string name = body.root().text_or("name", "");
  const std::string fullname = body.root().text_or("fullname", "");
  EMB_CO_TRY(auto org, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::found_organization(call.services(), blocking, call.caller, name,
                                              fullname);
             }));
  co_return profile_reply({.account = std::move(org), .shown = {}}, 201);
}

Task<Result<http::Response>> edit_organization(Call& call) {
  EMB_CO_DO(require_user(call));
  EMB_CO_TRY(auto body, co_await read_json(call));
  EMB_CO_TRY(const auto change, read_change(body.root(), meta::AccountKind::Organization));
  const std::string name = call.target.segments.at(2);
  EMB_CO_TRY(auto profile, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::edit_organization(call.services(), blocking, call.caller, name, change);
             }));
  co_return profile_reply(profile);
}

// Both PUT .../members/{user} and the older .../members/{user}/role, where no_access removes.
Task<Result<http::Response>> set_member_role(Call& call) {
  EMB_CO_DO(require_user(call));
  EMB_CO_TRY(auto body, co_await read_json(call));
  const bool may_remove = call.target.segments.size() > 5 && call.target.segments[5] == "role";
  const std::string word = body.root().text_or("role", "");
  const auto role = meta::parse_role(word);
  if (!role || (*role == meta::Role::None && !may_remove)) {
    co_return fail(Code::InvalidArgument, cat("\"role\" must be admin, write, contributor",
                                              may_remove ? ", read or no_access" : " or read"));
  }
  const std::string org = call.target.segments.at(2);
  const std::string user = call.target.segments.at(4);
  EMB_CO_DO(co_await on_pool(call, [&](rt::Blocking blocking) -> Status {
    if (*role == meta::Role::None)
      return hub::drop_member(call.services(), blocking, call.caller, org, user);
    return hub::put_member(call.services(), blocking, call.caller, org, user, *role);
  }));
  json::Writer w;
  w.begin_object().field("user", user).field("role", word).end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> remove_member(Call& call) {
  EMB_CO_DO(require_user(call));
  const std::string org = call.target.segments.at(2);
  const std::string user = call.target.segments.at(4);
  EMB_CO_DO(co_await on_pool(call, [&](rt::Blocking blocking) {
    return hub::drop_member(call.services(), blocking, call.caller, org, user);
  }));
  co_return empty_reply(204);
}

}  // namespace embrace::api
