// Housekeeping: each job may run twice, or be cut short, without harm.

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "hub/doctor.h"
#include "hub/downloads.h"
#include "hub/folders.h"
#include "hub/full_text.h"
#include "hub/garbage.h"
#include "hub/publish.h"
#include "hub/young_packs.h"
#include "json/view.h"
#include "meta/accounts.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

constexpr Millis kSecondMs = 1000;
constexpr Millis kHourMs = 3600 * kSecondMs;
constexpr Millis kDayMs = 24 * kHourMs;
constexpr Millis kPartsKeptMs = 7 * kDayMs;  // an upload in parts may be resumed for that long
constexpr Millis kFinishedJobsKeptMs = 7 * kDayMs;
constexpr Millis kTemporaryFolderKeptMs = kDayMs;
constexpr Millis kStrayFolderKeptMs =
    kHourMs;  // longer than any transaction that is about to give it a row
constexpr Millis kLockWaitMs = 60 * kSecondMs;

// Makes the rows say what the folder holds.
Status record_packs(Services& services, rt::Blocking blocking, std::int64_t repo_id,
                    const std::vector<git::Pack>& files) {
  return services.database.write(blocking, [&](db::Session& session) -> Status {
    EMB_TRY(auto row, meta::repos::find_by_id(session, repo_id));
    if (!row) return Done{};
    EMB_TRY(auto rows, meta::repos::packs(session, repo_id));
    std::vector<meta::PackRow> gone, come;
    for (const auto& known : rows) {
      if (std::ranges::find(files, known.name, &git::Pack::name) == files.end())
        gone.push_back(known);
    }
    for (const auto& file : files) {
      if (std::ranges::find(rows, file.name, &meta::PackRow::name) == rows.end()) {
        come.push_back({file.name, file.size_bytes, file.objects});
      }
    }
    if (gone.empty() && come.empty()) return Done{};
    return meta::repos::replace_packs(session, repo_id, gone, come);
  });
}

// The folder first, the rows after: git removes the small packs only when the large one is durable,
// and a row that names a pack which is gone says nothing that readers rely on. The next fold, or
// this one run again, sets it right.
Status fold(Services& services, rt::Blocking blocking, const meta::jobs::Job& job) {
  EMB_TRY(auto document, json::Document::parse(job.json));
  const auto repo_id = document.root()["repo"].integer();
  if (!repo_id) return fail(Code::InvalidArgument, "the job names no repository");
  EMB_TRY(auto row, services.database.read(blocking, [&](db::Session& session) {
    return meta::repos::find_by_id(session, *repo_id);
  }));
  if (!row) return Done{};  // deleted meanwhile
  EMB_TRY(auto guard, services.write_locks.lock(blocking, *repo_id, kLockWaitMs));
  EMB_TRY(const auto young_lock, lock_settled_packs(services, blocking, *repo_id));
  const auto folder = repository_folder(services.settings, *repo_id);
  EMB_TRY(auto packs, git::fold_packs(blocking, folder));
  EMB_DO(record_packs(services, blocking, *repo_id, packs));
  services.repositories.forget(folder);
  log::info("packs folded", {{"repo", row->name.id()}, {"packs", packs.size()}});
  return Done{};
}

Status settle(Services& services, rt::Blocking blocking, const meta::jobs::Job& job) {
  EMB_TRY(auto document, json::Document::parse(job.json));
  const auto repo_id = document.root()["repo"].integer();
  if (!repo_id) return fail(Code::InvalidArgument, "the job names no repository");
  return settle_young_packs(services, blocking, *repo_id);
}

// Takes a folder away from an id that has no row. Inside a write transaction, because a repository
// that is being born with this id puts its folder there inside one, too.
Result<bool> set_aside(Services& services, rt::Blocking blocking, const RepositoryFolder& folder,
                       const std::string& aside) {
  return services.database.write(blocking, [&](db::Session& session) -> Result<bool> {
    EMB_TRY(auto row, meta::repos::find_by_id(session, folder.repo_id));
    if (row) return false;
    EMB_DO(rename_durably(folder.path, aside));
    return true;
  });
}

