// GET /metrics: Prometheus' text format.
#include "api/endpoints.h"
#include "api/metrics.h"

namespace embrace::api {

Task<Result<http::Response>> metrics_page(Call& call) {
  http::Response response;
  response.fields.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = call.api.metrics.render();
  response.may_compress = true;
  co_return response;
}

}  // namespace embrace::api
