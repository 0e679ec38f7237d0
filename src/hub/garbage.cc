#include "hub/garbage.h"

#include <unordered_set>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "cas/chunked_store.h"
#include "hub/pointer_walk.h"
#include "hub/publish.h"
#include "meta/repos.h"
#include "meta/storage.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kPage = 500;
constexpr Millis kLockWaitMs = 60'000;
constexpr unsigned kAttemptsMax = 3;

class GarbageCollection {
 public:
  GarbageCollection(Services& services, const GarbageRules& rules, const GarbageProgress& progress)
      : services_(services),
        rules_(rules),
        progress_(progress),
        now_ms_(services.clock.now_ms()),
        links_before_ms_(now_ms_ - rules.link_unused_ms),
        condemned_before_ms_(now_ms_ - rules.link_condemned_ms),
        files_before_ms_(now_ms_ - rules.file_unused_ms) {}

  Result<GarbageReport> run(rt::Blocking blocking) {
    EMB_DO(unlink_everywhere(blocking));
    EMB_DO(drop_files(blocking));
    auto xorb_rules = rules_.xorbs;
    xorb_rules.is_dry_run = rules_.is_dry_run;
    EMB_TRY(report_.xorbs, services_.chunks.collect(blocking, xorb_rules));
    return report_;
  }

 private:
  // What a repository looked like at one moment.
  struct Seen {
    meta::Repo repo;
    std::vector<meta::RefRow> refs;
  };
  using Links = std::vector<meta::storage::OldLink>;  // in the order of sha256
  using Unreached = std::unordered_set<Digest>;       // of them: what no walk has met

  Status unlink_everywhere(rt::Blocking blocking) {
    for (std::int64_t after = 0;;) {
      EMB_TRY(const auto page, services_.database.read(blocking, [&](db::Session& session) {
        return meta::storage::repos_with_old_links(session, links_before_ms_, after, kPage);
      }));
      if (page.empty()) return Done{};
      for (const std::int64_t repo_id : page) {
        auto done = unlink_in(blocking, repo_id);
        if (done) continue;
        ++report_.repos_left_out;
        log::warn("the large files of a repository were not looked through",
                  {{"repo_id", repo_id}, {"error", done.error().message()}});
      }
      after = page.back();
    }
  }

  Result<std::optional<Seen>> look(rt::Blocking blocking, std::int64_t repo_id) {
    return services_.database.read(blocking,
                                   [&](db::Session& session) -> Result<std::optional<Seen>> {
                                     EMB_TRY(auto repo, meta::repos::find_by_id(session, repo_id));
                                     if (!repo) return std::nullopt;
                                     EMB_TRY(auto refs, meta::repos::refs(session, repo_id));
                                     return Seen{.repo = *std::move(repo), .refs = std::move(refs)};
                                   });
  }

  Status walk(rt::Blocking blocking, PointerWalk& pointers, const Seen& seen) {
    EMB_TRY(auto repository, services_.repositories.borrow(
                                 blocking, repository_folder(services_.settings, seen.repo.id)));
    for (const auto& ref : seen.refs) {
      EMB_TRY(const auto oid, git::Oid::parse(ref.oid));
      auto walked = pointers.walk(blocking, *repository, oid);
      if (!walked) return fail(std::move(walked).error().while_doing(ref.name));
    }
    return Done{};
  }

  Status unlink_in(rt::Blocking blocking, std::int64_t repo_id) {
    EMB_TRY(const Links old, services_.database.read(blocking, [&](db::Session& session) {
      return meta::storage::old_links(session, repo_id, links_before_ms_);
    }));
    Unreached unreached;
    for (const auto& row : old) unreached.insert(row.link.sha256);
    PointerWalk pointers([&unreached](const git::LfsPointer& pointer) {
      unreached.erase(pointer.sha256);
      return !unreached.empty();
    });
    EMB_TRY(auto seen, look(blocking, repo_id));
    if (!seen) return Done{};  // deleted meanwhile
    EMB_DO(walk(blocking, pointers, *seen));
    ++report_.repos_walked;
    tell(GarbageStep::Walked, seen->repo);
    if (rules_.is_dry_run) return count(old, unreached);
    for (unsigned attempt = 1; !unreached.empty(); ++attempt) {
      EMB_TRY(const bool done, judge_under_lock(blocking, repo_id, pointers, old, unreached));
      if (done) break;
      if (attempt == kAttemptsMax)
        return fail(Code::Conflict, "others publish all the time: the next collection tries again");
    }
    return reprieve(blocking, repo_id, old, unreached);
  }

  // The walk goes on from the refs of now: quick, because it has seen the rest. false: somebody in
  // another process published meanwhile.
  Result<bool> judge_under_lock(rt::Blocking blocking, std::int64_t repo_id, PointerWalk& pointers,
                                const Links& old, const Unreached& unreached) {
    EMB_TRY(const auto guard, services_.write_locks.lock(blocking, repo_id, kLockWaitMs));
    EMB_TRY(const auto seen, look(blocking, repo_id));
    if (!seen) return true;
    EMB_DO(walk(blocking, pointers, *seen));
    if (unreached.empty()) return true;
    tell(GarbageStep::Unlinking, seen->repo);
    Judged judged;
    EMB_TRY(const bool done,
            services_.database.write(blocking, [&](db::Session& session) -> Result<bool> {
              // Readers remember links by this version, too (lfs_links.h).
              EMB_TRY(const bool is_as_seen,
                      meta::storage::move_refs_version(session, repo_id, seen->repo.refs_version));
              if (!is_as_seen) return false;
              EMB_TRY(judged, judge(session, repo_id, old, unreached));
              return true;
            }));
    if (!done) return false;
    add(judged);
    if (judged.unlinked.files > 0) {
      log::info("large files that no ref reaches were unlinked",
                {{"repo", seen->repo.name.id()},
                 {"files", judged.unlinked.files},
                 {"bytes", judged.unlinked.bytes}});
    }
    return true;
  }

