#include "meta/storage.h"

#include <algorithm>

#include "base/strings.h"

namespace embrace::meta::storage {
namespace {

Result<std::vector<LfsLink>> to_links(
    const std::vector<std::tuple<std::string, std::uint64_t>>& rows) {
  std::vector<LfsLink> out;
  out.reserve(rows.size());
  for (const auto& [hex, size_bytes] : rows) {
    EMB_TRY(const auto sha256, Digest::parse(hex));
    out.push_back({.sha256 = sha256, .size_bytes = size_bytes});
  }
  return out;
}

}  // namespace

Result<std::vector<std::int64_t>> repos_with_old_links(db::Session& session, Millis used_before_ms,
                                                       std::int64_t after_repo_id,
                                                       std::size_t limit) {
  EMB_TRY(const auto rows,
          session.rows<std::int64_t>("SELECT DISTINCT repo_id FROM repo_lfs WHERE repo_id > :after "
                                     "AND used_ms < :before ORDER BY repo_id LIMIT :limit",
                                     after_repo_id, used_before_ms, limit));
  std::vector<std::int64_t> out;
  for (const auto& [id] : rows) out.push_back(id);
  return out;
}

Result<std::vector<LfsLink>> links_of(db::Session& session, std::int64_t repo_id) {
  EMB_TRY(const auto rows,
          (session.rows<std::string, std::uint64_t>(
              "SELECT sha256, size_bytes FROM repo_lfs WHERE repo_id = :repo", repo_id)));
  return to_links(rows);
}

Result<std::vector<OldLink>> old_links(db::Session& session, std::int64_t repo_id,
                                       Millis used_before_ms) {
  EMB_TRY(const auto rows,
          (session.rows<std::string, std::uint64_t, std::optional<Millis>>(
              "SELECT sha256, size_bytes, condemned_ms FROM repo_lfs WHERE repo_id = :repo "
              "AND used_ms < :before ORDER BY sha256",
              repo_id, used_before_ms)));
  std::vector<OldLink> out;
  out.reserve(rows.size());
  for (const auto& [hex, size_bytes, condemned_ms] : rows) {
    EMB_TRY(const auto sha256, Digest::parse(hex));
    out.push_back(
        {.link = {.sha256 = sha256, .size_bytes = size_bytes}, .condemned_ms = condemned_ms});
  }
  return out;
}

Result<bool> condemn_link(db::Session& session, std::int64_t repo_id, const Digest& sha256,
                          Millis used_before_ms, Millis now_ms) {
  EMB_TRY(const auto changed,
          session.run("UPDATE repo_lfs SET condemned_ms = :now WHERE repo_id = :repo "
                      "AND sha256 = :sha256 AND used_ms < :before AND condemned_ms IS NULL",
                      now_ms, repo_id, sha256.hex(), used_before_ms));
  return changed > 0;
}

Status reprieve_link(db::Session& session, std::int64_t repo_id, const Digest& sha256) {
  EMB_DO(
      session.run("UPDATE repo_lfs SET condemned_ms = NULL WHERE repo_id = :repo "
                  "AND sha256 = :sha256",
                  repo_id, sha256.hex()));
  return Done{};
}

// The file's row before the link's, as link_lfs does it.
Result<bool> remove_condemned_link(db::Session& session, std::int64_t repo_id, const Digest& sha256,
                                   Millis used_before_ms, Millis condemned_before_ms,
                                   Millis now_ms) {
  EMB_DO(session.run("UPDATE xet_files SET used_ms = :now WHERE sha256 = :sha256", now_ms,
                     sha256.hex()));
  EMB_TRY(const auto gone,
          session.run("DELETE FROM repo_lfs WHERE repo_id = :repo AND sha256 = :sha256 "
                      "AND used_ms < :before AND condemned_ms < :condemned",
                      repo_id, sha256.hex(), used_before_ms, condemned_before_ms));
  return gone > 0;
}

Result<bool> move_refs_version(db::Session& session, std::int64_t repo_id, std::int64_t seen) {
  EMB_TRY(const auto changed,
          session.run("UPDATE repos SET refs_version = refs_version + 1 WHERE id = :id "
                      "AND refs_version = :seen",
                      repo_id, seen));
  return changed > 0;
}

Result<std::vector<LfsLink>> unlinked_files(db::Session& session, Millis used_before_ms,
                                            std::string_view after_sha256_hex, std::size_t limit) {
  EMB_TRY(const auto rows,
          (session.rows<std::string, std::uint64_t>(
              "SELECT f.sha256, MAX(f.size_bytes) FROM xet_files f WHERE f.sha256 > :after "
              "AND NOT EXISTS (SELECT 1 FROM repo_lfs l WHERE l.sha256 = f.sha256) "
              "GROUP BY f.sha256 HAVING MAX(f.used_ms) < :before ORDER BY f.sha256 LIMIT :limit",
              after_sha256_hex, used_before_ms, limit)));
  return to_links(rows);
}

Result<bool> drop_unlinked(db::Session& session, const Digest& sha256, Millis used_before_ms,
                           Millis now_ms) {
  EMB_DO(session.run(
      "UPDATE xorbs SET used_ms = :now WHERE id IN (SELECT t.xorb_id FROM xet_terms t "
      "JOIN xet_files f ON f.id = t.file_id WHERE f.sha256 = :sha256 AND f.used_ms < :before) "
      "AND NOT EXISTS (SELECT 1 FROM repo_lfs l WHERE l.sha256 = :sha256)",
      now_ms, sha256.hex(), used_before_ms));
  EMB_TRY(const auto gone,
          session.run("DELETE FROM xet_files WHERE sha256 = :sha256 AND used_ms < :before "
                      "AND NOT EXISTS (SELECT 1 FROM repo_lfs l WHERE l.sha256 = :sha256)",
                      sha256.hex(), used_before_ms));
  return gone > 0;  // and its terms
}

Result<std::vector<LfsLink>> linked_files(db::Session& session, std::string_view after_sha256_hex,
                                          std::size_t limit) {
  EMB_TRY(const auto rows, (session.rows<std::string, std::uint64_t>(
                               "SELECT sha256, MAX(size_bytes) FROM repo_lfs WHERE sha256 > :after "
                               "GROUP BY sha256 ORDER BY sha256 LIMIT :limit",
                               after_sha256_hex, limit)));
  return to_links(rows);
}

Result<bool> is_xorb_shown_to(db::Session& session, std::int64_t xorb_id, std::int64_t repo_id) {
  EMB_TRY(const auto row,
          session.row<std::int64_t>(
              "SELECT t.xorb_id FROM xet_terms t JOIN xet_files f ON f.id = t.file_id "
              "JOIN repo_lfs l ON l.sha256 = f.sha256 JOIN repos r ON r.id = l.repo_id "
              "WHERE t.xorb_id = :xorb AND ((r.is_private = 0 AND r.gating = 0) OR r.namespace_id "
              "= (SELECT o.namespace_id FROM repos o WHERE o.id = :repo)) LIMIT 1",
              xorb_id, repo_id));
  return row.has_value();
}

Result<std::uint64_t> used_bytes(db::Session& session, std::int64_t namespace_id) {
  std::uint64_t used = 0;
  const auto add = [&](std::string_view sql) -> Status {
    EMB_TRY(const auto sum, session.row<std::uint64_t>(sql, namespace_id));
    if (sum) used += std::get<0>(*sum);
    return Done{};
  };
  EMB_DO(
      add("SELECT CAST(COALESCE(SUM(u.size_bytes), 0) AS BIGINT) FROM "
          "(SELECT b.sha256, MAX(b.size_bytes) AS size_bytes FROM ("
          "SELECT l.sha256, l.size_bytes FROM repos r JOIN repo_lfs l ON l.repo_id = r.id "
          "WHERE r.namespace_id = :ns AND l.payer_id IS NULL UNION ALL "
          "SELECT p.sha256, p.size_bytes FROM repo_lfs p WHERE p.payer_id = :ns) b "
          "GROUP BY b.sha256) u"));
  EMB_DO(
      add("SELECT CAST(COALESCE(SUM(p.size_bytes), 0) AS BIGINT) FROM repos r "
          "JOIN packs p ON p.repo_id = r.id WHERE r.namespace_id = :ns"));
  EMB_DO(
      add("SELECT CAST(COALESCE(SUM(x.stored_bytes), 0) AS BIGINT) FROM sent_xorbs s "
          "JOIN xorbs x ON x.id = s.xorb_id WHERE s.payer_id = :ns AND NOT EXISTS "
          "(SELECT 1 FROM xet_terms t JOIN xet_files f ON f.id = t.file_id "
          "JOIN repo_lfs l ON l.sha256 = f.sha256 WHERE t.xorb_id = s.xorb_id)"));
  return used;
}

Status note_sent_xorb(db::Session& session, std::string_view xorb_hash, std::int64_t payer_id) {
  EMB_DO(
      session.run("INSERT INTO sent_xorbs (xorb_id, payer_id) SELECT x.id, CAST(:payer AS BIGINT) "
                  "FROM xorbs x WHERE x.hash = :hash ON CONFLICT (xorb_id) DO NOTHING",
                  payer_id, xorb_hash));
  return Done{};
}

Status settle_sent_xorbs(db::Session& session, std::int64_t payer_id) {
  EMB_DO(
      session.run("DELETE FROM sent_xorbs WHERE payer_id = :payer AND EXISTS "
                  "(SELECT 1 FROM xet_terms t JOIN xet_files f ON f.id = t.file_id "
                  "JOIN repo_lfs l ON l.sha256 = f.sha256 WHERE t.xorb_id = sent_xorbs.xorb_id)",
                  payer_id));
  return Done{};
}

Result<std::uint64_t> added_bytes(db::Session& session, std::int64_t namespace_id,
                                  const std::vector<LfsLink>& links) {
  std::vector<LfsLink> ordered = links;
  std::ranges::sort(ordered, {}, &LfsLink::sha256);
  std::uint64_t added = 0;
  const Digest* last = nullptr;
  for (const auto& link : ordered) {
    if (last && *last == link.sha256) continue;
    last = &link.sha256;
    EMB_TRY(const auto there,
            session.row<std::int64_t>("SELECT l.repo_id FROM repo_lfs l JOIN repos r "
                                      "ON r.id = l.repo_id WHERE l.sha256 = :sha256 "
                                      "AND COALESCE(l.payer_id, r.namespace_id) = :ns LIMIT 1",
                                      link.sha256.hex(), namespace_id));
    if (!there) added += link.size_bytes;
  }
  return added;
}

Result<std::optional<Quota>> find_quota(db::Session& session, std::int64_t namespace_id) {
  EMB_TRY(const auto row,
          session.row<std::optional<std::uint64_t>>(
              "SELECT quota_bytes FROM namespace_quotas WHERE namespace_id = :ns", namespace_id));
  if (!row) return std::nullopt;
  return Quota{.bytes = std::get<0>(*row)};
}

Status set_quota(db::Session& session, std::int64_t namespace_id,
                 const std::optional<Quota>& quota) {
  if (!quota) {
    EMB_DO(session.run("DELETE FROM namespace_quotas WHERE namespace_id = :ns", namespace_id));
    return Done{};
  }
  EMB_DO(
      session.run("INSERT INTO namespace_quotas (namespace_id, quota_bytes) VALUES (:ns, :bytes) "
                  "ON CONFLICT (namespace_id) DO UPDATE SET quota_bytes = excluded.quota_bytes",
                  namespace_id, quota->bytes));
  return Done{};
}

Result<std::vector<NamespaceUse>> uses(db::Session& session, std::int64_t after_id,
                                       std::size_t limit) {
  EMB_TRY(const auto rows,
          (session.rows<std::int64_t, std::string>(
              "SELECT a.id, a.name FROM accounts a WHERE a.id > :after AND "
              "(EXISTS (SELECT 1 FROM repos r WHERE r.namespace_id = a.id) OR "
              "EXISTS (SELECT 1 FROM repo_lfs l WHERE l.payer_id = a.id) OR "
              "EXISTS (SELECT 1 FROM sent_xorbs s WHERE s.payer_id = a.id) OR "
              "EXISTS (SELECT 1 FROM namespace_quotas q WHERE q.namespace_id = a.id)) "
              "ORDER BY a.id LIMIT :limit",
              after_id, limit)));
  std::vector<NamespaceUse> out;
  for (const auto& [id, name] : rows) {
    NamespaceUse use{.id = id, .name = name, .used_bytes = 0, .quota = std::nullopt};
    EMB_TRY(use.used_bytes, used_bytes(session, id));
    EMB_TRY(use.quota, find_quota(session, id));
    out.push_back(std::move(use));
  }
  return out;
}

}  // namespace embrace::meta::storage
