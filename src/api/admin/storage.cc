// Administrators: what is stored, what waits to be removed, and quotas. `embrace admin storage`,
// `gc` and `quota` as JSON.
#include "api/admin/require_admin.h"
#include "api/endpoints.h"
#include "base/strings.h"
#include "hub/garbage.h"
#include "hub/quota.h"
#include "meta/overview.h"

namespace embrace::api {
namespace {

void render_count(json::Writer& w, std::string_view name, std::uint64_t count,
                  std::uint64_t bytes) {
  w.key(name).begin_object().field("count", count).field("bytes", bytes).end_object();
}

void render_report(json::Writer& w, const hub::GarbageReport& report, bool is_dry_run) {
  w.begin_object()
      .field("dryRun", is_dry_run)
      .field("reposWalked", report.repos_walked)
      .field("reposLeftOut", report.repos_left_out);
  render_count(w, "linksCondemned", report.condemned.files, report.condemned.bytes);
  render_count(w, "linksRemoved", report.unlinked.files, report.unlinked.bytes);
  render_count(w, "filesDropped", report.dropped.files, report.dropped.bytes);
  render_count(w, "xorbsCondemned", report.xorbs.condemned.xorbs, report.xorbs.condemned.bytes);
  render_count(w, "xorbsRemoved", report.xorbs.removed.xorbs, report.xorbs.removed.bytes);
  render_count(w, "straysRemoved", report.xorbs.strays.xorbs, report.xorbs.strays.bytes);
  w.key("lines").begin_array();
  for (const auto& line : hub::describe(report, is_dry_run)) w.value(line);
  w.end_array().end_object();
}

// A number of bytes; null: the server's default again; "none": as much as there is room for.
Result<std::optional<meta::storage::Quota>> read_quota(json::View bytes) {
  if (bytes.is_null()) return std::nullopt;
  if (bytes.text() == "none") return meta::storage::Quota{};
  if (const auto number = bytes.integer(); number && *number >= 0)
    return meta::storage::Quota{.bytes = static_cast<std::uint64_t>(*number)};
  return fail(Code::InvalidArgument, "\"bytes\" must be a number, null or \"none\"");
}

}  // namespace

Task<Result<http::Response>> admin_storage(Call& call) {
  EMB_CO_DO(require_admin(call));
  meta::overview::Garbage garbage;
  EMB_CO_TRY(const auto report,
             co_await on_transfers(call, [&](rt::Blocking blocking) -> Result<hub::StorageReport> {
               EMB_TRY(garbage, call.services().database.read(blocking, [](db::Session& session) {
                 return meta::overview::garbage(session);
               }));
               return hub::report_storage(call.services(), blocking);
             }));
  json::Writer w;
  w.begin_object()
      .field("logicalBytes", report.figures.logical_bytes)
      .field("storedBytes", report.figures.stored_bytes)
      .field("savedBytes", report.saved_bytes())
      .field("xorbs", report.figures.xorbs)
      .field("files", report.figures.files);
  w.key("namespaces").begin_array();
  for (const auto& row : report.namespaces) {
    w.begin_object().field("name", row.ns).field("logicalBytes", row.used_bytes);
    if (row.allowed_bytes) w.field("quotaBytes", *row.allowed_bytes);
    w.end_object();
  }
  w.end_array().key("garbage").begin_object();
  render_count(w, "links", garbage.links.count, garbage.links.bytes);
  render_count(w, "files", garbage.files.count, garbage.files.bytes);
  render_count(w, "xorbs", garbage.xorbs.count, garbage.xorbs.bytes);
  w.end_object().end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> admin_collect_garbage(Call& call) {
  EMB_CO_DO(require_admin(call));
  EMB_CO_TRY(auto body, co_await read_optional_json(call));
  auto rules = hub::garbage_rules(call.settings());
  // Only who says so removes anything.
  rules.is_dry_run = body.root()["dryRun"].boolean().value_or(true);
  EMB_CO_TRY(const auto report, co_await on_transfers(call, [&](rt::Blocking blocking) {
               return hub::collect_garbage(call.services(), blocking, rules);
             }));
  json::Writer w;
  render_report(w, report, rules.is_dry_run);
  co_return json_reply(w);
}

Task<Result<http::Response>> admin_set_quota(Call& call) {
  EMB_CO_DO(require_admin(call));
  EMB_CO_TRY(auto body, co_await read_json(call));
  const json::View bytes = body.root()["bytes"];
  if (!bytes.exists()) co_return fail(Code::InvalidArgument, "\"bytes\" is required");
  EMB_CO_TRY(const auto quota, read_quota(bytes));
  const std::string ns = call.target.segments.at(3);
  EMB_CO_DO(co_await on_pool(call, [&](rt::Blocking blocking) {
    return hub::set_quota(call.services(), blocking, ns, quota);
  }));
  co_return empty_reply(204);
}

}  // namespace embrace::api
