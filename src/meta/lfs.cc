// Of meta/repos.h: which LFS objects a repository has referred to, and which paths are locked.

#include <algorithm>

#include "base/strings.h"
#include "meta/repos.h"

namespace embrace::meta::repos {

// The file's row first, in the order of sha256: whoever drops files or links writes the same rows,
// in the same order.
Status link_lfs(db::Session& session, std::int64_t repo_id, const std::vector<LfsLink>& links,
                Millis now_ms, std::optional<std::int64_t> payer_id) {
  std::vector<LfsLink> ordered = links;
  std::ranges::sort(ordered, {}, &LfsLink::sha256);
  for (const auto& link : ordered) {
    EMB_TRY(const auto files,
            session.run("UPDATE xet_files SET used_ms = :now WHERE sha256 = :sha256", now_ms,
                        link.sha256.hex()));
    if (files == 0) {
      return fail(Code::Unusable, cat("The large file ", link.sha256.hex(),
                                      " is no longer on the server: upload it again."));
    }
    EMB_DO(
        session.run("INSERT INTO repo_lfs (repo_id, sha256, size_bytes, linked_ms, used_ms, "
                    "payer_id) VALUES (:repo, :sha256, :size, :now, :now, :payer) "
                    "ON CONFLICT (repo_id, sha256) DO UPDATE SET used_ms = excluded.used_ms, "
                    "condemned_ms = NULL, payer_id = CASE WHEN excluded.payer_id IS NULL "
                    "THEN NULL ELSE repo_lfs.payer_id END",
                    repo_id, link.sha256.hex(), link.size_bytes, now_ms, payer_id));
  }
  return Done{};
}

Result<std::vector<LfsLink>> lfs_of_payers(db::Session& session, std::int64_t repo_id,
                                           const std::vector<Digest>& files) {
  std::vector<LfsLink> out;
  for (const auto& sha256 : files) {
    EMB_TRY(const auto row,
            session.row<std::uint64_t>("SELECT size_bytes FROM repo_lfs WHERE repo_id = :repo "
                                       "AND sha256 = :sha256 AND payer_id IS NOT NULL",
                                       repo_id, sha256.hex()));
    if (row) out.push_back({.sha256 = sha256, .size_bytes = std::get<0>(*row)});
  }
  return out;
}

Result<std::vector<Digest>> old_lfs(db::Session& session, std::int64_t repo_id,
                                    const std::vector<Digest>& files, Millis used_before_ms) {
  std::vector<Digest> out;
  for (const auto& sha256 : files) {
    EMB_TRY(const auto row,
            session.row<Millis>("SELECT used_ms FROM repo_lfs WHERE repo_id = :repo "
                                "AND sha256 = :sha256 AND used_ms < :before",
                                repo_id, sha256.hex(), used_before_ms));
    if (row) out.push_back(sha256);
  }
  return out;
}

Status keep_lfs(db::Session& session, std::int64_t repo_id, const std::vector<Digest>& files,
                Millis used_before_ms, Millis now_ms) {
  std::vector<Digest> ordered = files;
  std::ranges::sort(ordered);
  for (const auto& sha256 : ordered) {
    EMB_DO(
        session.run("UPDATE repo_lfs SET used_ms = :now, condemned_ms = NULL WHERE repo_id = :repo "
                    "AND sha256 = :sha256 AND used_ms < :before",
                    now_ms, repo_id, sha256.hex(), used_before_ms));
  }
  return Done{};
}

Result<std::optional<LfsLink>> find_lfs(db::Session& session, std::int64_t repo_id,
                                        const Digest& sha256) {
  EMB_TRY(auto row,
          session.row<std::uint64_t>(
              "SELECT size_bytes FROM repo_lfs WHERE repo_id = :repo AND sha256 = :sha256", repo_id,
              sha256.hex()));
  if (!row) return std::nullopt;
  return LfsLink{sha256, std::get<0>(*row)};
}

Result<std::vector<LfsRow>> lfs_links(db::Session& session, std::int64_t repo_id,
                                      std::string_view after_sha256_hex, std::size_t limit) {
  EMB_TRY(auto rows, session.rows<std::string, std::uint64_t, std::int64_t>(
                         "SELECT sha256, size_bytes, linked_ms FROM repo_lfs WHERE repo_id = :repo "
                         "AND sha256 > :after "
                         "ORDER BY sha256 LIMIT :limit",
                         repo_id, after_sha256_hex, limit));
  std::vector<LfsRow> out;
  out.reserve(rows.size());
  for (auto& [hex, size_bytes, linked_ms] : rows) {
    EMB_TRY(auto digest, Digest::parse(hex));
    out.push_back({LfsLink{digest, size_bytes}, linked_ms});
  }
  return out;
}

Status unlink_lfs(db::Session& session, std::int64_t repo_id, const Digest& sha256) {
  EMB_DO(session.run("DELETE FROM repo_lfs WHERE repo_id = :repo AND sha256 = :sha256", repo_id,
                     sha256.hex()));
  return Done{};
}

Result<bool> is_lfs_linked_anywhere(db::Session& session, const Digest& sha256) {
  EMB_TRY(auto row,
          session.row<std::int64_t>("SELECT repo_id FROM repo_lfs WHERE sha256 = :sha256 LIMIT 1",
                                    sha256.hex()));
  return row.has_value();
}

Status copy_lfs_links(db::Session& session, std::int64_t from_repo_id, std::int64_t to_repo_id,
                      Millis now_ms) {
  EMB_DO(
      session.run("UPDATE xet_files SET used_ms = :now WHERE sha256 IN "
                  "(SELECT sha256 FROM repo_lfs WHERE repo_id = :from)",
                  now_ms, from_repo_id));
  EMB_DO(session.run(
      "INSERT INTO repo_lfs (repo_id, sha256, size_bytes, linked_ms, used_ms) "
      "SELECT CAST(:to AS BIGINT), l.sha256, l.size_bytes, CAST(:now AS BIGINT), "
      "CAST(:now AS BIGINT) FROM repo_lfs l WHERE l.repo_id = :from AND EXISTS "
      "(SELECT 1 FROM xet_files f WHERE f.sha256 = l.sha256) "
      "ON CONFLICT (repo_id, sha256) DO UPDATE SET used_ms = excluded.used_ms, condemned_ms = NULL",
      to_repo_id, now_ms, from_repo_id));
  return Done{};
}

namespace {

using LockTuple = std::tuple<std::int64_t, std::int64_t, std::string, std::string, std::int64_t,
                             std::string, std::int64_t>;

LfsLock to_lock(LockTuple row) {
  auto& [id, repo_id, path, ref, owner_id, owner_name, locked_ms] = row;
  return LfsLock{.id = id,
                 .repo_id = repo_id,
                 .path = std::move(path),
                 .ref = std::move(ref),
                 .owner_id = owner_id,
                 .owner_name = std::move(owner_name),
                 .locked_ms = locked_ms};
}

}  // namespace

Result<LfsLock> create_lock(db::Session& session, const LfsLock& lock) {
  EMB_TRY(auto row, session.row<std::int64_t>(
                        "INSERT INTO lfs_locks (repo_id, path, ref, owner_id, locked_ms) "
                        "VALUES (:repo, :path, :ref, :owner, :locked) ON CONFLICT (repo_id, path) "
                        "DO NOTHING RETURNING id",
                        lock.repo_id, lock.path, lock.ref, lock.owner_id, lock.locked_ms));
  if (!row) return fail(Code::Conflict, "already created lock");
  EMB_TRY(auto created, find_lock(session, lock.repo_id, std::get<0>(*row)));
  if (!created)
    return fail(Code::Internal,
                cat("The lock ", std::get<0>(*row), " vanished while it was created."));
  return *std::move(created);
}

Result<std::vector<LfsLock>> locks(db::Session& session, std::int64_t repo_id,
                                   std::string_view path, std::int64_t after_id,
                                   std::size_t limit) {
  EMB_TRY(
      auto rows,
      session.rows<std::int64_t, std::int64_t, std::string, std::string, std::int64_t, std::string,
                   std::int64_t>(
          "SELECT l.id, l.repo_id, l.path, l.ref, l.owner_id, a.name, l.locked_ms FROM lfs_locks l "
          "JOIN accounts a ON a.id = l.owner_id WHERE l.repo_id = :repo AND (:path = '' OR l.path "
          "= :path) "
          "AND l.id > :after ORDER BY l.id LIMIT :limit",
          repo_id, path, after_id, limit));
  std::vector<LfsLock> out;
  out.reserve(rows.size());
  for (auto& row : rows) out.push_back(to_lock(std::move(row)));
  return out;
}

Result<std::optional<LfsLock>> find_lock(db::Session& session, std::int64_t repo_id,
                                         std::int64_t lock_id) {
  EMB_TRY(
      auto row,
      session.row<std::int64_t, std::int64_t, std::string, std::string, std::int64_t, std::string,
                  std::int64_t>(
          "SELECT l.id, l.repo_id, l.path, l.ref, l.owner_id, a.name, l.locked_ms FROM lfs_locks l "
          "JOIN accounts a ON a.id = l.owner_id WHERE l.repo_id = :repo AND l.id = :id",
          repo_id, lock_id));
  if (!row) return std::nullopt;
  return to_lock(std::move(*row));
}

Status remove_lock(db::Session& session, std::int64_t repo_id, std::int64_t lock_id) {
  EMB_TRY(auto changed, session.run("DELETE FROM lfs_locks WHERE repo_id = :repo AND id = :id",
                                    repo_id, lock_id));
  if (changed == 0) return fail(Code::NotFound, "There is no such lock.");
  return Done{};
}

}  // namespace embrace::meta::repos
