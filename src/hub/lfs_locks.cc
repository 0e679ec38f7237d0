// File locks of git-lfs: advice between people who edit what can't be merged. A lock stops nothing
// by itself; the client asks before it pushes.

#include <algorithm>

#include "base/strings.h"
#include "hub/lfs.h"
#include "hub/repos.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kLocksPageDefault = 100;

// The holder's lock travels as facts, because the protocol answers a conflict with the lock itself.
Error already_locked(const meta::LfsLock& lock) {
  return Error(Code::Conflict,
               cat("already created lock: \"", lock.path, "\" is locked by ", lock.owner_name))
      .with("lock_id", cat(lock.id))
      .with("lock_path", lock.path)
      .with("lock_owner", lock.owner_name)
      .with("locked_at_ms", cat(lock.locked_ms));
}

Status check_ref_text(std::string_view ref) {
  if (ref.empty() || (ref.size() <= 1024 && is_valid_utf8(ref))) return Done{};
  return fail(Code::InvalidArgument, "The ref of the lock is not a ref name.");
}

}  // namespace

Result<meta::LfsLock> create_lock(Services& services, rt::Blocking blocking,
                                  const auth::Caller& caller, const RepoName& name,
                                  std::string path, std::string ref) {
  EMB_TRY(const auto repo, find_repo(services, blocking, caller, name, auth::Right::Write));
  EMB_DO(git::check_path(path));
  EMB_DO(check_ref_text(ref));
  const meta::LfsLock wanted{.repo_id = repo.id,
                             .path = std::move(path),
                             .ref = std::move(ref),
                             .owner_id = caller.id(),
                             .owner_name = caller.name(),
                             .locked_ms = services.clock.now_ms()};
  auto created = services.database.write(
      blocking, [&](db::Session& s) { return meta::repos::create_lock(s, wanted); });
  if (created || created.error().code() != Code::Conflict) return created;
  EMB_TRY(const auto held, services.database.read(blocking, [&](db::Session& s) {
    return meta::repos::locks(s, repo.id, wanted.path, 0, 1);
  }));
  if (held.empty()) return created;  // unlocked in between: the caller may try again
  return fail(already_locked(held.front()));
}

Result<LockPage> list_locks(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                            const RepoName& name, std::string_view path,
                            std::optional<std::int64_t> id, std::int64_t after, std::size_t limit,
                            auth::Right right) {
  EMB_TRY(const auto repo, find_repo(services, blocking, caller, name, right));
  LockPage page;
  if (id) {
    EMB_TRY(auto lock, services.database.read(blocking, [&](db::Session& s) {
      return meta::repos::find_lock(s, repo.id, *id);
    }));
    if (lock && (path.empty() || lock->path == path)) page.locks.push_back(*std::move(lock));
    return page;
  }
  limit = limit == 0 ? kLocksPageDefault
                     : std::min<std::size_t>(limit, services.settings.list_page_max);
  EMB_TRY(page.locks, services.database.read(blocking, [&](db::Session& s) {
    return meta::repos::locks(s, repo.id, path, after, limit + 1);
  }));
  if (page.locks.size() > limit) {
    page.locks.resize(limit);
    page.next = page.locks.back().id;
  }
  return page;
}

Result<meta::LfsLock> unlock(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                             const RepoName& name, std::int64_t id, bool force) {
  EMB_TRY(const auto repo, find_repo(services, blocking, caller, name, auth::Right::Write));
  return services.database.write(blocking, [&](db::Session& s) -> Result<meta::LfsLock> {
    EMB_TRY(auto lock, meta::repos::find_lock(s, repo.id, id));
    if (!lock) return fail(Code::NotFound, "There is no such lock.");
    if (lock->owner_id != caller.id()) {
      if (!force)
        return fail(Code::Denied, cat("\"", lock->path, "\" is locked by ", lock->owner_name,
                                      ": unlock it with --force."));
      if (!auth::may(caller, repo, auth::Right::Manage)) {
        return fail(Code::Denied,
                    cat("\"", lock->path, "\" is locked by ", lock->owner_name,
                        ": only an administrator of ", repo.name.ns, " may unlock it."));
      }
    }
    EMB_DO(meta::repos::remove_lock(s, repo.id, id));
    return *std::move(lock);
  });
}

}  // namespace embrace::hub
