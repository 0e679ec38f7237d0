// Logging in from a terminal: POST /oauth/device and /oauth/token for the program, GET
// /oauth/device for the person (hub-api 3.3, 3.4). The page is one plain form, so that it works
// before the website is built and in any browser; it asks for the password again instead of
// trusting a session, so no other site can approve.
#include "api/endpoints.h"
#include "auth/authenticator.h"
#include "base/strings.h"
#include "hub/device_login.h"
#include "web/html.h"

namespace embrace::api {
namespace {

constexpr std::string_view kDeviceGrantType = "urn:ietf:params:oauth:grant-type:device_code";
constexpr std::uint64_t kFormBytesMax = 16 << 10;

http::Response page(std::string_view body, unsigned status = 200) {
  http::Response response(status);
  response.fields.set("Content-Type", "text/html; charset=utf-8");
  response.fields.set(
      "Content-Security-Policy",
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'");
  response.fields.set("Cache-Control", "no-store");
  response.body =
      cat("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
          "content=\"width=device-width\">"
          "<title>Log in to Embrace</title><style>body{font:16px/1.5 "
          "system-ui,sans-serif;max-width:26rem;margin:4rem auto;"
          "padding:0 1rem}label{display:block;margin:.8rem 0 "
          ".2rem}input{font:inherit;width:100%;box-sizing:border-box;"
          "padding:.4rem}button{font:inherit;padding:.5rem 1.2rem;margin:1.2rem .6rem 0 0}</style>",
          body, "</html>");
  return response;
}

http::Response form_page(std::string_view user_code, std::string_view problem,
                         unsigned status = 200) {
  std::string notice;
  if (!problem.empty())
    notice = cat("<p role=\"alert\"><strong>", web::escape_html(problem), "</strong></p>");
  return page(
      cat("<h1>Log in a terminal</h1>", notice,
          "<p>Compare the code with the one that your terminal shows. Approving gives it a token "
          "that can read and "
          "write as you.</p><form method=\"post\" action=\"device/approve\"><label "
          "for=\"c\">Code</label>"
          "<input id=\"c\" name=\"user_code\" autocomplete=\"off\" required value=\"",
          web::escape_html(user_code),
          "\"><label for=\"u\">User</label><input id=\"u\" name=\"user\" autocomplete=\"username\" "
          "required>"
          "<label for=\"p\">Password</label><input id=\"p\" name=\"password\" type=\"password\" "
          "autocomplete=\"current-password\" required><button name=\"answer\" "
          "value=\"approve\">Approve</button>"
          "<button name=\"answer\" value=\"refuse\">Refuse</button></form>"),
      status);
}

// OAuth has an error form of its own; always JSON, always 400, or Python takes it for a passing
// fault.
http::Response oauth_error(std::string_view error, std::string_view description) {
  json::Writer w;
  w.begin_object().field("error", error).field("error_description", description).end_object();
  http::Response response = json_reply(w, 400);
  response.fields.set("Cache-Control", "no-store");
  return response;
}

// A form, or JSON with the same names (trap 51).
Task<Result<http::Query>> read_form(Call& call) {
  EMB_CO_TRY(std::string text, co_await http::read_body(call.request, kFormBytesMax));
  if (!call.request.fields.find("Content-Type").value_or("").starts_with("application/json"))
    co_return http::Query::parse(text);
  EMB_CO_TRY(auto document, json::Document::parse(text));
  std::string form;
  for (const auto& [name, value] : document.root().members()) {
    if (value.text()) form += cat(percent_encode(name), "=", percent_encode(*value.text()), "&");
  }
  co_return http::Query::parse(form);
}

http::Response grant_reply(const hub::DeviceGrant& grant) {
  if (!grant.error.empty()) return oauth_error(grant.error, grant.description);
  json::Writer w;
  w.begin_object()
      .field("access_token", grant.access_token)
      .field("token_type", "bearer")
      .field("expires_in", hub::kDeviceTokenMs / 1000)
      .field("scope", grant.scope)
      .field("refresh_token", grant.refresh_token)
      .end_object();
  http::Response response = json_reply(w);
  response.fields.set("Cache-Control", "no-store");
  return response;
}

}  // namespace

Task<Result<http::Response>> begin_device_login(Call& call) {
  EMB_CO_TRY(auto form, co_await read_form(call));
  const std::string client(form.find("client_id").value_or(""));
  const std::string scope(form.find("scope").value_or(""));
  auto codes = co_await on_pool(call, [&](rt::Blocking blocking) {
    return hub::begin_device_login(call.services(), blocking, client, scope);
  });
  if (!codes && codes.error().code() == Code::InvalidArgument)
    co_return oauth_error("invalid_client", codes.error().message());
  if (!codes) co_return fail(std::move(codes).error());
  const std::string uri = cat(call.base, "/oauth/device");
  json::Writer w;
  w.begin_object()
      .field("device_code", codes->device_code)
      .field("user_code", codes->user_code)
      .field("verification_uri", uri)
      .field("verification_uri_complete", cat(uri, "?user_code=", codes->user_code))
      .field("expires_in", hub::kDeviceLoginMs / 1000)
      .field("interval", hub::kPollIntervalMs / 1000)
      .end_object();
  http::Response response = json_reply(w);
  response.fields.set("Cache-Control", "no-store");
  co_return response;
}

Task<Result<http::Response>> device_login_page(Call& call) {
  co_return form_page(call.request.query.find("user_code").value_or(""), "");
}

Task<Result<http::Response>> decide_device_login(Call& call) {
  EMB_CO_TRY(auto form, co_await read_form(call));
  const std::string code(form.find("user_code").value_or(""));
  auth::Credentials credentials;
  credentials.kind = auth::Credentials::Kind::Password;
  credentials.user = form.find("user").value_or("");
  credentials.password = form.find("password").value_or("");
  const bool approve = form.find("answer") == "approve";
  auto decided = co_await on_passwords(call.api, [&](rt::Blocking blocking) -> Status {
    EMB_TRY(auto caller,
            call.services().authenticator.authenticate(blocking, credentials, call.request.peer));
    return hub::decide_device_login(call.services(), blocking, caller, code, approve);
  });
  if (decided)
    co_return page(approve ? "<h1>Approved</h1><p>Go back to your terminal.</p>"
                           : "<h1>Refused</h1><p>Nothing was given.</p>");
  const Error& error = decided.error();
  if (error.code() == Code::Internal) co_return fail(std::move(decided).error());
  co_return form_page(code,
                      error.tag() == Tag::InvalidCredentials
                          ? std::string_view("Wrong user or password")
                          : error.message(),
                      400);
}

Task<Result<http::Response>> oauth_token(Call& call) {
  EMB_CO_TRY(auto form, co_await read_form(call));
  const std::string type(form.find("grant_type").value_or(""));
  const bool refresh = type == "refresh_token";
  if (!refresh && type != kDeviceGrantType) {
    co_return oauth_error("unsupported_grant_type",
                          "This hub gives tokens by the device flow and by refresh tokens only");
  }
  const std::string secret(form.find(refresh ? "refresh_token" : "device_code").value_or(""));
  EMB_CO_TRY(auto grant, co_await on_pool(call, [&](rt::Blocking blocking) {
               return refresh ? hub::refresh_device_login(call.services(), blocking, secret)
                              : hub::poll_device_login(call.services(), blocking, secret);
             }));
  co_return grant_reply(grant);
}

}  // namespace embrace::api
