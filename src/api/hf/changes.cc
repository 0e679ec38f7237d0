// What changed: a commit, two revisions side by side, the history of a path, who wrote each line.
// Costly, so only a few are made at once, and one caller can't take every place.
#include "hub/changes.h"

#include <algorithm>

#include "api/endpoints.h"
#include "api/hf/commit_json.h"
#include "base/strings.h"
#include "web/html.h"

namespace embrace::api {
namespace {

std::string_view word_of(git::FileDiff::Change change) {
  switch (change) {
    case git::FileDiff::Change::Added:
      return "added";
    case git::FileDiff::Change::Deleted:
      return "deleted";
    case git::FileDiff::Change::Renamed:
      return "renamed";
    case git::FileDiff::Change::Modified:
      break;
  }
  return "modified";
}

void render_lfs(json::Writer& w, const git::FileDiff& file) {
  w.key("lfs").begin_object();
  if (file.old_lfs)
    w.field("oldOid", file.old_lfs->sha256.hex()).field("oldSize", file.old_lfs->size_bytes);
  if (file.new_lfs)
    w.field("newOid", file.new_lfs->sha256.hex()).field("newSize", file.new_lfs->size_bytes);
  w.end_object();
}

void render_hunk(json::Writer& w, const git::Hunk& hunk) {
  w.begin_object()
      .field("oldStart", hunk.old_start)
      .field("oldLines", hunk.old_lines)
      .field("newStart", hunk.new_start)
      .field("newLines", hunk.new_lines)
      .field("header", hunk.header);
  w.key("lines").begin_array();
  for (const std::string& line : hunk.lines) w.value(line);
  w.end_array().end_object();
}

void render_diff(json::Writer& w, const git::Diff& diff) {
  w.key("diff").begin_object().key("files").begin_array();
  for (const git::FileDiff& file : diff.files) {
    w.begin_object().field("path", file.path);
    if (!file.old_path.empty()) w.field("oldPath", file.old_path);
    w.field("status", word_of(file.change))
        .field("additions", file.additions)
        .field("deletions", file.deletions)
        .field("binary", file.is_binary);
    if (file.old_lfs || file.new_lfs) render_lfs(w, file);
    if (file.is_too_large) w.field("tooLarge", true);
    w.key("hunks").begin_array();
    for (const git::Hunk& hunk : file.hunks) render_hunk(w, hunk);
    w.end_array().end_object();
  }
  w.end_array()
      .field("additions", diff.additions)
      .field("deletions", diff.deletions)
      .field("truncated", diff.is_truncated)
      .end_object();
}

http::Response patch_reply(const git::Diff& diff) {
  http::Response response(200);
  response.fields.add("Content-Type", "text/plain; charset=utf-8");
  // Text of strangers: never anything but text.
  response.fields.add("X-Content-Type-Options", "nosniff");
  response.body = git::render_patch(diff);
  return response;
}

void id_object(json::Writer& w, std::string_view key, const git::Oid& id) {
  w.key(key).begin_object().field("id", id.hex()).end_object();
}

}  // namespace

void commit_fields(json::Writer& w, const git::Commit& commit) {
  w.field("id", commit.oid.hex())
      .field("title", commit.title)
      .field("message", commit.message)
      .key("authors")
      .begin_array()
      .begin_object()
      .field("user", commit.author.name)
      .end_object()
      .end_array()
      .field("date", to_iso8601(commit.commit_ms));
}

bool wants_formatted(const Call& call) {
  const auto expand = call.request.query.list("expand");
  return std::ranges::find(expand, "formatted") != expand.end();
}

http::Response commits_reply(const std::vector<git::Commit>& commits, bool formatted) {
  json::Writer w;
  w.begin_array();
  for (const git::Commit& commit : commits) {
    w.begin_object();
    commit_fields(w, commit);
    if (formatted) {
      // Plain text made safe for HTML: links and mentions are a page's concern.
      w.key("formatted")
          .begin_object()
          .field("title", web::escape_html(commit.title))
          .field("message", web::escape_html(commit.message))
          .end_object();
    }
    w.end_object();
  }
  w.end_array();
  return json_reply(w);
}

Task<Result<http::Response>> commits_of_path(Call& call, std::uint64_t page, std::uint64_t limit) {
  const std::string rev = joined_rest(call, "HEAD");
  const std::string path(call.request.query.find("path").value_or(""));
  EMB_CO_TRY(rt::Place place, co_await take_comparison(call));
  EMB_CO_TRY(auto history, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::path_history(call.services(), blocking, call.caller, call.target.repo,
                                        rev, path, page * limit, limit);
             }));
  http::Response response = commits_reply(history.commits, wants_formatted(call));
  if (history.has_more) add_next_link(call, response, "p", cat(page + 1));
  co_return response;
}

Task<Result<http::Response>> commit_change(Call& call) {
  const std::string rev = joined_rest(call, "HEAD");
  EMB_CO_TRY(rt::Place place, co_await take_comparison(call));
  EMB_CO_TRY(auto change, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::commit_change(call.services(), blocking, call.caller, call.target.repo,
                                         rev);
             }));
  if (call.request.query.flag("raw")) co_return patch_reply(change.diff);
  json::Writer w;
  w.begin_object().key("commit").begin_object();
  commit_fields(w, change.commit);
  w.key("parents").begin_array();
  for (const git::Oid& parent : change.commit.parents) w.value(parent.hex());
  w.end_array().end_object();
  render_diff(w, change.diff);
  w.end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> compare(Call& call) {
  const std::string range = joined_rest(call, "");
  EMB_CO_TRY(rt::Place place, co_await take_comparison(call));
  EMB_CO_TRY(auto change, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::range_change(call.services(), blocking, call.caller, call.target.repo,
                                        range);
             }));
  if (call.request.query.flag("raw")) co_return patch_reply(change.diff);
  json::Writer w;
  w.begin_object();
  id_object(w, "base", change.base);
  id_object(w, "head", change.head);
  if (change.comparison.merge_base)
    id_object(w, "mergeBase", *change.comparison.merge_base);
  else
    w.key("mergeBase").null();
  w.field("ahead", change.comparison.ahead).key("commits").begin_array();
  for (const git::Commit& commit : change.comparison.commits) {
    w.begin_object();
    commit_fields(w, commit);
    w.end_object();
  }
  w.end_array();
  render_diff(w, change.diff);
  w.end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> blame(Call& call) {
  EMB_CO_TRY(rt::Place place, co_await take_comparison(call));
  EMB_CO_TRY(auto found, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::blame_file(call.services(), blocking, call.caller, call.target.repo,
                                      call.target.rest);
             }));
  json::Writer w;
  w.begin_object().key("commits").begin_object();
  for (const git::Commit& commit : found.blame.commits) {
    w.key(commit.oid.hex()).begin_object();
    commit_fields(w, commit);
    w.end_object();
  }
  w.end_object().key("ranges").begin_array();
  for (const git::BlameRange& range : found.blame.ranges) {
    w.begin_object()
        .field("commit", found.blame.commits[range.commit].oid.hex())
        .field("start", range.first)
        .field("lines", range.lines)
        .end_object();
  }
  w.end_array().end_object();
  http::Response response = json_reply(w);
  response.fields.add("X-Repo-Commit", found.commit.hex());
  co_return response;
}

}  // namespace embrace::api
