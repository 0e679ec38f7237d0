// Administrators: the queue of jobs, how the server is doing, and the settings in force.
#include "api/machine.h"

#include "api/admin/require_admin.h"
#include "api/endpoints.h"
#include "api/metrics.h"
#include "base/strings.h"
#include "hub/administration.h"

namespace embrace::api {
namespace {

using State = meta::jobs::State;

constexpr std::string_view kStates[] = {"waiting", "running", "done", "failed"};

Result<std::optional<State>> read_state(const Call& call) {
  const auto word = call.request.query.find("state").value_or("");
  if (word.empty()) return std::nullopt;
  for (std::size_t i = 0; i < std::size(kStates); ++i) {
    if (word == kStates[i]) return static_cast<State>(i);
  }
  return fail(Code::InvalidArgument, "\"state\" must be waiting, running, done or failed");
}

void render_requests(json::Writer& w, const Metrics& metrics) {
  const auto totals = metrics.totals();
  w.key("requests").begin_object().field("total", totals.requests);
  for (std::size_t i = 0; i < totals.by_class.size(); ++i) {
    if (totals.by_class[i] > 0) w.field(cat(i, "xx"), totals.by_class[i]);
  }
  w.end_object().key("gauges").begin_object();
  for (const auto& [name, value] : metrics.gauges()) w.field(name, value);
  w.end_object();
}

}  // namespace

Task<Result<http::Response>> admin_jobs(Call& call) {
  EMB_CO_DO(require_admin(call));
  EMB_CO_TRY(const auto state, read_state(call));
  EMB_CO_TRY(const auto limit, query_number(call, "limit", 100, 1, 1000));
  EMB_CO_TRY(const auto jobs, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::list_jobs(call.services(), blocking, state, limit);
             }));
  json::Writer w;
  w.begin_object().key("jobs").begin_array();
  for (const auto& job : jobs) {
    w.begin_object()
        .field("id", job.id)
        .field("kind", job.kind)
        .field("subject", job.dedupe)
        .field("state", kStates[static_cast<std::size_t>(job.state)])
        .field("attempts", job.attempts)
        .field("runAfter", to_iso8601(job.run_after_ms))
        .field("createdAt", to_iso8601(job.created_ms))
        .field("lastError", job.last_error)
        .end_object();
  }
  w.end_array().end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> admin_retry_job(Call& call) {
  EMB_CO_DO(require_admin(call));
  const auto id = parse_uint(call.target.segments.at(3));
  if (!id || *id > INT64_MAX) co_return fail(Code::NotFound, "No such job");
  EMB_CO_DO(co_await on_pool(call, [&](rt::Blocking blocking) {
    return hub::retry_job(call.services(), blocking, static_cast<std::int64_t>(*id));
  }));
  co_return empty_reply(204);
}

Task<Result<http::Response>> admin_health(Call& call) {
  EMB_CO_DO(require_admin(call));
  EMB_CO_TRY(const auto figures, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::measure_machine(call.services(), blocking);
             }));
  const Machine& machine = call.api.machine;
  json::Writer w;
  w.begin_object()
      .field("version", call.api.version)
      .field("startedAt", to_iso8601(machine.started_ms))
      .field("uptimeSeconds", (call.services().clock.now_ms() - machine.started_ms) / 1000)
      .field("database", machine.database)
      .field("databaseBytes", figures.database_bytes)
      .field("blobs", machine.blobs)
      .field("dataFolder", call.settings().data_folder)
      .field("diskFreeBytes", figures.disk_free_bytes)
      .field("diskTotalBytes", figures.disk_total_bytes)
      .field("memoryBytes", figures.memory_bytes);
  w.key("threads")
      .begin_object()
      .field("io", machine.io_threads)
      .field("pool", machine.pool_threads)
      .field("transfers", machine.transfer_threads)
      .end_object();
  render_requests(w, call.api.metrics);
  w.end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> admin_settings(Call& call) {
  EMB_CO_DO(require_admin(call));
  json::Writer w;
  w.begin_object().key("settings").begin_array();
  for (const auto& setting : call.api.machine.settings) {
    w.begin_object()
        .field("name", setting.name)
        .field("value", setting.value)
        .field("help", setting.help)
        .end_object();
  }
  w.end_array().end_object();
  co_return json_reply(w);
}

}  // namespace embrace::api
