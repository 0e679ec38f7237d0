#include "hub/administration.h"

#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "base/strings.h"
#include "hub/account_rules.h"
#include "hub/accounts.h"
#include "meta/accounts.h"

namespace embrace::hub {
namespace {

// Resident pages stand second in /proc/self/statm.
std::uint64_t resident_bytes() {
  const auto file = File::open_for_read("/proc/self/statm");
  if (!file) return 0;
  std::string text(256, '\0');
  const auto got = file->read_at(text, 0);
  if (!got) return 0;
  text.resize(*got);
  const auto words = split(text, ' ');
  const auto pages = words.size() > 1 ? parse_uint(words[1]) : std::nullopt;
  return pages.value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

Status set_admin(db::Session& session, meta::Account& account, bool is_admin) {
  if (account.is_admin == is_admin) return Done{};
  EMB_DO(meta::accounts::take_admins_turn(session));
  account.is_admin = is_admin;
  EMB_DO(meta::accounts::update(session, account));
  EMB_TRY(const auto left, meta::accounts::count_admins(session));
  if (left > 0) return Done{};
  return fail(Code::Conflict, cat(account.name, " is the last administrator: name another first"));
}

}  // namespace

Result<std::vector<meta::overview::AccountUse>> list_accounts(
    Services& services, rt::Blocking blocking, meta::AccountKind kind, std::string_view search,
    std::int64_t after_id, std::size_t limit) {
  return services.database.read(blocking, [&](db::Session& session) {
    return meta::overview::accounts(session, kind, search, after_id, limit);
  });
}

Result<meta::Account> change_user(Services& services, rt::Blocking blocking, std::string_view name,
                                  const UserChange& change) {
  if (change.password) EMB_DO(check_password(*change.password));
  EMB_TRY(auto user, find_account(services, blocking, name));
  if (user.kind != meta::AccountKind::User)
    return fail(Code::NotFound, cat(user.name, " is an organization, not a user"));
  if (change.is_admin) {
    auto changed =
        services.database.write(blocking, [&](db::Session& session) -> Result<meta::Account> {
          EMB_TRY(auto account, meta::accounts::find_by_id(session, user.id));
          if (!account) return fail(Code::NotFound, cat("There is no user ", name));
          EMB_DO(set_admin(session, *account, *change.is_admin));
          return *account;
        });
    if (!changed) return changed;
    user = *std::move(changed);
    services.authenticator.forget(user.id);
  }
  if (change.password) EMB_DO(set_password(services, blocking, user.name, *change.password));
  return user;
}

Result<std::vector<meta::jobs::Job>> list_jobs(Services& services, rt::Blocking blocking,
                                               std::optional<meta::jobs::State> state,
                                               std::size_t limit) {
  return services.database.read(
      blocking, [&](db::Session& session) { return meta::jobs::list(session, state, limit); });
}

Status retry_job(Services& services, rt::Blocking blocking, std::int64_t id) {
  const Millis now_ms = services.clock.now_ms();
  EMB_DO(services.database.write(
      blocking, [&](db::Session& session) { return meta::jobs::run_again(session, id, now_ms); }));
  services.jobs.wake();
  return Done{};
}

Result<MachineFigures> measure_machine(Services& services, rt::Blocking blocking) {
  MachineFigures out;
  EMB_TRY(out.database_bytes, services.database.read(blocking, [](db::Session& session) {
    return meta::overview::database_bytes(session);
  }));
  std::error_code error;
  const auto disk = std::filesystem::space(services.settings.data_folder, error);
  if (!error) {
    out.disk_free_bytes = disk.available;
    out.disk_total_bytes = disk.capacity;
  }
  out.memory_bytes = resident_bytes();
  return out;
}

}  // namespace embrace::hub
