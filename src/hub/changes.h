#pragma once
// What changed in a repository, for people to look at: one commit, two revisions side by side, the
// history of a path, who wrote each line. Whoever may read the files may see it; limits are in
// settings.h (diff_*, blame_*, history_time_max).

#include <string>
#include <string_view>
#include <vector>

#include "auth/caller.h"
#include "git/changes.h"
#include "hub/services.h"

namespace embrace::hub {

// A commit against its first parent; the first commit, against nothing.
struct CommitChange {
  git::Commit commit;
  git::Diff diff;
};
Result<CommitChange> commit_change(Services&, rt::Blocking, const auth::Caller&,
                                   const RepoName& name, std::string_view rev);

// "base..head": the diff between the two. "base...head": what head changed since it left base.
// InvalidArgument when `range` is neither; a side that is left out is the default branch.
struct RangeChange {
  git::Oid base, head;
  git::Comparison comparison;
  git::Diff diff;
};
Result<RangeChange> range_change(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                                 std::string_view range);

// Commits that changed what stands at `path`.
Result<git::PathHistory> path_history(Services&, rt::Blocking, const auth::Caller&,
                                      const RepoName& name, std::string_view rev,
                                      std::string_view path, std::size_t skip, std::size_t limit);

// `rest` is "{rev}/{path...}". EntryNotFound; Unusable for what has no lines; TooLarge.
struct FileBlame {
  git::Oid commit;  // that was asked about
  git::Blame blame;
};
Result<FileBlame> blame_file(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                             const std::vector<std::string>& rest);

}  // namespace embrace::hub
