#include "meta/overview.h"

#include <algorithm>
#include <string>

#include "base/strings.h"
#include "meta/storage.h"

namespace embrace::meta::overview {
namespace {

// A pattern for LIKE ... ESCAPE '!': the text anywhere.
std::string anywhere(std::string_view text) {
  std::string out = "%";
  for (char c : to_lower(text)) {
    if (c == '%' || c == '_' || c == '!') out += '!';
    out += c;
  }
  return out + "%";
}

Result<Garbage::Count> count_of(db::Session& session, std::string_view sql) {
  EMB_TRY(const auto row, (session.row<std::uint64_t, std::uint64_t>(sql)));
  if (!row) return Garbage::Count{};
  return Garbage::Count{.count = std::get<0>(*row), .bytes = std::get<1>(*row)};
}

}  // namespace

Result<std::vector<AccountUse>> accounts(db::Session& session, AccountKind kind,
                                         std::string_view search, std::int64_t after_id,
                                         std::size_t limit) {
  EMB_TRY(auto rows,
          (session.rows<std::int64_t, std::string, std::string, std::string, bool, bool,
                        std::int64_t, std::optional<std::int64_t>, std::optional<std::int64_t>,
                        std::int64_t, std::int64_t>(
              "SELECT a.id, a.name, a.fullname, a.email, a.is_admin, a.is_disabled, a.created_ms, "
              "(SELECT MAX(t.used_ms) FROM tokens t WHERE t.user_id = a.id), "
              "(SELECT MAX(s.created_ms) FROM sessions s WHERE s.user_id = a.id), "
              "(SELECT COUNT(*) FROM repos r WHERE r.namespace_id = a.id), "
              "(SELECT COUNT(*) FROM members m WHERE m.org_id = a.id) "
              "FROM accounts a WHERE a.kind = :kind AND a.id > :after "
              "AND (a.name_lower LIKE :part ESCAPE '!' OR lower(a.fullname) LIKE :part ESCAPE '!' "
              "OR lower(a.email) LIKE :part ESCAPE '!') ORDER BY a.id LIMIT :limit",
              static_cast<std::int64_t>(kind), after_id, anywhere(search), limit)));
  std::vector<AccountUse> out;
  out.reserve(rows.size());
  for (auto& [id, name, fullname, email, is_admin, is_disabled, created_ms, token_ms, session_ms,
              repos, members] : rows) {
    AccountUse use{.account = {.id = id,
                               .kind = kind,
                               .name = std::move(name),
                               .fullname = std::move(fullname),
                               .email = std::move(email),
                               .password_hash = {},
                               .is_admin = is_admin,
                               .is_disabled = is_disabled,
                               .created_ms = created_ms},
                   .used_ms = std::max(token_ms, session_ms),  // nullopt is the least
                   .repos = repos,
                   .members = members,
                   .stored_bytes = 0};
    EMB_TRY(use.stored_bytes, storage::used_bytes(session, id));
    out.push_back(std::move(use));
  }
  return out;
}

Result<Garbage> garbage(db::Session& session) {
  Garbage out;
  EMB_TRY(out.links,
          count_of(session,
                   "SELECT COUNT(*), CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM repo_lfs "
                   "WHERE condemned_ms IS NOT NULL"));
  EMB_TRY(out.files, count_of(session,
                              "SELECT COUNT(*), CAST(COALESCE(SUM(f.size_bytes), 0) AS BIGINT) "
                              "FROM xet_files f WHERE NOT EXISTS "
                              "(SELECT 1 FROM repo_lfs l WHERE l.sha256 = f.sha256)"));
  EMB_TRY(out.xorbs,
          count_of(session,
                   "SELECT COUNT(*), CAST(COALESCE(SUM(stored_bytes), 0) AS BIGINT) FROM xorbs "
                   "WHERE condemned_ms IS NOT NULL"));
  return out;
}

Result<std::uint64_t> database_bytes(db::Session& session) {
  EMB_TRY(const auto row, session.row<std::uint64_t>(
                              session.is_postgres()
                                  ? "SELECT pg_database_size(current_database())"
                                  : "SELECT c.page_count * s.page_size FROM pragma_page_count() c, "
                                    "pragma_page_size() s"));
  return row ? std::get<0>(*row) : 0;
}

}  // namespace embrace::meta::overview
