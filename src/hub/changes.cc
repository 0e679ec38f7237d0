#include "hub/changes.h"

#include <algorithm>

#include "base/strings.h"
#include "hub/reading.h"
#include "hub/repos.h"
#include "hub/revisions.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kComparedCommitsMax = 100;

git::DiffLimits diff_limits(const Settings& settings) {
  return {.files_max = settings.diff_files_max,
          .lines_max = settings.diff_lines_max,
          .bytes_max = settings.diff_bytes_max,
          .file_bytes_max = settings.diff_file_bytes_max,
          .time_max = std::chrono::milliseconds(settings.diff_time_ms)};
}

struct Range {
  std::string_view base, head;
  bool since_parting = false;
};

Result<Range> parse_range(std::string_view text) {
  const auto at = text.find("..");
  if (at == text.npos) {
    return fail(Code::InvalidArgument,
                "two revisions are compared as \"base..head\" or \"base...head\"");
  }
  const bool three = text.substr(at).starts_with("...");
  const Range range{text.substr(0, at), text.substr(at + (three ? 3 : 2)), three};
  if (range.head.contains(".."))
    return fail(Code::InvalidArgument, "only two revisions can be compared");
  return range;
}

}  // namespace

Result<CommitChange> commit_change(Services& services, rt::Blocking blocking,
                                   const auth::Caller& caller, const RepoName& name,
                                   std::string_view rev) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::Read));
  LazyRepository lazy(services, repo);
  EMB_TRY(auto revision, resolve(lazy, blocking, rev));
  EMB_TRY(auto* repository, lazy.get(blocking));
  CommitChange change;
  EMB_TRY(change.commit, repository->commit(blocking, revision.commit));
  git::Oid before;
  if (!change.commit.parents.empty()) {
    EMB_TRY(const auto parent, repository->commit(blocking, change.commit.parents.front()));
    before = parent.tree;
  }
  EMB_TRY(change.diff,
          repository->diff(blocking, before, change.commit.tree, diff_limits(services.settings)));
  return change;
}

Result<RangeChange> range_change(Services& services, rt::Blocking blocking,
                                 const auth::Caller& caller, const RepoName& name,
                                 std::string_view range) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::Read));
  EMB_TRY(const Range wanted, parse_range(range));
  LazyRepository lazy(services, repo);
  EMB_TRY(auto base, resolve(lazy, blocking, wanted.base));
  EMB_TRY(auto head, resolve(lazy, blocking, wanted.head));
  EMB_TRY(auto* repository, lazy.get(blocking));
  RangeChange change{.base = base.commit, .head = head.commit, .comparison = {}, .diff = {}};
  EMB_TRY(change.comparison,
          repository->compare(blocking, base.commit, head.commit, kComparedCommitsMax,
                              std::chrono::milliseconds(services.settings.history_time_ms)));
  const git::Oid from = wanted.since_parting && change.comparison.merge_base
                            ? *change.comparison.merge_base
                            : base.commit;
  EMB_TRY(const auto before, repository->commit(blocking, from));
  EMB_TRY(const auto after, repository->commit(blocking, head.commit));
  EMB_TRY(change.diff,
          repository->diff(blocking, before.tree, after.tree, diff_limits(services.settings)));
  return change;
}

Result<git::PathHistory> path_history(Services& services, rt::Blocking blocking,
                                      const auth::Caller& caller, const RepoName& name,
                                      std::string_view rev, std::string_view path, std::size_t skip,
                                      std::size_t limit) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::See));
  EMB_DO(git::check_path(path));
  LazyRepository lazy(services, repo);
  EMB_TRY(auto revision, resolve(lazy, blocking, rev));
  EMB_TRY(auto* repository, lazy.get(blocking));
  return repository->path_history(blocking, revision.commit, path, skip,
                                  std::min<std::size_t>(limit, services.settings.log_page_max),
                                  std::chrono::milliseconds(services.settings.history_time_ms));
}

Result<FileBlame> blame_file(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                             const RepoName& name, const std::vector<std::string>& rest) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::Read));
  EMB_TRY(const auto where, split_revision(services, blocking, repo, rest));
  LazyRepository lazy(services, repo);
  EMB_TRY(auto revision, resolve(lazy, blocking, where.rev));
  if (where.path.empty()) return fail(Code::InvalidArgument, "the path must end with a file's");
  EMB_TRY(auto* repository, lazy.get(blocking));
  const auto& settings = services.settings;
  auto blame = repository->blame(blocking, revision.commit, where.path,
                                 {.file_bytes_max = settings.blame_bytes_max,
                                  .lines_max = settings.blame_lines_max,
                                  .time_max = std::chrono::milliseconds(settings.blame_time_ms)});
  if (!blame) return fail(with_commit(std::move(blame).error(), revision.commit));
  return FileBlame{revision.commit, *std::move(blame)};
}

}  // namespace embrace::hub
