// What large files a repository holds, and taking them out (hub-api 8.6, 10).
#include "api/endpoints.h"
#include "api/write_turn.h"
#include "base/strings.h"
#include "hub/lfs.h"

namespace embrace::api {
namespace {

Task<Result<http::Response>> remove(Call& call, std::vector<Digest> objects, bool rewrite_history) {
  EMB_CO_DO(
      co_await in_turn(call, call.target.repo, auth::Right::Write, [&](rt::Blocking blocking) {
        return hub::delete_lfs_files(call.services(), blocking, call.caller, call.target.repo,
                                     objects, rewrite_history);
      }));
  co_return success_reply();
}

}  // namespace

Task<Result<http::Response>> list_lfs_files(Call& call) {
  EMB_CO_TRY(auto limit, query_number(call, "limit", 1000, 1, 1000));
  const std::string cursor(call.request.query.find("cursor").value_or(""));
  EMB_CO_TRY(auto page, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::list_lfs_files(call.services(), blocking, call.caller, call.target.repo,
                                          cursor, limit);
             }));
  json::Writer w;
  w.begin_array();
  for (const auto& row : page.rows) {
    w.begin_object()
        .field("fileOid", row.sha256.hex())
        .field("filename", row.filename)
        .field("oid", row.commit);
    w.field("pushedAt", to_iso8601(row.pushed_ms)).field("size", row.size_bytes);
    if (!row.ref.empty()) w.field("ref", row.ref);
    w.end_object();
  }
  w.end_array();
  http::Response response = json_reply(w);
  if (page.next) add_next_link(call, response, "cursor", *page.next);
  co_return response;
}

// POST lfs-files/batch deletes; POST lfs-files/duplicate links into another repository.
Task<Result<http::Response>> delete_lfs_files(Call& call) {
  const std::string action = call.target.rest.empty() ? "" : call.target.rest[0];
  if (action == "duplicate") co_return co_await duplicate_lfs_files(call);
  if (action != "batch")
    co_return fail(Code::NotFound, "lfs-files answers POST at batch and duplicate");
  EMB_CO_TRY(auto body, co_await read_json(call));
  json::View deletions = body.root()["deletions"];
  std::vector<Digest> objects;
  for (json::View sha : deletions["sha"].items()) {
    EMB_CO_TRY(Digest digest, Digest::parse(sha.text().value_or("")));
    objects.push_back(digest);
  }
  if (objects.empty() || objects.size() > 1000)
    co_return fail(Code::InvalidArgument, "\"deletions.sha\" must name 1 to 1000 objects");
  co_return co_await remove(call, std::move(objects),
                            deletions["rewriteHistory"].boolean().value_or(true));
}

Task<Result<http::Response>> delete_lfs_file(Call& call) {
  EMB_CO_TRY(Digest digest, Digest::parse(call.target.rest.empty() ? "" : call.target.rest[0]));
  const bool rewrite =
      !call.request.query.find("rewriteHistory") || call.request.query.flag("rewriteHistory");
  std::vector<Digest> objects{digest};
  co_return co_await remove(call, std::move(objects), rewrite);
}

Task<Result<http::Response>> duplicate_lfs_files(Call& call) {
  EMB_CO_TRY(auto body, co_await read_json(call));
  json::View target = body.root()["target"];
  EMB_CO_TRY(RepoType type, parse_repo_type(target.text_or("type", "model")));
  EMB_CO_TRY(RepoName to, RepoName::parse(type, target.text_or("name", "")));
  std::vector<Digest> objects;
  for (json::View file : body.root()["files"].items()) {
    EMB_CO_TRY(Digest digest, Digest::parse(file.text_or("sha256", "")));
    objects.push_back(digest);
  }
  if (objects.size() > 500)
    co_return fail(Code::InvalidArgument, "\"files\" may name at most 500 objects");
  EMB_CO_TRY(auto failures, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::duplicate_lfs_files(call.services(), blocking, call.caller,
                                               call.target.repo, to, objects);
             }));
  json::Writer w;
  w.begin_object().key("failed").begin_array();
  for (const auto& failure : failures)
    w.begin_object()
        .field("sha256", failure.sha256.hex())
        .field("error", failure.error)
        .end_object();
  w.end_array().end_object();
  co_return json_reply(w);
}

}  // namespace embrace::api
