// Browser sessions and access tokens: log in, log out, sign up, and the token list.
#include <algorithm>

#include "api/endpoints.h"
#include "auth/authenticator.h"
#include "base/strings.h"
#include "hub/accounts.h"
#include "hub/profiles.h"
#include "meta/accounts.h"

namespace embrace::api {
namespace {

http::Response with_session(const Call& call, const auth::Authenticator::Session& session,
                            std::string_view user) {
  json::Writer w;
  w.begin_object()
      .field("user", user)
      .field("expires", to_iso8601(session.expires_ms))
      .end_object();
  http::Response response = json_reply(w);
  const auto seconds = (session.expires_ms - call.services().clock.now_ms()) / 1000;
  response.fields.add("Set-Cookie", cat(auth::kSessionCookie, "=", session.cookie,
                                        "; Path=/; HttpOnly; SameSite=Lax; Max-Age=", seconds,
                                        call.base.starts_with("https://") ? "; Secure" : ""));
  return response;
}

// What makes a session must not be a form: any page could send one, and log its reader in as
// somebody else.
Status require_json(const Call& call) {
  if (trim(split(call.request.fields.find("Content-Type").value_or(""), ';')[0]) !=
      "application/json") {
    return fail(Code::InvalidArgument, "The request must have Content-Type: application/json");
  }
  return Done{};
}

void render_token(json::Writer& w, const meta::Token& token) {
  w.begin_object()
      .field("id", token.id)
      .field("displayName", token.display_name)
      .field("role", to_string(token.role))
      .field("hint", token.hint)
      .field("createdAt", to_iso8601(token.created_ms));
  if (token.expires_ms) w.field("expiration", to_iso8601(*token.expires_ms));
  if (token.used_ms) w.field("lastUsedAt", to_iso8601(*token.used_ms));
}

constexpr std::int64_t kTokenDaysMax = 3650;
constexpr Millis kDayMs = 24ll * 3600 * 1000;

}  // namespace

Task<Result<http::Response>> log_in(Call& call) {
  EMB_CO_DO(require_json(call));
  EMB_CO_TRY(auto body, co_await read_json(call));
  const std::string user = body.root().text_or("user", "");
  const std::string password = body.root().text_or("password", "");
  if (user.empty() || password.empty())
    co_return fail(Code::InvalidArgument, "\"user\" and \"password\" are required");
  EMB_CO_TRY(auto session, co_await on_passwords(call.api, [&](rt::Blocking blocking) {
               return call.services().authenticator.log_in(blocking, user, password,
                                                           call.request.peer);
             }));
  co_return with_session(call, session, user);
}

Task<Result<http::Response>> log_out(Call& call) {
  auto credentials = auth::Credentials::parse(std::nullopt, call.request.fields.find("Cookie"));
  if (credentials.kind == auth::Credentials::Kind::Cookie) {
    EMB_CO_DO(co_await on_pool(call, [&](rt::Blocking blocking) {
      return call.services().authenticator.log_out(blocking, credentials.token);
    }));
  }
  http::Response response = empty_reply(204);
  response.fields.add("Set-Cookie",
                      cat(auth::kSessionCookie, "=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"));
  co_return response;
}

Task<Result<http::Response>> sign_up(Call& call) {
  if (!call.settings().allow_sign_up) {
    co_return fail(Code::Denied,
                   "Sign-up is closed on this hub: ask an administrator for an account");
  }
  EMB_CO_DO(require_json(call));
  EMB_CO_TRY(auto body, co_await read_json(call));
  hub::NewUser user;
  user.name = body.root().text_or("user", "");
  user.email = body.root().text_or("email", "");
  user.fullname = body.root().text_or("fullname", "");
  user.password = body.root().text_or("password", "");
  if (user.password.empty()) co_return fail(Code::InvalidArgument, "\"password\" is required");
  EMB_CO_DO(co_await on_passwords(call.api, [&](rt::Blocking blocking) {
    return hub::create_user(call.services(), blocking, user);
  }));
  EMB_CO_TRY(auto session, co_await on_passwords(call.api, [&](rt::Blocking blocking) {
               return call.services().authenticator.log_in(blocking, user.name, user.password,
                                                           call.request.peer);
             }));
  co_return with_session(call, session, user.name);
}

Task<Result<http::Response>> list_tokens(Call& call) {
  EMB_CO_DO(hub::check_speaks_for_user(call.caller));
  EMB_CO_TRY(auto tokens, co_await on_pool(call, [&](rt::Blocking blocking) {
               return call.services().database.read(blocking, [&](db::Session& session) {
                 return meta::accounts::tokens_of(session, call.caller.id());
               });
             }));
  json::Writer w;
  w.begin_array();
  for (const auto& token : tokens) {
    render_token(w, token);
    w.end_object();
  }
  w.end_array();
  co_return json_reply(w);
}

Task<Result<http::Response>> create_token(Call& call) {
  EMB_CO_DO(hub::check_speaks_for_user(call.caller));
  EMB_CO_TRY(auto body, co_await read_json(call));
  hub::NewToken wanted;
  wanted.user = call.caller.name();
  wanted.display_name = body.root().text_or("displayName", "token");
  const std::string role = body.root().text_or("role", "read");
  if (role == "write")
    wanted.role = meta::TokenRole::Write;
  else if (role == "admin")
    wanted.role = meta::TokenRole::Admin;
  else if (role != "read")
    co_return fail(Code::InvalidArgument, "\"role\" must be read, write or admin");
  if (const json::View days = body.root()["expiresInDays"]; days.exists() && !days.is_null()) {
    const auto number = days.integer();
    if (!number || *number < 1 || *number > kTokenDaysMax) {
      co_return fail(Code::InvalidArgument,
                     cat("\"expiresInDays\" must be a number from 1 to ", kTokenDaysMax));
    }
    wanted.expires_ms = call.services().clock.now_ms() + *number * kDayMs;
  }
  EMB_CO_TRY(auto minted, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::create_token(call.services(), blocking, wanted);
             }));
  json::Writer w;
  render_token(w, minted.token);
  w.field("token", minted.value).end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> delete_token(Call& call) {
  EMB_CO_DO(hub::check_speaks_for_user(call.caller));
  auto id = parse_uint(call.target.segments.at(3));
  if (!id) co_return fail(Code::NotFound, "No such token");
  EMB_CO_DO(co_await on_pool(call, [&](rt::Blocking blocking) {
    return call.services().database.write(blocking, [&](db::Session& session) {
      return meta::accounts::remove_token(session, call.caller.id(),
                                          static_cast<std::int64_t>(*id));
    });
  }));
  call.services().authenticator.forget(call.caller.id());
  co_return empty_reply(204);
}

}  // namespace embrace::api
