// GET /api/{T}/{id}/xet-{read,write}-token/{rev}: the door between the Hub and the chunk store,
// asked with the Hub's credentials.
#include "api/endpoints.h"
#include "api/xet/xet_call.h"

namespace embrace::api {
namespace {

Task<Result<http::Response>> grant(Call& call, hub::XetToken::Scope scope) {
  const std::string rev = joined_rest(call, "");
  const bool create_pull = call.request.query.flag("create_pr");
  EMB_CO_TRY(const auto token, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::grant_xet(call.services(), blocking, call.caller, call.target.repo,
                                     scope, rev, create_pull);
             }));
  co_return token_reply(call, token);
}

}  // namespace

Task<Result<http::Response>> xet_read_token(Call& call) {
  co_return co_await grant(call, hub::XetToken::Scope::Read);
}

Task<Result<http::Response>> xet_write_token(Call& call) {
  co_return co_await grant(call, hub::XetToken::Scope::Write);
}

}  // namespace embrace::api
