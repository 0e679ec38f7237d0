// Trees and paths: GET tree/{rev}/{path}, POST paths-info/{rev}, GET treesize/{rev}/{path}
// (hub-api 7.1).
#include <optional>

#include "api/endpoints.h"
#include "base/strings.h"
#include "hub/files.h"
#include "hub/repos.h"
#include "hub/revisions.h"
#include "hub/tree_size.h"

namespace embrace::api {
namespace {

void render_entry(json::Writer& w, const hub::TreeEntry& row) {
  const git::Entry& entry = row.entry;
  w.begin_object()
      .field("type", entry.is_folder() ? "directory" : "file")
      .field("oid", entry.oid.hex())
      .field("size", entry.is_folder() ? 0 : entry.size_bytes())
      .field("path", entry.path);
  if (entry.lfs) {
    w.key("lfs")
        .begin_object()
        .field("oid", entry.lfs->sha256.hex())
        .field("size", entry.lfs->size_bytes);
    w.field("pointerSize", entry.blob_bytes).end_object();
    if (!row.xet_hash.is_zero()) w.field("xetHash", row.xet_hash.text());
  }
  if (row.last_commit) {
    w.key("lastCommit")
        .begin_object()
        .field("id", row.last_commit->oid.hex())
        .field("title", row.last_commit->title)
        .field("date", to_iso8601(row.last_commit->commit_ms))
        .end_object();
  }
  w.end_object();
}

http::Response entries_reply(const std::vector<hub::TreeEntry>& entries) {
  json::Writer w;
  w.begin_array();
  for (const auto& entry : entries) render_entry(w, entry);
  w.end_array();
  return json_reply(w);
}

// The rest of the path names a revision and a folder, joined; only the repository's refs tell where
// one ends.
Result<hub::RevisionAndPath> split_rest(Call& call, rt::Blocking blocking, const meta::Repo& repo) {
  if (call.target.rest.empty()) return hub::RevisionAndPath{"HEAD", ""};
  return hub::split_revision(call.services(), blocking, repo, call.target.rest);
}

struct PathsWanted {
  std::vector<std::string> paths;
  bool expand = false;
};

// Python sends a form, JS sends JSON (trap 22).
Task<Result<PathsWanted>> read_paths(Call& call) {
  EMB_CO_TRY(std::string text,
             co_await http::read_body(call.request, call.settings().json_body_bytes_max));
  PathsWanted wanted;
  if (call.request.fields.find("Content-Type").value_or("").starts_with("application/json")) {
    EMB_CO_TRY(auto document, json::Document::parse(text));
    json::View paths = document.root()["paths"];
    if (!paths.is_string() && !paths.is_array())
      co_return fail(Code::InvalidArgument, "\"paths\" is required: a list of paths");
    if (auto single = paths.text()) wanted.paths.emplace_back(*single);
    for (json::View path : paths.items()) {
      if (!path.text()) co_return fail(Code::InvalidArgument, "\"paths\" must hold strings");
      wanted.paths.emplace_back(*path.text());
    }
    wanted.expand = document.root()["expand"].boolean().value_or(false);
  } else {
    const http::Query form = http::Query::parse(text);
    wanted.paths = form.repeated("paths");
    wanted.expand = form.flag("expand");
  }
  const auto most = call.settings().paths_info_max;
  if (wanted.paths.size() > most)
    co_return fail(Code::TooLarge, cat("At most ", most, " paths can be asked for at once"));
  co_return wanted;
}

}  // namespace

Task<Result<http::Response>> tree(Call& call) {
  hub::TreeQuery query;
  query.recursive = call.request.query.flag("recursive");
  query.expand = call.request.query.flag("expand");
  query.cursor = call.request.query.find("cursor").value_or("");
  const std::uint64_t most = query.expand ? 100 : call.settings().tree_page_max;
  EMB_CO_TRY(query.limit, query_number(call, "limit", most, 1, most));
  std::optional<rt::Place> place;
  if (query.expand) {
    EMB_CO_TRY(auto taken, co_await take_comparison(call));
    place.emplace(std::move(taken));
  }
  EMB_CO_TRY(auto page, co_await on_pool(call, [&](rt::Blocking blocking) -> Result<hub::TreePage> {
               EMB_TRY(auto repo, hub::find_repo(call.services(), blocking, call.caller,
                                                 call.target.repo, auth::Right::See));
               EMB_TRY(auto where, split_rest(call, blocking, repo));
               query.rev = std::move(where.rev);
               query.path = std::move(where.path);
               return hub::list_tree(call.services(), blocking, call.caller, call.target.repo,
                                     query);
             }));
  http::Response response = entries_reply(page.entries);
  response.fields.add("X-Repo-Commit", page.commit.hex());
  if (page.next) add_next_link(call, response, "cursor", *page.next);
  co_return response;
}

Task<Result<http::Response>> paths_info(Call& call) {
  EMB_CO_TRY(PathsWanted wanted, co_await read_paths(call));
  std::optional<rt::Place> place;
  if (wanted.expand) {
    EMB_CO_TRY(auto taken, co_await take_comparison(call));
    place.emplace(std::move(taken));
  }
  EMB_CO_TRY(
      auto entries,
      co_await on_pool(call, [&](rt::Blocking blocking) -> Result<std::vector<hub::TreeEntry>> {
        EMB_TRY(auto repo, hub::find_repo(call.services(), blocking, call.caller, call.target.repo,
                                          auth::Right::See));
        EMB_TRY(auto where, split_rest(call, blocking, repo));
        return hub::paths_info(call.services(), blocking, call.caller, call.target.repo, where.rev,
                               wanted.paths, wanted.expand);
      }));
  co_return entries_reply(entries);
}

// Bytes below a folder, LFS files at their real size.
Task<Result<http::Response>> tree_size(Call& call) {
  std::string path;
  EMB_CO_TRY(auto size, co_await on_pool(call, [&](rt::Blocking blocking) -> Result<std::uint64_t> {
               EMB_TRY(auto repo, hub::find_repo(call.services(), blocking, call.caller,
                                                 call.target.repo, auth::Right::See));
               EMB_TRY(auto where, split_rest(call, blocking, repo));
               path = where.path;
               return hub::tree_size(call.services(), blocking, call.caller, call.target.repo,
                                     where.rev, where.path);
             }));
  json::Writer w;
  w.begin_object().field("path", cat("/", path)).field("size", size).end_object();
  co_return json_reply(w);
}

}  // namespace embrace::api
