#include "hub/lfs_links.h"

#include "meta/repos.h"

namespace embrace::hub {

Result<LfsLinks> find_lfs_links(Services& services, rt::Blocking blocking, std::int64_t repo_id,
                                const std::vector<Digest>& objects) {
  LfsLinks found;
  if (objects.empty()) return found;
  EMB_DO(services.database.read(blocking, [&](db::Session& s) -> Status {
    found.clear();
    for (const auto& sha256 : objects) {
      EMB_TRY(const auto link, meta::repos::find_lfs(s, repo_id, sha256));
      if (link) found.emplace(sha256, *link);
    }
    return Done{};
  }));
  for (auto at = found.begin(); at != found.end();) {
    const auto info = services.objects.find(blocking, at->first);
    if (!info && info.error().code() != Code::NotFound) return fail(info.error());
    const bool is_whole = info && info->size_bytes == at->second.size_bytes;
    at = is_whole ? std::next(at) : found.erase(at);
  }
  return found;
}

Status link_lfs_object(Services& services, rt::Blocking blocking, std::int64_t repo_id,
                       const meta::LfsLink& link) {
  return services.database.write(blocking, [&](db::Session& s) -> Status {
    EMB_TRY(const auto repo, meta::repos::find_by_id(s, repo_id));
    if (!repo) return fail(Code::NotFound, "Repository not found", Tag::RepoNotFound);
    return meta::repos::link_lfs(s, repo_id, {link}, services.clock.now_ms());
  });
}

}  // namespace embrace::hub