Status sweep_folders(Services& services, rt::Blocking blocking) {
  EMB_TRY(auto folders, list_repository_folders(services.settings));
  const auto now_ms = services.clock.now_ms();
  for (auto& folder : folders) {
    const auto kept_ms = folder.repo_id == 0 ? kTemporaryFolderKeptMs : kStrayFolderKeptMs;
    if (now_ms - folder.modified_ms < kept_ms) continue;
    if (folder.repo_id != 0) {
      EMB_TRY(auto row, services.database.read(blocking, [&](db::Session& session) {
        return meta::repos::find_by_id(session, folder.repo_id);
      }));
      if (row) continue;
      const auto aside =
          cat(services.settings.data_folder, "/git/tmp-swept-", folder.repo_id, ".git");
      remove_folder(aside);  // of a sweep that was cut short
      EMB_TRY(auto is_aside, set_aside(services, blocking, folder, aside));
      if (!is_aside) continue;
      folder.path = aside;
    }
    log::info("a folder that belongs to no repository is removed", {{"folder", folder.path}});
    remove_folder(folder.path);
  }
  return Done{};
}

Status drop_stale_parts(Services& services, rt::Blocking blocking) {
  EMB_TRY(auto dropped,
          services.objects.drop_stale_parts(blocking, services.clock.now_ms() - kPartsKeptMs));
  if (dropped > 0) log::info("abandoned upload parts are removed", {{"count", dropped}});
  return Done{};
}

Status refresh_windows(Services& services, rt::Blocking blocking) {
  return services.database.write(blocking, [&](db::Session& session) {
    return meta::repos::refresh_download_windows(session, services.clock.now_ms());
  });
}

Status forget_old_rows(Services& services, rt::Blocking blocking) {
  const auto now_ms = services.clock.now_ms();
  return services.database.write(blocking, [&](db::Session& session) -> Status {
    EMB_DO(meta::accounts::remove_expired_sessions(session, now_ms));
    return meta::jobs::forget_finished(session, now_ms - kFinishedJobsKeptMs);
  });
}

Status collect(Services& services, rt::Blocking blocking) {
  EMB_TRY(const auto report, collect_garbage(services, blocking, garbage_rules(services.settings)));
  log::info("garbage was collected", {{"links", report.unlinked.files},
                                      {"files", report.dropped.files},
                                      {"file_bytes", report.dropped.bytes},
                                      {"xorbs", report.xorbs.removed.xorbs},
                                      {"xorb_bytes", report.xorbs.removed.bytes},
                                      {"strays", report.xorbs.strays.xorbs}});
  return Done{};
}

}  // namespace

void register_maintenance(Services& services) {
  services.jobs.handle("git.fold", [&services](rt::Blocking blocking, const meta::jobs::Job& job) {
    return fold(services, blocking, job);
  });
  services.jobs.handle("git.settle",
                       [&services](rt::Blocking blocking, const meta::jobs::Job& job) {
                         return settle(services, blocking, job);
                       });
  if (services.settings.garbage_every_hours > 0) {
    services.jobs.handle("garbage.collect",
                         [&services](rt::Blocking blocking, const meta::jobs::Job&) {
                           return collect(services, blocking);
                         });
    services.jobs.schedule("garbage.collect", services.settings.garbage_every_hours * kHourMs);
  }
  struct Chore {
    std::string_view kind;
    Millis every_ms;
    Status (*run)(Services&, rt::Blocking);
  };
  constexpr Chore kChores[] = {
      {kFlushDownloads, 30 * kSecondMs, flush_downloads},
      {"packs.settle", 60 * kSecondMs, settle_all_young_packs},
      {"downloads.windows", kDayMs, refresh_windows},
      {"lfs.expire_parts", kHourMs, drop_stale_parts},
      {"folders.sweep", kHourMs, sweep_folders},
      {"rows.forget", kHourMs, forget_old_rows},
      {"cards.index", kHourMs, index_missing_cards},
  };
  for (const auto& chore : kChores) {
    services.jobs.handle(
        std::string(chore.kind),
        [&services, run = chore.run](rt::Blocking blocking, const meta::jobs::Job&) {
          return run(services, blocking);
        });
    services.jobs.schedule(std::string(chore.kind), chore.every_ms);
  }
}

}  // namespace embrace::hub