  struct Judged {
    GarbageReport::Count condemned, unlinked;
  };
  Result<Judged> judge(db::Session& session, std::int64_t repo_id, const Links& old,
                       const Unreached& unreached) const {
    const Millis now_ms = services_.clock.now_ms();
    Judged judged;
    for (const auto& [link, condemned_ms] : old) {
      if (!unreached.contains(link.sha256)) continue;
      if (!condemned_ms) {
        EMB_TRY(const bool is_new, meta::storage::condemn_link(session, repo_id, link.sha256,
                                                               links_before_ms_, now_ms));
        if (is_new) judged.condemned.add(link.size_bytes);
      } else if (*condemned_ms < condemned_before_ms_) {
        EMB_TRY(const bool is_gone,
                meta::storage::remove_condemned_link(
                    session, repo_id, link.sha256, links_before_ms_, condemned_before_ms_, now_ms));
        if (is_gone) judged.unlinked.add(link.size_bytes);
      }
    }
    return judged;
  }

  Status count(const Links& old, const Unreached& unreached) {
    Judged judged;
    for (const auto& [link, condemned_ms] : old) {
      if (!unreached.contains(link.sha256)) continue;
      if (!condemned_ms)
        judged.condemned.add(link.size_bytes);
      else if (*condemned_ms < condemned_before_ms_)
        judged.unlinked.add(link.size_bytes);
    }
    add(judged);
    return Done{};
  }

  void add(const Judged& judged) {
    report_.condemned.files += judged.condemned.files;
    report_.condemned.bytes += judged.condemned.bytes;
    report_.unlinked.files += judged.unlinked.files;
    report_.unlinked.bytes += judged.unlinked.bytes;
  }

  // A ref reaches them again.
  Status reprieve(rt::Blocking blocking, std::int64_t repo_id, const Links& old,
                  const Unreached& unreached) {
    std::vector<Digest> reached;
    for (const auto& [link, condemned_ms] : old) {
      if (condemned_ms && !unreached.contains(link.sha256)) reached.push_back(link.sha256);
    }
    if (reached.empty()) return Done{};
    return services_.database.write(blocking, [&](db::Session& session) -> Status {
      for (const auto& sha256 : reached)
        EMB_DO(meta::storage::reprieve_link(session, repo_id, sha256));
      return Done{};
    });
  }

  void tell(GarbageStep step, const meta::Repo& repo) const {
    if (progress_) progress_(step, repo.name.path());
  }

  Status drop_files(rt::Blocking blocking) {
    for (std::string after;;) {
      EMB_TRY(const auto page, services_.database.read(blocking, [&](db::Session& session) {
        return meta::storage::unlinked_files(session, files_before_ms_, after, kPage);
      }));
      if (page.empty()) return Done{};
      for (const auto& file : page) {
        bool is_gone = rules_.is_dry_run;
        if (!rules_.is_dry_run) {
          EMB_TRY(is_gone, services_.database.write(blocking, [&](db::Session& session) {
            return meta::storage::drop_unlinked(session, file.sha256, files_before_ms_,
                                                services_.clock.now_ms());
          }));
        }
        if (is_gone) report_.dropped.add(file.size_bytes);
      }
      after = page.back().sha256.hex();
    }
  }

  Services& services_;
  const GarbageRules& rules_;
  const GarbageProgress& progress_;
  const Millis now_ms_;
  const Millis links_before_ms_;
  const Millis condemned_before_ms_;
  const Millis files_before_ms_;
  GarbageReport report_;
};

}  // namespace

GarbageRules garbage_rules(const Settings& settings) {
  GarbageRules rules;
  rules.link_unused_ms = settings.garbage_links_after_ms;
  rules.file_unused_ms = settings.garbage_files_after_ms;
  rules.xorbs.unused_ms = settings.garbage_xorbs_after_ms;
  rules.link_condemned_ms = settings.garbage_condemned_for_ms;
  rules.xorbs.condemned_ms = settings.garbage_condemned_for_ms;
  return rules;
}

Result<GarbageReport> collect_garbage(Services& services, rt::Blocking blocking,
                                      const GarbageRules& rules, const GarbageProgress& progress) {
  return GarbageCollection(services, rules, progress).run(blocking);
}

std::vector<std::string> describe(const GarbageReport& report, bool is_dry_run) {
  const std::string_view would = is_dry_run ? "would be " : "";
  std::vector<std::string> lines = {
      cat("repositories looked through: ", report.repos_walked),
      cat("links ", would, "condemned: ", report.condemned.files, " (", report.condemned.bytes,
          " bytes)"),
      cat("links ", would, "removed: ", report.unlinked.files, " (", report.unlinked.bytes,
          " bytes)"),
      cat("files ", would, "dropped: ", report.dropped.files, " (", report.dropped.bytes,
          " bytes)"),
      cat("xorbs ", would, "condemned: ", report.xorbs.condemned.xorbs, " (",
          report.xorbs.condemned.bytes, " bytes on disk)"),
      cat("xorbs ", would, "removed: ", report.xorbs.removed.xorbs, " (",
          report.xorbs.removed.bytes, " bytes on disk)"),
      cat("strays ", would, "removed: ", report.xorbs.strays.xorbs, " (", report.xorbs.strays.bytes,
          " bytes on disk)"),
  };
  if (report.repos_left_out > 0) {
    lines.push_back(cat("repositories left out: ", report.repos_left_out, " (the log says why)"));
  }
  return lines;
}

}  // namespace embrace::hub
