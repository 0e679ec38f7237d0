// Pull requests as far as committing to them needs (hub-api 12): open one, read it, list them.
// Their conversation comes with the collaboration work; what asks for it gets a clear 501.
#include "api/endpoints.h"
#include "base/strings.h"
#include "hub/commits.h"

namespace embrace::api {
namespace {

// Fields of the list item; the caller closes the object.
void render_pull(json::Writer& w, const meta::PullRequest& pull, const RepoName& repo) {
  w.begin_object()
      .field("num", pull.number)
      .field("title", pull.title)
      .field("status", to_string(pull.status));
  if (!pull.author_name.empty()) {  // never null: Python crashes on it (trap 28)
    w.key("author")
        .begin_object()
        .field("name", pull.author_name)
        .field("fullname", pull.author_name)
        .field("type", "user");
    w.field("avatarUrl", cat("/avatars/", pull.author_name, ".svg")).end_object();
  }
  w.field("isPullRequest", true)
      .field("createdAt", to_iso8601(pull.created_ms))
      .field("pinned", false)
      .field("numComments", 1);
  w.key("repo")
      .begin_object()
      .field("name", repo.id())
      .field("type", to_string(repo.type))
      .end_object();
}

void begin_event(json::Writer& w, std::string_view id, std::string_view type, Millis when,
                 std::string_view author) {
  w.begin_object().field("id", id).field("type", type).field("createdAt", to_iso8601(when));
  if (!author.empty())
    w.key("author").begin_object().field("name", author).field("type", "user").end_object();
  w.key("data").begin_object();
}

void render_details(json::Writer& w, const hub::PullDetails& details) {
  const meta::PullRequest& pull = details.pull;
  render_pull(w, pull, details.repo.name);
  w.field("locked", false).field("filesWithConflicts", false);
  w.key("changes").begin_object().field("base", pull.base_ref).end_object();
  w.key("events").begin_array();
  begin_event(w, meta::objid(pull.created_ms, 'c', pull.number), "comment", pull.created_ms,
              pull.author_name);
  w.field("edited", false).field("hidden", false).field("numEdits", 0).key("latest").begin_object();
  w.field("raw", pull.description)
      .field("html", "")
      .field("updatedAt", to_iso8601(pull.created_ms))
      .end_object();
  w.end_object().end_object();
  for (const auto& commit : details.commits) {
    begin_event(w, commit.oid.hex().substr(0, 24), "commit", commit.commit_ms, commit.author.name);
    w.field("subject", commit.title).field("oid", commit.oid.hex()).end_object().end_object();
  }
  w.end_array().end_object();
}

}  // namespace

Task<Result<http::Response>> list_discussions(Call& call) {
  if (!call.target.rest.empty()) co_return co_await discussion_details(call);
  EMB_CO_TRY(auto page, query_number(call, "p", 0, 0, 100'000));
  constexpr std::size_t kPage = 50;
  const auto type = call.request.query.find("type").value_or("all");
  const auto status = call.request.query.find("status").value_or("all");
  meta::repos::PullFilter filter;
  filter.author = call.request.query.find("author").value_or("");
  if (status == "open" || status == "closed") filter.is_open = status == "open";
  const std::size_t start = page * kPage;
  // Of discussions there are none yet, so none are asked for: but the repository's rights are.
  const std::size_t limit = type == "discussion" ? 0 : kPage;
  EMB_CO_TRY(auto found, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::list_pulls(call.services(), blocking, call.caller, call.target.repo,
                                      filter, start, limit);
             }));
  // `count` respects the filters: Python loops while start + len < count.
  if (type == "discussion") found.total = 0;
  json::Writer w;
  w.begin_object().key("discussions").begin_array();
  for (const auto& pull : found.pulls) {
    render_pull(w, pull, call.target.repo);
    w.end_object();
  }
  w.end_array()
      .field("count", found.total)
      .field("start", std::min<std::uint64_t>(start, found.total))
      .field("numClosedDiscussions", 0)
      .end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> create_discussion(Call& call) {
  if (!call.target.rest.empty()) {
    co_return fail(Code::NotBuilt,
                   "Comments, merging and the rest of a discussion are not built yet on this hub");
  }
  EMB_CO_TRY(auto body, co_await read_json(call));
  if (!body.root()["pullRequest"].boolean().value_or(false)) {
    co_return fail(
        Code::NotBuilt,
        "Discussions are not built yet on this hub; pull requests are (\"pullRequest\": true)");
  }
  const std::string title = body.root().text_or("title", "");
  const std::string description = body.root().text_or("description", "");
  if (title.size() < 3 || title.size() > 200)
    co_return fail(Code::InvalidArgument, "\"title\" must have 3 to 200 characters");
  EMB_CO_TRY(auto pull, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::create_pull(call.services(), blocking, call.caller, call.target.repo,
                                       title, description);
             }));
  json::Writer w;
  w.begin_object().field("num", pull.number).field("pullRequest", true);
  w.field("url", cat(call.base, "/", call.target.repo.path(), "/discussions/", pull.number))
      .end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> discussion_details(Call& call) {
  auto number = parse_uint(call.target.rest.at(0));
  if (!number || call.target.rest.size() > 1)
    co_return fail(Code::NotFound, "Discussion not found");
  EMB_CO_TRY(auto details, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::find_pull(call.services(), blocking, call.caller, call.target.repo,
                                     static_cast<std::int64_t>(*number));
             }));
  json::Writer w;
  render_details(w, details);
  co_return json_reply(w);
}

}  // namespace embrace::api
