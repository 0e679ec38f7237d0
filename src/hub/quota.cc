#include "hub/quota.h"

#include <algorithm>
#include <limits>

#include "base/strings.h"
#include "cas/chunked_store.h"
#include "meta/accounts.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kPage = 500;

std::optional<std::uint64_t> allowed_by(const Settings& settings,
                                        const std::optional<meta::storage::Quota>& quota) {
  if (quota) return quota->bytes;
  if (settings.namespace_quota_bytes == 0) return std::nullopt;
  return settings.namespace_quota_bytes;
}

Result<std::optional<std::uint64_t>> allowed_bytes(Services& services, db::Session& session,
                                                   std::int64_t namespace_id) {
  EMB_TRY(const auto quota, meta::storage::find_quota(session, namespace_id));
  return allowed_by(services.settings, quota);
}

Result<Error> over_quota(db::Session& session, std::int64_t namespace_id, std::uint64_t used,
                         std::uint64_t allowed, std::uint64_t added) {
  EMB_TRY(const auto account, meta::accounts::find_by_id(session, namespace_id));
  return Error(Code::Denied,
               cat("The storage quota of ", account ? account->name : "this namespace",
                   " is exceeded: ", used, " of ", allowed, " bytes are used",
                   added > 0 ? cat(", and this would add ", added) : std::string(),
                   ". Delete large files that are no longer needed, or ask the administrator for "
                   "more."));
}

}  // namespace

Status check_quota(Services& services, db::Session& session, std::int64_t namespace_id,
                   const std::vector<meta::LfsLink>& links) {
  EMB_TRY(const auto allowed, allowed_bytes(services, session, namespace_id));
  if (!allowed || links.empty()) return Done{};
  EMB_TRY(const auto added, meta::storage::added_bytes(session, namespace_id, links));
  if (added == 0) return Done{};
  EMB_TRY(const auto used, meta::storage::used_bytes(session, namespace_id));
  if (used <= *allowed && added <= *allowed - used) return Done{};
  EMB_TRY(auto error, over_quota(session, namespace_id, used, *allowed, added));
  return fail(std::move(error));
}

Status check_quota_kept(Services& services, db::Session& session, std::int64_t namespace_id,
                        std::uint64_t added_bytes) {
  EMB_TRY(const auto allowed, allowed_bytes(services, session, namespace_id));
  if (!allowed || added_bytes == 0) return Done{};
  EMB_TRY(const auto used, meta::storage::used_bytes(session, namespace_id));
  if (used <= *allowed) return Done{};
  EMB_TRY(auto error, over_quota(session, namespace_id, used - std::min(used, added_bytes),
                                 *allowed, added_bytes));
  return fail(std::move(error));
}

Status check_room(Services& services, rt::Blocking blocking, std::int64_t namespace_id,
                  const std::vector<meta::LfsLink>& links) {
  return services.database.read(blocking, [&](db::Session& session) {
    return check_quota(services, session, namespace_id, links);
  });
}

Status check_not_full(Services& services, rt::Blocking blocking, std::int64_t namespace_id,
                      std::uint64_t added_bytes) {
  return services.database.read(blocking, [&](db::Session& session) -> Status {
    EMB_TRY(const auto allowed, allowed_bytes(services, session, namespace_id));
    if (!allowed) return Done{};
    EMB_TRY(const auto used, meta::storage::used_bytes(session, namespace_id));
    if (used < *allowed && added_bytes <= *allowed - used) return Done{};
    EMB_TRY(auto error, over_quota(session, namespace_id, used, *allowed, added_bytes));
    return fail(std::move(error));
  });
}

Status set_quota(Services& services, rt::Blocking blocking, std::string_view ns,
                 const std::optional<meta::storage::Quota>& quota) {
  if (quota && quota->bytes &&
      *quota->bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return fail(Code::InvalidArgument, "No disk is as large as this quota.");
  return services.database.write(blocking, [&](db::Session& session) -> Status {
    EMB_TRY(const auto account, meta::accounts::find(session, ns));
    if (!account) return fail(Code::NotFound, cat("there is no user or organization ", ns));
    return meta::storage::set_quota(session, account->id, quota);
  });
}

Result<StorageReport> report_storage(Services& services, rt::Blocking blocking) {
  StorageReport report;
  for (std::int64_t after = 0;;) {
    EMB_TRY(const auto page, services.database.read(blocking, [&](db::Session& session) {
      return meta::storage::uses(session, after, kPage);
    }));
    for (const auto& use : page) {
      report.namespaces.push_back({.ns = use.name,
                                   .used_bytes = use.used_bytes,
                                   .allowed_bytes = allowed_by(services.settings, use.quota)});
    }
    if (page.size() < kPage) break;
    after = page.back().id;
  }
  EMB_TRY(report.figures, services.chunks.figures(blocking));
  return report;
}

}  // namespace embrace::hub
