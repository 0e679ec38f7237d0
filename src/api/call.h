#pragma once
// Call: one request with everything an endpoint needs: what was asked, by whom, of which
// repository, and the services that answer. Endpoints are coroutines
// `Task<Result<http::Response>>(Call&)`: parse, call hub/, render. They run on the connection's io
// thread; whatever blocks goes through `call.api.pool`.
//
// Ownership: the wall makes a Call and keeps it until the response's head is ready. A response body
// must not refer to it.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "api/target.h"
#include "api/trusted_proxies.h"
#include "auth/caller.h"
#include "base/result.h"
#include "http/message.h"
#include "hub/services.h"
#include "json/view.h"
#include "json/writer.h"
#include "rt/places.h"
#include "rt/pool.h"
#include "rt/spool.h"
#include "rt/task.h"

namespace embrace::web {
class Pages;
}

namespace embrace::api {

class Metrics;
struct Machine;

// What all requests share. Lives as long as the server.
struct Api {
  hub::Services& services;
  rt::Pool& pool;       // short work: SQL, git objects, small files
  rt::Pool& transfers;  // long writes: uploads, packs; a slow disk there must not stop lookups
  rt::Pool& passwords;  // argon2: slow by intention, so that it slows nothing else
  rt::Places& fetches;  // git processes
  rt::Places& pushes;
  rt::Places& write_turns;  // write_turn.h
  rt::Places& shards;       // Xet uploads that are being registered
  rt::Places& comparisons;  // take_comparison(): fewer than the pool's threads
  rt::Spools& spools;       // what slow readers of git's answers have not taken yet
  Metrics& metrics;
  const web::Pages& pages;
  const Machine& machine;
  TrustedProxies proxies;
  std::string version;
  std::function<bool()> is_ready;
};

struct Call {
  Api& api;
  http::Request& request;
  auth::Caller caller;
  Target target;
  std::string base;  // "http://host:port[/prefix]": where the client believes we are

  hub::Services& services() const { return api.services; }
  const hub::Settings& settings() const { return api.services.settings; }
};

using Endpoint = Task<Result<http::Response>> (*)(Call&);

// Runs `work(Blocking)` on the pool: the usual body of an endpoint.
template <class F>
auto on_pool(Call& call, F work) {
  return call.api.pool.run(std::move(work));
}

// The same for work that takes long: lookups must go on meanwhile. What needs a repository's write
// lock goes through write_turn.h.
template <class F>
auto on_transfers(Call& call, F work) {
  return call.api.transfers.run(std::move(work));
}

Error too_many_passwords();
// Runs what hashes a password. TooMany (retry_after) when too many wait for that already.
template <class F>
auto on_passwords(Api& api, F work) -> Task<std::invoke_result_t<F&, rt::Blocking>> {
  constexpr std::size_t queued_max = 32;  // some seconds of work
  if (api.passwords.queued() >= queued_max) co_return fail(too_many_passwords());
  co_return co_await api.passwords.run(std::move(work));
}

http::Response json_reply(json::Writer& writer, unsigned status = 200);
http::Response empty_reply(unsigned status = 200);
http::Response success_reply();  // {"success": true}

// What follows the verb as one name: a revision or ref arrives as one encoded segment or as
// several.
std::string joined_rest(const Call& call, std::string_view otherwise);

// The body as JSON: InvalidArgument when it is not, TooLarge above the limit of the settings.
Task<Result<json::Document>> read_json(Call& call);
// The same; an empty body reads as {}.
Task<Result<json::Document>> read_optional_json(Call& call);

// `Link: <base/path?query with cursor replaced>; rel="next"` (hub-api 1.8).
void add_next_link(const Call& call, http::Response& response, std::string_view parameter,
                   std::string_view value);

// A number from the query, clamped to [least, most]; `otherwise` when absent. InvalidArgument when
// it is no number.
Result<std::uint64_t> query_number(const Call& call, std::string_view name, std::uint64_t otherwise,
                                   std::uint64_t least, std::uint64_t most);

// For what reads much of a history: a place among the few that do at once, of which one caller gets
// half at most. Unavailable (retry_after) when none comes free in time.
Task<Result<rt::Place>> take_comparison(Call& call);

// Unauthenticated for an anonymous caller.
Status require_user(const Call& call);

}  // namespace embrace::api
