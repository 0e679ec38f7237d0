#pragma once
// What administrators of the whole hub see and do, beside garbage (garbage.h) and quotas (quota.h).
// The same functions stand behind `embrace admin` and /api/admin; whether the caller may is asked
// there.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/services.h"
#include "meta/jobs.h"
#include "meta/overview.h"

namespace embrace::hub {

Result<std::vector<meta::overview::AccountUse>> list_accounts(Services&, rt::Blocking,
                                                              meta::AccountKind kind,
                                                              std::string_view search,
                                                              std::int64_t after_id,
                                                              std::size_t limit);

struct UserChange {
  std::optional<bool> is_admin;
  std::optional<std::string> password;  // ends the user's sessions
};
// Conflict when the hub would be left without an administrator.
Result<meta::Account> change_user(Services&, rt::Blocking, std::string_view name,
                                  const UserChange& change);

Result<std::vector<meta::jobs::Job>> list_jobs(Services&, rt::Blocking,
                                               std::optional<meta::jobs::State> state,
                                               std::size_t limit);
// Runs a job that failed, or waits to be tried again, as soon as a worker is free.
Status retry_job(Services&, rt::Blocking, std::int64_t id);

struct MachineFigures {
  std::uint64_t database_bytes = 0;
  std::uint64_t disk_free_bytes = 0;  // where the data folder is
  std::uint64_t disk_total_bytes = 0;
  std::uint64_t memory_bytes = 0;  // of this process, resident
};
Result<MachineFigures> measure_machine(Services&, rt::Blocking);

}  // namespace embrace::hub
