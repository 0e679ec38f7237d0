#include "hub/pointer_walk.h"

#include <vector>

#include "base/strings.h"

namespace embrace::hub {

Status PointerWalk::walk(rt::Blocking blocking, git::Repository& repository, const git::Oid& tip) {
  EMB_TRY(const auto first, repository.peel_to_commit(blocking, tip));
  std::vector<git::Oid> waiting{first};
  while (!waiting.empty() && !is_over_) {
    const auto next = waiting.back();
    waiting.pop_back();
    if (!seen_.insert(next).second) continue;
    auto commit = repository.commit(blocking, next);
    if (!commit)
      return fail(std::move(commit).error().while_doing(cat("read commit ", next.hex())));
    EMB_DO(walk_folders(blocking, repository, commit->tree));
    waiting.insert(waiting.end(), commit->parents.begin(), commit->parents.end());
  }
  return Done{};
}

Status PointerWalk::walk_folders(rt::Blocking blocking, git::Repository& repository,
                                 const git::Oid& root) {
  std::vector<git::Oid> waiting{root};
  while (!waiting.empty() && !is_over_) {
    const auto folder = waiting.back();
    waiting.pop_back();
    if (!seen_.insert(folder).second) continue;
    auto entries = repository.list(blocking, folder, "", false);
    if (!entries)
      return fail(std::move(entries).error().while_doing(cat("read folder ", folder.hex())));
    for (const auto& entry : *entries) {
      if (entry.is_folder()) waiting.push_back(entry.oid);
      if (entry.lfs && !visit_(*entry.lfs)) is_over_ = true;
    }
  }
  return Done{};
}

}  // namespace embrace::hub
