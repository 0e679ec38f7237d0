// GET /api/site: this hub and its visitor, in one answer. GET /api/{T}/{id}/rights: what the
// visitor may do there.
#include "api/endpoints.h"
#include "api/pages/site_json.h"
#include "hub/repos.h"

namespace embrace::api {

Task<Result<http::Response>> site(Call& call) {
  json::Writer w;
  render_site(w, call);
  co_return json_reply(w);
}

Task<Result<http::Response>> rights(Call& call) {
  EMB_CO_TRY(auto repo, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::share_repo(call.services(), blocking, call.caller, call.target.repo,
                                      auth::Right::See);
             }));
  json::Writer w;
  render_rights(w, call.caller, *repo);
  co_return json_reply(w);
}

}  // namespace embrace::api
