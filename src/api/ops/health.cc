// GET /healthz: 200 once the server is ready and its database answers; for load balancers and
// scripts.
#include "api/endpoints.h"
#include "meta/accounts.h"

namespace embrace::api {

Task<Result<http::Response>> health(Call& call) {
  auto alive = co_await on_pool(call, [&](rt::Blocking blocking) {
    return call.services().database.read(blocking, [](db::Session& session) {
      return meta::accounts::count(session, meta::AccountKind::Organization);
    });
  });
  const bool ready = alive && call.api.is_ready();
  json::Writer w;
  w.begin_object().field("status", ready ? "ok" : "starting").field("version", call.api.version);
  if (!alive) w.field("error", alive.error().message());
  w.end_object();
  co_return json_reply(w, ready ? 200 : 503);
}

}  // namespace embrace::api
