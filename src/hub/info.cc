#include "hub/files.h"
#include "hub/reading.h"
#include "hub/repos.h"

namespace embrace::hub {

Result<RepoInfo> repo_info(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                           const RepoName& name, std::string_view rev, InfoWanted wanted) {
  RepoInfo info;
  EMB_TRY(info.repo, find_repo(services, blocking, caller, name, auth::Right::See));
  LazyRepository repository(services, info.repo);
  EMB_TRY(auto revision, resolve(repository, blocking, rev));
  info.sha = revision.commit;
  // Sizes come with the listing: git's entries say what is a large file, and that is where its size
  // stands.
  if (!wanted.files && !wanted.file_sizes) return info;
  EMB_TRY(auto tree, tree_of(repository, blocking, info.sha));
  EMB_TRY(auto entries, entries_of(repository, blocking, tree, "", true));
  info.files.reserve(entries->size());
  for (const auto& entry : *entries) {
    if (!entry.is_folder()) info.files.push_back(entry);
  }
  return info;
}

}  // namespace embrace::hub
