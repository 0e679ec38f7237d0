// Administrators: users and organizations of the whole hub.
#include "hub/accounts.h"

#include "api/admin/require_admin.h"
#include "api/endpoints.h"
#include "base/strings.h"
#include "hub/administration.h"

namespace embrace::api {
namespace {

constexpr std::uint64_t kPage = 50;
constexpr std::uint64_t kPageMax = 200;  // each row counts what the account stores

Task<Result<http::Response>> list(Call& call, meta::AccountKind kind) {
  EMB_CO_DO(require_admin(call));
  EMB_CO_TRY(auto limit, query_number(call, "limit", kPage, 1, kPageMax));
  EMB_CO_TRY(auto after, query_number(call, "cursor", 0, 0, INT64_MAX));
  const std::string search(call.request.query.find("search").value_or(""));
  EMB_CO_TRY(auto rows, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::list_accounts(call.services(), blocking, kind, search,
                                         static_cast<std::int64_t>(after), limit);
             }));
  const bool is_user = kind == meta::AccountKind::User;
  json::Writer w;
  w.begin_object().key(is_user ? "users" : "organizations").begin_array();
  for (const auto& row : rows) {
    w.begin_object().field("name", row.account.name).field("fullname", row.account.fullname);
    if (is_user) {
      w.field("email", row.account.email)
          .field("isAdmin", row.account.is_admin)
          .field("isDisabled", row.account.is_disabled);
      if (row.used_ms) w.field("lastUsedAt", to_iso8601(*row.used_ms));
    } else {
      w.field("members", row.members);
    }
    w.field("createdAt", to_iso8601(row.account.created_ms))
        .field("repos", row.repos)
        .field("storedBytes", row.stored_bytes)
        .end_object();
  }
  w.end_array();
  if (rows.size() == limit) w.field("next", cat(rows.back().account.id));
  w.end_object();
  co_return json_reply(w);
}

http::Response user_reply(const meta::Account& user, unsigned status) {
  json::Writer w;
  w.begin_object()
      .field("name", user.name)
      .field("fullname", user.fullname)
      .field("email", user.email)
      .field("isAdmin", user.is_admin)
      .field("createdAt", to_iso8601(user.created_ms))
      .end_object();
  return json_reply(w, status);
}

}  // namespace

Task<Result<http::Response>> admin_list_users(Call& call) {
  co_return co_await list(call, meta::AccountKind::User);
}

Task<Result<http::Response>> admin_list_organizations(Call& call) {
  co_return co_await list(call, meta::AccountKind::Organization);
}

Task<Result<http::Response>> admin_create_user(Call& call) {
  EMB_CO_DO(require_admin(call));
  EMB_CO_TRY(auto body, co_await read_json(call));
  hub::NewUser user;
  user.name = body.root().text_or("name", "");
  user.email = body.root().text_or("email", "");
  user.fullname = body.root().text_or("fullname", "");
  user.password = body.root().text_or("password", "");
  user.is_admin = body.root()["isAdmin"].boolean().value_or(false);
  EMB_CO_TRY(auto created, co_await on_passwords(call.api, [&](rt::Blocking blocking) {
               return hub::create_user(call.services(), blocking, user);
             }));
  co_return user_reply(created, 201);
}

Task<Result<http::Response>> admin_change_user(Call& call) {
  EMB_CO_DO(require_admin(call));
  EMB_CO_TRY(auto body, co_await read_json(call));
  hub::UserChange change;
  change.is_admin = body.root()["isAdmin"].boolean();
  if (const json::View password = body.root()["password"]; password.exists()) {
    if (!password.text()) co_return fail(Code::InvalidArgument, "\"password\" must be a text");
    change.password = *password.text();
  }
  const std::string name = call.target.segments.at(3);
  EMB_CO_TRY(auto user, co_await on_passwords(call.api, [&](rt::Blocking blocking) {
               return hub::change_user(call.services(), blocking, name, change);
             }));
  co_return user_reply(user, 200);
}

}  // namespace embrace::api
