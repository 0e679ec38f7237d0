// Users and organizations, as profile pages and clients read them (hub-api 17).
#include "hub/accounts.h"

#include "api/endpoints.h"
#include "auth/access.h"
#include "base/strings.h"
#include "meta/accounts.h"

namespace embrace::api {
namespace {

std::string avatar(std::string_view name) { return cat("/avatars/", name, ".svg"); }

std::string shown_name(const meta::Account& account) {
  return account.fullname.empty() ? account.name : account.fullname;
}

Task<Result<hub::Overview>> find_overview(Call& call, meta::AccountKind kind) {
  const std::string name = call.target.segments.at(2);
  co_return co_await on_pool(call, [&](rt::Blocking blocking) {
    return hub::overview(call.services(), blocking, name, kind);
  });
}

}  // namespace

Task<Result<http::Response>> user_overview(Call& call) {
  EMB_CO_TRY(auto found, co_await find_overview(call, meta::AccountKind::User));
  const meta::Account& user = found.account;
  json::Writer w;
  w.begin_object()
      .field("_id", meta::objid(user.created_ms, 'a', user.id))
      .field("user", user.name)
      .field("fullname", shown_name(user))
      .field("avatarUrl", avatar(user.name))
      .field("type", "user")
      .field("isPro", true)
      .field("createdAt", to_iso8601(user.created_ms))
      .field("numModels", found.models)
      .field("numDatasets", found.datasets)
      .field("numSpaces", found.spaces)
      .field("details", found.profile.details)
      .field("homepage", found.profile.homepage);
  for (std::string_view nothing_yet :
       {"numDiscussions", "numPapers", "numUpvotes", "numLikes", "numFollowing", "numFollowers"}) {
    w.field(nothing_yet, 0);
  }
  w.key("orgs").begin_array();
  for (const auto& org : found.orgs) {
    w.begin_object()
        .field("name", org.org_name)
        .field("fullname", org.org_fullname.empty() ? org.org_name : org.org_fullname);
    w.field("avatarUrl", avatar(org.org_name)).end_object();
  }
  w.end_array().end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> organization_overview(Call& call) {
  EMB_CO_TRY(auto found, co_await find_overview(call, meta::AccountKind::Organization));
  const meta::Account& org = found.account;
  json::Writer w;
  w.begin_object()
      .field("_id", meta::objid(org.created_ms, 'a', org.id))
      .field("name", org.name)
      .field("fullname", shown_name(org))
      .field("avatarUrl", avatar(org.name))
      .field("type", "org")
      .field("isVerified", true)
      .field("isFollowing", false)
      .field("numUsers", found.users)
      .field("numModels", found.models)
      .field("numDatasets", found.datasets)
      .field("numSpaces", found.spaces)
      .field("numFollowers", 0)
      .field("details", found.profile.details)
      .field("homepage", found.profile.homepage)
      .end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> organization_members(Call& call) {
  EMB_CO_TRY(auto limit, query_number(call, "limit", 500, 1, 1000));
  EMB_CO_TRY(auto after, query_number(call, "cursor", 0, 0, INT64_MAX));
  const std::string name = call.target.segments.at(2);
  EMB_CO_TRY(
      auto members,
      co_await on_pool(call, [&](rt::Blocking blocking) -> Result<std::vector<meta::Membership>> {
        EMB_TRY(auto org, hub::find_account(call.services(), blocking, name));
        if (org.kind != meta::AccountKind::Organization)
          return fail(Code::NotFound, cat("No organization ", name));
        return call.services().database.read(blocking, [&](db::Session& session) {
          return meta::accounts::members_of(session, org.id, static_cast<std::int64_t>(after),
                                            limit);
        });
      }));
  json::Writer w;
  w.begin_array();
  for (const auto& member : members) {
    w.begin_object()
        .field("_id", meta::objid(0, 'a', member.user_id))
        .field("user", member.user_name)
        .field("fullname", member.user_fullname.empty() ? member.user_name : member.user_fullname)
        .field("avatarUrl", avatar(member.user_name))
        .field("isPro", true)
        .field("type", "user")
        .field("role", to_string(member.role))
        .end_object();
  }
  w.end_array();
  http::Response response = json_reply(w);
  if (members.size() == limit) add_next_link(call, response, "cursor", cat(members.back().user_id));
  co_return response;
}

// Following comes with the social features; until then nobody follows anybody, which is an honest
// empty list.
Task<Result<http::Response>> no_followers(Call& call) {
  const auto kind = call.target.segments.at(1) == "users" ? meta::AccountKind::User
                                                          : meta::AccountKind::Organization;
  EMB_CO_DO(co_await find_overview(call, kind));
  json::Writer w;
  w.begin_array().end_array();
  co_return json_reply(w);
}

}  // namespace embrace::api
