// Who is calling: whoami, auth-check, and the two calls that clients make on their own.
#include "api/endpoints.h"
#include "auth/access.h"
#include "base/strings.h"
#include "hub/repos.h"

namespace embrace::api {
namespace {

void render_org(json::Writer& w, const meta::Membership& org) {
  w.begin_object()
      .field("type", "org")
      .field("id", meta::objid(0, 'a', org.org_id))
      .field("name", org.org_name)
      .field("fullname", org.org_fullname.empty() ? org.org_name : org.org_fullname)
      .key("email");
  if (org.org_email.empty())
    w.null();
  else
    w.value(org.org_email);
  w.field("canPay", false)
      .field("avatarUrl", cat("/avatars/", org.org_name, ".svg"))
      .key("periodEnd")
      .null();
  w.field("isEnterprise", true).field("roleInOrg", to_string(org.role)).end_object();
}

void render_auth(json::Writer& w, const auth::Caller& caller) {
  w.key("auth").begin_object().field("type", "access_token");
  if (caller.token) {
    const meta::Token& token = *caller.token;
    w.key("accessToken")
        .begin_object()
        .field("displayName", token.display_name)
        .field("role", to_string(token.role));
    w.field("createdAt", to_iso8601(token.created_ms));
    if (token.expires_ms) w.field("expiration", to_iso8601(*token.expires_ms));
    w.end_object();
  }
  w.end_object();
}

}  // namespace

Task<Result<http::Response>> whoami(Call& call) {
  if (call.caller.is_anonymous()) {
    co_return fail(Code::Unauthenticated, "Invalid credentials in Authorization header",
                   Tag::InvalidCredentials);
  }
  const meta::Account& user = *call.caller.user;
  json::Writer w;
  w.begin_object()
      .field("type", "user")
      .field("id", meta::objid(user.created_ms, 'a', user.id))
      .field("name", user.name)
      .field("fullname", user.fullname.empty() ? user.name : user.fullname);
  w.key("email");
  if (user.email.empty())
    w.null();
  else
    w.value(user.email);
  w.field("emailVerified", !user.email.empty())
      .field("canPay", false)
      .field("isPro", true)
      .key("periodEnd")
      .null();
  w.field("avatarUrl", cat("/avatars/", user.name, ".svg")).field("isAdmin", user.is_admin);
  w.key("orgs").begin_array();
  for (const auto& org : call.caller.memberships) render_org(w, org);
  w.end_array();
  render_auth(w, call.caller);
  w.end_object();
  co_return json_reply(w);
}

// /auth-check answers whether the content may be read, /auth-check/write whether it may be changed.
Task<Result<http::Response>> auth_check(Call& call) {
  const bool write = !call.target.rest.empty() && call.target.rest[0] == "write";
  EMB_CO_DO(co_await on_pool(call, [&](rt::Blocking blocking) {
    return hub::find_repo(call.services(), blocking, call.caller, call.target.repo,
                          write ? auth::Right::Write : auth::Right::Read);
  }));
  json::Writer w;
  w.begin_object().field("ok", true).end_object();
  co_return json_reply(w);
}

// Asked by every cold `hf` command with a three-second limit, so it must be quick and may be empty.
Task<Result<http::Response>> agent_harnesses(Call&) {
  json::Writer w;
  w.begin_object()
      .key("standardEnvVars")
      .begin_array()
      .end_array()
      .key("harnesses")
      .begin_object()
      .end_object()
      .end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> telemetry(Call&) { co_return empty_reply(200); }

}  // namespace embrace::api
