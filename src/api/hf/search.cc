// GET and POST /api/quicksearch: names of everything, for the box at the top (hub-api 6.4). GET
// /api/search/full-text: what is written in the cards.
#include "hub/search.h"

#include <algorithm>

#include "api/endpoints.h"
#include "base/strings.h"
#include "hub/full_text.h"

namespace embrace::api {
namespace {

constexpr std::uint64_t kQuickLimit = 5;

Status choose_kinds(hub::QuickSearch& search, const std::vector<std::string>& types) {
  if (types.empty()) return Done{};
  search.models = search.datasets = search.spaces = search.organizations = search.users = false;
  for (const std::string& type : types) {
    if (type == "model")
      search.models = true;
    else if (type == "dataset")
      search.datasets = true;
    else if (type == "space")
      search.spaces = true;
    else if (type == "org")
      search.organizations = true;
    else if (type == "user")
      search.users = true;
    else if (type != "collection" && type != "bucket" && type != "paper")  // there are none
      return fail(Code::InvalidArgument,
                  "\"type\" must be one of [model, dataset, space, org, user]");
  }
  return Done{};
}

Result<hub::QuickSearch> from_query(const Call& call) {
  hub::QuickSearch search;
  search.text = call.request.query.find("q").value_or("");
  EMB_TRY(search.limit, query_number(call, "limit", kQuickLimit, 1, hub::kQuickSearchMax));
  EMB_DO(choose_kinds(search, call.request.query.list("type")));
  return search;
}

Result<hub::QuickSearch> from_body(json::View body) {
  hub::QuickSearch search;
  search.text = body.text_or("q", "");
  if (auto limit = body["limit"].integer())
    search.limit = static_cast<std::size_t>(
        std::clamp<std::int64_t>(*limit, 1, static_cast<std::int64_t>(hub::kQuickSearchMax)));
  std::vector<std::string> types;
  if (auto one = body["type"].text()) types.emplace_back(*one);
  for (json::View type : body["type"].items()) types.emplace_back(type.text().value_or(""));
  EMB_DO(choose_kinds(search, types));
  return search;
}

void render_repos(json::Writer& w, std::string_view key, const hub::QuickFound::Repos& found) {
  w.key(key).begin_array();
  for (const meta::Repo& repo : found.repos) {
    w.begin_object()
        .field("_id", meta::objid(repo.created_ms, 'r', repo.id))
        .field("id", repo.name.id())
        .field("private", repo.is_private)
        .field("likes", repo.likes)
        .field("downloads", repo.downloads)
        .field("lastModified", to_iso8601(repo.modified_ms));
    if (!repo.card.pipeline_tag.empty()) w.field("pipeline_tag", repo.card.pipeline_tag);
    w.end_object();
  }
  w.end_array().field(cat(key, "Count"), found.total.count);
}

void render_accounts(json::Writer& w, std::string_view key,
                     const std::vector<meta::Account>& accounts) {
  w.key(key).begin_array();
  for (const meta::Account& account : accounts) {
    w.begin_object()
        .field("_id", meta::objid(account.created_ms, 'a', account.id))
        .field("name", account.name);
    if (account.kind == meta::AccountKind::User) w.field("user", account.name);
    w.field("fullname", account.fullname.empty() ? account.name : account.fullname)
        .field("avatarUrl", cat("/avatars/", account.name, ".svg"))
        .end_object();
  }
  w.end_array().field(cat(key, "Count"), accounts.size());
}

}  // namespace

Task<Result<http::Response>> quick_search(Call& call) {
  hub::QuickSearch search;
  if (call.request.method == http::Method::Post) {
    EMB_CO_TRY(auto body, co_await read_json(call));
    EMB_CO_TRY(search, from_body(body.root()));
  } else {
    EMB_CO_TRY(search, from_query(call));
  }
  EMB_CO_TRY(auto found, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::quick_search(call.services(), blocking, call.caller, search);
             }));
  json::Writer w;
  w.begin_object().field("q", search.text);
  render_repos(w, "models", found.models);
  render_repos(w, "datasets", found.datasets);
  render_repos(w, "spaces", found.spaces);
  render_accounts(w, "orgs", found.organizations);
  render_accounts(w, "users", found.users);
  for (std::string_view nothing_yet : {"collections", "buckets", "papers"})
    w.key(nothing_yet).begin_array().end_array().field(cat(nothing_yet, "Count"), 0);
  w.end_object();
  co_return json_reply(w);
}

namespace {

Result<hub::TextSearch> text_search_from(const Call& call) {
  hub::TextSearch search;
  search.text = call.request.query.find("q").value_or("");
  search.cursor = call.request.query.find("cursor").value_or("");
  EMB_TRY(search.limit, query_number(call, "limit", 10, 1, hub::kTextSearchPageMax));
  for (const std::string& word : call.request.query.list("type")) {
    EMB_TRY(const RepoType type, parse_repo_type(word));
    if (std::ranges::find(search.types, type) == search.types.end()) search.types.push_back(type);
  }
  return search;
}

}  // namespace

Task<Result<http::Response>> full_text_search(Call& call) {
  EMB_CO_TRY(auto search, text_search_from(call));
  EMB_CO_TRY(auto found, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::search_cards(call.services(), blocking, call.caller, search);
             }));
  json::Writer w;
  w.begin_object().key("hits").begin_array();
  for (const hub::TextHit& hit : found.hits) {
    w.begin_object()
        .field("type", to_string(hit.repo.name.type))
        .field("id", hit.repo.name.id())
        .field("path", "README.md")
        .field("lastModified", to_iso8601(hit.repo.modified_ms))
        .field("private", hit.repo.is_private)
        .key("excerpt")
        .begin_array();
    for (const hub::ExcerptPiece& piece : hit.excerpt)
      w.begin_object().field("text", piece.text).field("mark", piece.mark).end_object();
    w.end_array().end_object();
  }
  w.end_array().field("total", found.total);
  if (found.is_capped) w.field("totalCapped", true);
  if (found.next) w.field("next", *found.next);
  w.end_object();
  co_return json_reply(w);
}

}  // namespace embrace::api
