#include "hub/unreached_commit.h"

#include <unordered_set>

#include "base/strings.h"
#include "hub/lfs_links.h"
#include "hub/pointer_walk.h"

namespace embrace::hub {

Result<std::vector<meta::LfsLink>> files_of_unreached(Services& services, rt::Blocking blocking,
                                                      const meta::Repo& repo,
                                                      git::Repository& repository,
                                                      const git::Oid& commit) {
  EMB_TRY(const auto head, git::Oid::parse(repo.head_oid));
  EMB_TRY(const bool is_reached, repository.is_ancestor(blocking, commit, head));
  if (is_reached) return std::vector<meta::LfsLink>{};
  std::unordered_set<Digest> named;
  PointerWalk pointers([&named](const git::LfsPointer& pointer) {
    named.insert(pointer.sha256);
    return true;
  });
  EMB_DO(pointers.walk(blocking, repository, commit));
  EMB_TRY(const auto links,
          find_lfs_links(services, blocking, repo.id, std::vector(named.begin(), named.end())));
  std::vector<meta::LfsLink> out;
  for (const auto& sha256 : named) {
    const auto link = links.find(sha256);
    if (link == links.end()) {
      return fail(Code::Unusable,
                  cat("No branch or tag has reached the commit ", commit.hex(),
                      " for a while, and its large files are gone (sha256 ", sha256.hex(), ")."));
    }
    out.push_back(link->second);
  }
  return out;
}

}  // namespace embrace::hub
