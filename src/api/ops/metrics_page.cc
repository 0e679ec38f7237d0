// GET /metrics: Prometheus' text format, for who runs this server.
#include <algorithm>

#include "api/endpoints.h"
#include "api/metrics.h"

namespace embrace::api {
namespace {

// From this machine, and not through a proxy that runs on it.
bool is_local(const http::Request& request) {
  constexpr std::string_view kProxyFields[] = {"X-Forwarded-For", "X-Forwarded-Host",
                                               "X-Forwarded-Proto", "Forwarded", "Via"};
  const std::string_view peer = request.peer;
  const bool is_loopback =
      peer == "::1" || peer.starts_with("127.") || peer.starts_with("::ffff:127.");
  return is_loopback && std::ranges::none_of(kProxyFields, [&](std::string_view name) {
           return request.fields.find(name).has_value();
         });
}

}  // namespace

Task<Result<http::Response>> metrics_page(Call& call) {
  if (!call.settings().metrics_public && !is_local(call.request) && !call.caller.is_site_admin()) {
    co_return fail(call.caller.is_anonymous() ? Code::Unauthenticated : Code::Denied,
                   "Metrics are for this machine and for an administrator's token, unless the "
                   "setting metrics_public opens them");
  }
  http::Response response;
  response.fields.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = call.api.metrics.render();
  response.may_compress = true;
  co_return response;
}

}  // namespace embrace::api
