#include "hub/young_packs.h"

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "base/strings.h"
#include "git/young_pack.h"
#include "hub/publish.h"
#include "json/writer.h"
#include "meta/jobs.h"
#include "meta/repos.h"
#include "meta/young_packs.h"

namespace embrace::hub {
namespace {

// Packs that are read, or joined, at once: bounds the memory to this many of young_pack_bytes_max.
constexpr std::size_t kPacksAtOnce = 256;
constexpr std::uint64_t kPacksBeforeSettling =
    64;  // of one repository; the rest waits for the chore
constexpr std::size_t kReposAtOnce = 1000;
constexpr unsigned kSettleAttemptsMax = 100;

Result<std::vector<git::YoungPack>> read_packs(Services& services, rt::Blocking blocking,
                                               std::int64_t repo_id, std::string_view after_name) {
  EMB_TRY(auto rows, services.database.read(blocking, [&](db::Session& session) {
    return meta::young_packs::list(session, repo_id, after_name, kPacksAtOnce);
  }));
  std::vector<git::YoungPack> packs;
  packs.reserve(rows.size());
  for (auto& row : rows) {
    EMB_TRY(auto pack, git::parse_young_pack(std::move(row.name), std::move(row.bytes), row.items));
    packs.push_back(std::move(pack));
  }
  return packs;
}

Result<std::vector<std::string>> read_names(Services& services, rt::Blocking blocking,
                                            std::int64_t repo_id) {
  return services.database.read(
      blocking, [&](db::Session& session) { return meta::young_packs::names(session, repo_id); });
}

// Calls work(pack) for each, a batch in memory at a time.
template <class Work>
Status for_each_pack(Services& services, rt::Blocking blocking, std::int64_t repo_id, Work work) {
  std::string after;
  for (;;) {
    EMB_TRY(const auto packs, read_packs(services, blocking, repo_id, after));
    for (const auto& pack : packs) EMB_DO(work(pack));
    if (packs.size() < kPacksAtOnce) return Done{};
    after = packs.back().name;
  }
}

template <class Work>
Status for_each_repo(Services& services, rt::Blocking blocking, Work work) {
  std::int64_t after = 0;
  for (;;) {
    EMB_TRY(const auto ids, services.database.read(blocking, [&](db::Session& session) {
      return meta::young_packs::repos(session, after, kReposAtOnce);
    }));
    for (const auto id : ids) work(id);
    if (ids.size() < kReposAtOnce) return Done{};
    after = ids.back();
  }
}

Status show(rt::Blocking blocking, const std::string& folder, const git::YoungPack& pack) {
  EMB_TRY(auto files, git::write_young_files(blocking, folder, pack));
  return files.place(pack.name);
}

// After a crash the names may be there and the bytes not.
Status restore(Services& services, rt::Blocking blocking, std::int64_t repo_id) {
  EMB_TRY(const auto lock, lock_young_packs(services.settings, repo_id));
  const auto folder = repository_folder(services.settings, repo_id);
  std::size_t written = 0;
  EMB_DO(for_each_pack(services, blocking, repo_id, [&](const git::YoungPack& pack) -> Status {
    EMB_TRY(const bool is_whole, git::are_young_files_whole(blocking, folder, pack));
    if (is_whole) return Done{};
    ++written;
    return show(blocking, folder, pack);
  }));
  if (written > 0)
    log::info("young packs are restored after a crash", {{"repo", repo_id}, {"packs", written}});
  return Done{};
}

// "/data/git/11/17.git": 17.
std::int64_t id_of_folder(const std::string& folder) {
  const auto id = parse_uint(std::filesystem::path(folder).stem().string());
  return id ? static_cast<std::int64_t>(*id) : 0;  // 0: a repository that is being made
}

// The names of `packs` have no rows any more, and the pack that holds their objects has one.
Status exchange_rows(Services& services, rt::Blocking blocking, std::int64_t repo_id,
                     const std::vector<std::string>& names, const git::Pack& joined) {
  return services.database.write(blocking, [&](db::Session& session) -> Status {
    EMB_DO(meta::young_packs::remove(session, repo_id, names));
    EMB_DO(
        meta::repos::add_pack(session, repo_id, {joined.name, joined.size_bytes, joined.objects}));
    return request_fold(services, session, repo_id);
  });
}

// Every young file without a row among `rows`: those that were just joined, and what should not be
// there at all.
Status remove_files_except(rt::Blocking blocking, const std::string& folder,
                           const std::vector<std::string>& rows) {
  EMB_TRY(const auto names, git::list_young_packs(blocking, folder, git::YoungFiles::Any));
  for (const auto& name : names) {
    if (!std::ranges::binary_search(rows, name))
      EMB_DO(git::remove_young_files(blocking, folder, name));
  }
  return Done{};
}

// The joined pack is durable and in its place before a young file goes, and all that is durable
// before a row goes. Cut short anywhere, the rows are still there and hold everything.
Status settle_some(Services& services, rt::Blocking blocking, std::int64_t repo_id,
                   const std::vector<git::YoungPack>& packs) {
  const auto folder = repository_folder(services.settings, repo_id);
  // The long part, and nobody waits for it.
  EMB_TRY(auto joined, git::join_young_packs(blocking, folder, packs));
  std::vector<std::string> names;
  for (const auto& pack : packs) names.push_back(pack.name);

  EMB_TRY(const auto lock, lock_young_packs(services.settings, repo_id));
  EMB_TRY(const auto rows, read_names(services, blocking, repo_id));
  if (!std::ranges::includes(rows, names))
    return fail(Code::Conflict, "young packs were settled by someone else");
  std::vector<std::string> rest;
  std::ranges::set_difference(rows, names, std::back_inserter(rest));
  EMB_DO(joined.files.place(joined.pack.name));
  EMB_DO(remove_files_except(blocking, folder, rest));
  EMB_DO(git::sync_pack_folder(blocking, folder));
  return exchange_rows(services, blocking, repo_id, names, joined.pack);
}

}  // namespace

Result<File> lock_young_packs(const Settings& settings, std::int64_t repo_id) {
  return lock_file(repository_folder(settings, repo_id) + "/embrace-young.lock");
}

Status open_young_packs(Services& services, rt::Blocking blocking) {
  services.repositories.on_missing([&services](rt::Blocking inner, const std::string& folder) {
    const auto shown = show_young_packs(services, inner, id_of_folder(folder));
    if (!shown)
      log::warn("young packs can't be shown",
                {{"folder", folder}, {"why", shown.error().message()}});
    return shown.has_value();
  });
  return for_each_repo(services, blocking, [&](std::int64_t repo_id) {
    if (auto done = restore(services, blocking, repo_id); !done)
      log::error("young packs can't be restored",
                 {{"repo", repo_id}, {"why", done.error().message()}});
  });
}

Status show_young_packs(Services& services, rt::Blocking blocking, std::int64_t repo_id) {
  // Most repositories have none at most times, and then there is nothing to wait for.
  EMB_TRY(auto rows, read_names(services, blocking, repo_id));
  if (rows.empty()) return Done{};
  // Whoever has committed a row holds the lock until its files are there.
  EMB_TRY(const auto lock, lock_young_packs(services.settings, repo_id));
  EMB_TRY(rows, read_names(services, blocking, repo_id));
  const auto folder = repository_folder(services.settings, repo_id);
  EMB_TRY(const auto shown, git::list_young_packs(blocking, folder));
  if (std::ranges::includes(shown, rows)) return Done{};
  return for_each_pack(services, blocking, repo_id, [&](const git::YoungPack& pack) -> Status {
    if (std::ranges::binary_search(shown, pack.name)) return Done{};
    return show(blocking, folder, pack);
  });
}

Status settle_young_packs(Services& services, rt::Blocking blocking, std::int64_t repo_id) {
  for (unsigned attempt = 1;;) {
    EMB_TRY(const auto packs, read_packs(services, blocking, repo_id, ""));
    if (packs.empty()) return Done{};
    auto settled = settle_some(services, blocking, repo_id, packs);
    services.repositories.forget(repository_folder(services.settings, repo_id));
    if (settled) {
      if (packs.size() < kPacksAtOnce) return Done{};
      continue;
    }
    // Somebody else was quicker: then there is less to do, or nothing, as when the repository was
    // deleted.
    EMB_TRY(const auto left, read_names(services, blocking, repo_id));
    if (left.empty()) return Done{};
    if (settled.error().code() != Code::Conflict || attempt++ == kSettleAttemptsMax) return settled;
  }
}

Result<File> lock_settled_packs(Services& services, rt::Blocking blocking, std::int64_t repo_id) {
  // Commits may come in between. They come slower than they are settled, but not for certain.
  for (unsigned attempt = 0; attempt < kSettleAttemptsMax; ++attempt) {
    EMB_DO(settle_young_packs(services, blocking, repo_id));
    EMB_TRY(auto lock, lock_young_packs(services.settings, repo_id));
    EMB_TRY(const auto rows, read_names(services, blocking, repo_id));
    if (rows.empty()) return lock;
  }
  return fail(Code::Unavailable, "too many commits arrive: try again shortly");
}

Status settle_all_young_packs(Services& services, rt::Blocking blocking) {
  return for_each_repo(services, blocking, [&](std::int64_t repo_id) {
    if (auto done = settle_young_packs(services, blocking, repo_id); !done)
      log::error("young packs can't be settled",
                 {{"repo", repo_id}, {"why", done.error().message()}});
  });
}

Result<bool> request_settling(Services& services, db::Session& session, std::int64_t repo_id) {
  EMB_TRY(const auto count, meta::young_packs::count(session, repo_id));
  if (count < kPacksBeforeSettling) return false;
  meta::jobs::Job job;
  job.kind = "git.settle";
  job.dedupe = cat(repo_id);
  job.json = json::Writer().begin_object().field("repo", repo_id).end_object().take();
  job.run_after_ms = job.created_ms = services.clock.now_ms();
  EMB_DO(meta::jobs::add(session, job));
  return true;
}

Result<std::vector<std::string>> examine_young_packs(Services& services, rt::Blocking blocking,
                                                     std::int64_t repo_id) {
  std::vector<std::string> problems;
  EMB_TRY(const auto names, read_names(services, blocking, repo_id));
  if (names.empty()) return problems;
  EMB_TRY(const auto lock, lock_young_packs(services.settings, repo_id));
  const auto folder = repository_folder(services.settings, repo_id);
  auto looked =
      for_each_pack(services, blocking, repo_id, [&](const git::YoungPack& pack) -> Status {
        EMB_TRY(const bool is_whole, git::are_young_files_whole(blocking, folder, pack));
        if (!is_whole) problems.push_back(cat(pack.name, ": the files are not what the row says"));
        return Done{};
      });
  if (!looked) problems.push_back(looked.error().message());
  return problems;
}

}  // namespace embrace::hub
