#include "meta/young_packs.h"

#include "base/strings.h"

namespace embrace::meta::young_packs {

// Base64, because both databases take text without a NUL byte through the same door.
Status add(db::Session& session, std::int64_t repo_id, const Row& row) {
  EMB_DO(
      session.run("INSERT INTO young_packs (repo_id, name, items, bytes_base64) "
                  "VALUES (:repo, :name, :items, :bytes) ON CONFLICT (repo_id, name) DO NOTHING",
                  repo_id, row.name, row.items, to_base64(row.bytes)));
  return Done{};
}

Result<std::uint64_t> count(db::Session& session, std::int64_t repo_id) {
  EMB_TRY(auto row, session.row<std::uint64_t>(
                        "SELECT COUNT(*) FROM young_packs WHERE repo_id = :repo", repo_id));
  return row ? std::get<0>(*row) : 0;
}

Result<std::vector<std::string>> names(db::Session& session, std::int64_t repo_id) {
  EMB_TRY(auto rows,
          session.rows<std::string>(
              "SELECT name FROM young_packs WHERE repo_id = :repo ORDER BY name", repo_id));
  std::vector<std::string> out;
  out.reserve(rows.size());
  for (auto& [name] : rows) out.push_back(std::move(name));
  return out;
}

Result<std::vector<Row>> list(db::Session& session, std::int64_t repo_id,
                              std::string_view after_name, std::size_t limit) {
  EMB_TRY(auto rows, session.rows<std::string, std::string, std::string>(
                         "SELECT name, items, bytes_base64 FROM young_packs "
                         "WHERE repo_id = :repo AND name > :after ORDER BY name LIMIT :limit",
                         repo_id, after_name, limit));
  std::vector<Row> out;
  out.reserve(rows.size());
  for (auto& [name, items, text] : rows) {
    auto bytes = from_base64(text);
    if (!bytes) return fail(Code::Corrupt, cat("the row of ", name, " is damaged"));
    out.push_back({std::move(name), std::move(items), *std::move(bytes)});
  }
  return out;
}

Status remove(db::Session& session, std::int64_t repo_id, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    EMB_TRY(const auto removed,
            session.run("DELETE FROM young_packs WHERE repo_id = :repo AND name = :name", repo_id,
                        name));
    if (removed == 0)
      return fail(Code::Conflict, cat("The pack ", name, " was joined by someone else."));
  }
  return Done{};
}

Result<std::vector<std::int64_t>> repos(db::Session& session, std::int64_t after_repo_id,
                                        std::size_t limit) {
  EMB_TRY(auto rows, session.rows<std::int64_t>(
                         "SELECT DISTINCT repo_id FROM young_packs WHERE repo_id > :after "
                         "ORDER BY repo_id LIMIT :limit",
                         after_repo_id, limit));
  std::vector<std::int64_t> out;
  out.reserve(rows.size());
  for (const auto& [id] : rows) out.push_back(id);
  return out;
}

}  // namespace embrace::meta::young_packs
