// LFS file locks (hub-api 23.2).
#include "api/endpoints.h"
#include "api/lfs/lfs_json.h"
#include "base/strings.h"
#include "hub/lfs.h"

namespace embrace::api {
namespace {

constexpr std::size_t kPage = 100;

void render_lock(json::Writer& w, const meta::LfsLock& lock) {
  w.begin_object()
      .field("id", cat(lock.id))
      .field("path", lock.path)
      .field("locked_at", to_iso8601(lock.locked_ms));
  w.key("owner").begin_object().field("name", lock.owner_name).end_object().end_object();
}

Result<std::int64_t> read_cursor(std::string_view text) {
  if (text.empty()) return 0;
  auto number = parse_uint(text);
  if (!number || *number > INT64_MAX)
    return fail(Code::InvalidArgument, "\"cursor\" is unreadable: start again without one");
  return static_cast<std::int64_t>(*number);
}

}  // namespace

Task<Result<http::Response>> lfs_create_lock(Call& call) {
  EMB_CO_TRY(auto body, co_await read_json(call));
  const std::string path = body.root().text_or("path", "");
  const std::string ref = body.root()["ref"].text_or("name", "");
  auto lock = co_await on_pool(call, [&](rt::Blocking blocking) {
    return hub::create_lock(call.services(), blocking, call.caller, call.target.repo, path, ref);
  });
  json::Writer w;
  if (lock) {
    w.begin_object().key("lock");
    render_lock(w, *lock);
    w.end_object();
    co_return lfs_reply(w, 201);
  }
  if (lock.error().code() != Code::Conflict) co_return fail(std::move(lock).error());
  // The client shows who holds it.
  EMB_CO_TRY(auto held, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::list_locks(call.services(), blocking, call.caller, call.target.repo,
                                      path, std::nullopt, 0, 1, auth::Right::Read);
             }));
  w.begin_object();
  if (!held.locks.empty()) {
    w.key("lock");
    render_lock(w, held.locks[0]);
  }
  w.field("message", lock.error().message()).end_object();
  co_return lfs_reply(w, 409);
}

Task<Result<http::Response>> lfs_list_locks(Call& call) {
  const http::Query& query = call.request.query;
  EMB_CO_TRY(auto limit, query_number(call, "limit", kPage, 1, 1000));
  EMB_CO_TRY(auto after, read_cursor(query.find("cursor").value_or("")));
  const std::string path(query.find("path").value_or(""));
  std::optional<std::int64_t> id;
  if (auto text = query.find("id")) {
    EMB_CO_TRY(id, read_cursor(*text));
  }
  EMB_CO_TRY(auto page, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::list_locks(call.services(), blocking, call.caller, call.target.repo,
                                      path, id, after, limit, auth::Right::Read);
             }));
  json::Writer w;
  w.begin_object().key("locks").begin_array();
  for (const auto& lock : page.locks) render_lock(w, lock);
  w.end_array();
  if (page.next) w.field("next_cursor", cat(*page.next));
  w.end_object();
  co_return lfs_reply(w);
}

// Asked before every push: which locks are mine, which are others'.
Task<Result<http::Response>> lfs_verify_locks(Call& call) {
  EMB_CO_TRY(auto body, co_await read_optional_json(call));
  EMB_CO_TRY(auto after, read_cursor(body.root().text_or("cursor", "")));
  const auto limit = static_cast<std::size_t>(
      std::clamp<std::int64_t>(body.root()["limit"].integer().value_or(kPage), 1, 1000));
  // Asked before every push, also before one to the caller's own pull request: git-lfs takes a 403
  // for the end of it.
  EMB_CO_TRY(auto page, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::list_locks(call.services(), blocking, call.caller, call.target.repo, "",
                                      std::nullopt, after, limit, auth::Right::Propose);
             }));
  json::Writer w;
  w.begin_object();
  for (bool ours : {true, false}) {
    w.key(ours ? "ours" : "theirs").begin_array();
    for (const auto& lock : page.locks) {
      if ((lock.owner_id == call.caller.id()) == ours) render_lock(w, lock);
    }
    w.end_array();
  }
  if (page.next) w.field("next_cursor", cat(*page.next));
  w.end_object();
  co_return lfs_reply(w);
}

// POST info/lfs/locks/{id}/unlock
Task<Result<http::Response>> lfs_unlock(Call& call) {
  EMB_CO_TRY(auto body, co_await read_optional_json(call));
  const std::string_view verb = call.target.verb;
  auto id = parse_uint(verb.substr(verb.rfind('/') + 1));
  if (!id || call.target.rest.size() != 1 || call.target.rest[0] != "unlock")
    co_return fail(Code::NotFound, "No such lock");
  const bool force = body.root()["force"].boolean().value_or(false);
  EMB_CO_TRY(auto lock, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::unlock(call.services(), blocking, call.caller, call.target.repo,
                                  static_cast<std::int64_t>(*id), force);
             }));
  json::Writer w;
  w.begin_object().key("lock");
  render_lock(w, lock);
  w.end_object();
  co_return lfs_reply(w);
}

}  // namespace embrace::api
