#include "hub/lfs_links.h"

#include <algorithm>

#include "base/immutable_cache.h"
#include "hub/quota.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

constexpr Millis kKeepAgainAfterMs = 24 * 3600 * 1000;

// What was linked when the repository's refs had this version. Unlinking moves the version
// (delete_lfs_files), so nothing here needs to be taken back.
struct LinkKey {
  std::int64_t repo_id = 0;
  Millis created_ms = 0;  // tells a deleted repository from a later one with its id
  std::int64_t refs_version = 0;
  git::LfsPointer pointer;
  bool operator==(const LinkKey&) const = default;
};
struct LinkKeyHash {
  std::size_t operator()(const LinkKey& key) const {
    const auto row =
        static_cast<std::size_t>(key.repo_id) * 31 + static_cast<std::size_t>(key.refs_version);
    return std::hash<Digest>{}(key.pointer.sha256) ^ (row * 0x9e3779b97f4a7c15);
  }
};

ImmutableCache<LinkKey, bool, LinkKeyHash>& known_links() {
  static ImmutableCache<LinkKey, bool, LinkKeyHash> cache(50'000);
  return cache;
}

}  // namespace

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

bool is_known_lfs_link(const meta::Repo& repo, const git::LfsPointer& pointer) {
  return known_links().find({repo.id, repo.created_ms, repo.refs_version, pointer}).has_value();
}

Status require_lfs_link(Services& services, rt::Blocking blocking, const meta::Repo& repo,
                        const git::LfsPointer& pointer) {
  const LinkKey key{repo.id, repo.created_ms, repo.refs_version, pointer};
  if (known_links().find(key)) return Done{};
  EMB_TRY(const auto link, services.database.read(blocking, [&](db::Session& s) {
    return meta::repos::find_lfs(s, repo.id, pointer.sha256);
  }));
  if (!link || link->size_bytes != pointer.size_bytes) {
    return fail(Code::NotFound, "The large file behind this entry is not part of the repository.",
                Tag::EntryNotFound);
  }
  known_links().put(key, true);
  return Done{};
}

Status keep_lfs_links(Services& services, rt::Blocking blocking, std::int64_t repo_id,
                      const std::vector<Digest>& objects) {
  if (objects.empty()) return Done{};
  // Once a day is enough, and writes nothing for a client that asks again and again.
  const Millis now_ms = services.clock.now_ms();
  const Millis before_ms =
      now_ms - std::min(kKeepAgainAfterMs, services.settings.garbage_links_after_ms / 2);
  EMB_TRY(const auto old, services.database.read(blocking, [&](db::Session& s) {
    return meta::repos::old_lfs(s, repo_id, objects, before_ms);
  }));
  if (old.empty()) return Done{};
  return services.database.write(blocking, [&](db::Session& s) {
    return meta::repos::keep_lfs(s, repo_id, old, before_ms, now_ms);
  });
}

Status adopt_lfs_links(Services& services, rt::Blocking blocking, std::int64_t repo_id,
                       const std::vector<Digest>& objects) {
  if (objects.empty()) return Done{};
  EMB_TRY(const auto of_others, services.database.read(blocking, [&](db::Session& s) {
    return meta::repos::lfs_of_payers(s, repo_id, objects);
  }));
  if (of_others.empty()) return Done{};
  return services.database.write(blocking, [&](db::Session& s) -> Status {
    EMB_TRY(const auto repo, meta::repos::find_by_id(s, repo_id));
    if (!repo) return fail(Code::NotFound, "Repository not found", Tag::RepoNotFound);
    EMB_DO(check_quota(services, s, repo->namespace_id, of_others));
    return meta::repos::link_lfs(s, repo_id, of_others, services.clock.now_ms());
  });
}

Status check_lfs_link(Services& services, db::Session& session, std::int64_t repo_id,
                      const meta::LfsLink& link, std::optional<std::int64_t> payer_id) {
  EMB_TRY(const auto repo, meta::repos::find_by_id(session, repo_id));
  if (!repo) return fail(Code::NotFound, "Repository not found", Tag::RepoNotFound);
  return check_quota(services, session, payer_id.value_or(repo->namespace_id), {link});
}

Status link_lfs_object(Services& services, rt::Blocking blocking, std::int64_t repo_id,
                       const meta::LfsLink& link, std::optional<std::int64_t> payer_id) {
  return services.database.write(blocking, [&](db::Session& s) -> Status {
    EMB_DO(check_lfs_link(services, s, repo_id, link, payer_id));
    return meta::repos::link_lfs(s, repo_id, {link}, services.clock.now_ms(), payer_id);
  });
}

}  // namespace embrace::hub
