// Branches, tags, history, squash (hub-api 11).
#include <algorithm>

#include "api/endpoints.h"
#include "api/hf/commit_json.h"
#include "api/write_turn.h"
#include "base/strings.h"
#include "hub/revisions.h"
#include "web/html.h"

namespace embrace::api {
namespace {

Result<std::string> required_rest(const Call& call, std::string_view what) {
  std::string name = joined_rest(call, "");
  if (name.empty()) return fail(Code::InvalidArgument, cat("the path must end with the ", what));
  return name;
}

void render_refs(json::Writer& w, std::string_view key, const std::vector<hub::NamedRef>& list) {
  w.key(key).begin_array();
  for (const auto& ref : list) {
    w.begin_object()
        .field("name", ref.name)
        .field("ref", ref.ref)
        .field("targetCommit", ref.commit.hex())
        .end_object();
  }
  w.end_array();
}

}  // namespace

Task<Result<http::Response>> refs(Call& call) {
  EMB_CO_TRY(auto list, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::list_refs(call.services(), blocking, call.caller, call.target.repo);
             }));
  json::Writer w;
  w.begin_object();
  render_refs(w, "branches", list.branches);
  render_refs(w, "converts", list.converts);
  render_refs(w, "tags", list.tags);
  if (call.request.query.flag("include_prs") || call.request.query.flag("include_pull_requests")) {
    render_refs(w, "pullRequests", list.pulls);
  }
  w.end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> commits(Call& call) {
  EMB_CO_TRY(auto page, query_number(call, "p", 0, 0, 1'000'000));
  EMB_CO_TRY(auto limit, query_number(call, "limit", 50, 1, call.settings().log_page_max));
  if (call.request.query.find("path").value_or("") != "")
    co_return co_await commits_of_path(call, page, limit);
  const bool formatted = wants_formatted(call);
  const std::string rev = joined_rest(call, "HEAD");
  EMB_CO_TRY(auto history, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::list_commits(call.services(), blocking, call.caller, call.target.repo,
                                        rev, page * limit, limit);
             }));
  http::Response response = commits_reply(history.commits, formatted);
  response.fields.add("X-Total-Count", cat(history.total));
  if ((page + 1) * limit < history.total) add_next_link(call, response, "p", cat(page + 1));
  co_return response;
}

Task<Result<http::Response>> create_branch(Call& call) {
  EMB_CO_TRY(auto body, co_await read_optional_json(call));
  hub::NewBranch branch;
  EMB_CO_TRY(branch.branch, required_rest(call, "branch's name"));
  if (auto start = body.root()["startingPoint"].text()) branch.starting_point = *start;
  branch.empty = body.root()["emptyBranch"].boolean().value_or(false);
  branch.overwrite = body.root()["overwrite"].boolean().value_or(false);
  EMB_CO_DO(
      co_await in_turn(call, call.target.repo, auth::Right::Write, [&](rt::Blocking blocking) {
        return hub::create_branch(call.services(), blocking, call.caller, call.target.repo, branch);
      }));
  co_return success_reply();
}

Task<Result<http::Response>> delete_branch(Call& call) {
  EMB_CO_TRY(std::string branch, required_rest(call, "branch's name"));
  EMB_CO_DO(
      co_await in_turn(call, call.target.repo, auth::Right::Write, [&](rt::Blocking blocking) {
        return hub::delete_branch(call.services(), blocking, call.caller, call.target.repo, branch);
      }));
  co_return success_reply();
}

Task<Result<http::Response>> create_tag(Call& call) {
  EMB_CO_TRY(auto body, co_await read_json(call));
  const std::string rev = joined_rest(call, "main");
  const std::string tag = body.root().text_or("tag", "");
  const std::string message = body.root().text_or("message", "");
  if (tag.empty()) co_return fail(Code::InvalidArgument, "\"tag\" is required");
  EMB_CO_DO(
      co_await in_turn(call, call.target.repo, auth::Right::Write, [&](rt::Blocking blocking) {
        return hub::create_tag(call.services(), blocking, call.caller, call.target.repo, rev, tag,
                               message);
      }));
  co_return success_reply();
}

Task<Result<http::Response>> delete_tag(Call& call) {
  EMB_CO_TRY(std::string tag, required_rest(call, "tag's name"));
  EMB_CO_DO(
      co_await in_turn(call, call.target.repo, auth::Right::Write, [&](rt::Blocking blocking) {
        return hub::delete_tag(call.services(), blocking, call.caller, call.target.repo, tag);
      }));
  co_return success_reply();
}

Task<Result<http::Response>> super_squash(Call& call) {
  EMB_CO_TRY(auto body, co_await read_optional_json(call));
  const std::string branch = joined_rest(call, "main");
  const std::string message = body.root().text_or("message", "");
  if (message.size() > 500)
    co_return fail(Code::InvalidArgument, "\"message\" may have at most 500 characters");
  EMB_CO_TRY(
      auto commit,
      co_await in_turn(call, call.target.repo, auth::Right::Write, [&](rt::Blocking blocking) {
        return hub::super_squash(call.services(), blocking, call.caller, call.target.repo, branch,
                                 message);
      }));
  json::Writer w;
  w.begin_object().field("success", true).field("commitOid", commit.hex()).end_object();
  co_return json_reply(w);
}

}  // namespace embrace::api
