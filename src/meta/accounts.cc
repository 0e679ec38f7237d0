#include "meta/accounts.h"

#include "base/strings.h"

namespace embrace::meta::accounts {
namespace {

using AccountTuple = std::tuple<std::int64_t, std::int64_t, std::string, std::string, std::string,
                                std::string, bool, bool, std::int64_t>;

Account to_account(AccountTuple row) {
  auto& [id, kind, name, fullname, email, password_hash, is_admin, is_disabled, created_ms] = row;
  return Account{.id = id,
                 .kind = static_cast<AccountKind>(kind),
                 .name = std::move(name),
                 .fullname = std::move(fullname),
                 .email = std::move(email),
                 .password_hash = std::move(password_hash),
                 .is_admin = is_admin,
                 .is_disabled = is_disabled,
                 .created_ms = created_ms};
}

template <class... Args>
Result<std::optional<Account>> find_where(db::Session& session, std::string_view sql,
                                          const Args&... args) {
  EMB_TRY(auto row, session.row<std::int64_t, std::int64_t, std::string, std::string, std::string,
                                std::string, bool, bool, std::int64_t>(sql, args...));
  if (!row) return std::nullopt;
  return to_account(std::move(*row));
}

using MemberTuple = std::tuple<std::int64_t, std::string, std::string, std::string, std::int64_t,
                               std::string, std::string, std::int64_t>;

std::vector<Membership> to_memberships(std::vector<MemberTuple> rows) {
  std::vector<Membership> out;
  out.reserve(rows.size());
  for (auto& [org_id, org_name, org_fullname, org_email, user_id, user_name, user_fullname, role] :
       rows) {
    out.push_back(Membership{.org_id = org_id,
                             .org_name = std::move(org_name),
                             .org_fullname = std::move(org_fullname),
                             .org_email = std::move(org_email),
                             .user_id = user_id,
                             .user_name = std::move(user_name),
                             .user_fullname = std::move(user_fullname),
                             .role = static_cast<Role>(role)});
  }
  return out;
}

}  // namespace

Result<Account> create(db::Session& session, const Account& account) {
  EMB_TRY(auto row,
          session.row<std::int64_t>(
              "INSERT INTO accounts (kind, name, name_lower, fullname, email, password_hash, "
              "is_admin, is_disabled, "
              "created_ms) VALUES (:kind, :name, :name_lower, :fullname, :email, :password_hash, "
              ":is_admin, "
              ":is_disabled, :created_ms) ON CONFLICT (name_lower) DO NOTHING RETURNING id",
              static_cast<std::int64_t>(account.kind), account.name, to_lower(account.name),
              account.fullname, account.email, account.password_hash, account.is_admin,
              account.is_disabled, account.created_ms));
  if (!row) return fail(Code::Conflict, cat("The name \"", account.name, "\" is already taken."));
  Account created = account;
  created.id = std::get<0>(*row);
  return created;
}

Result<std::optional<Account>> find(db::Session& session, std::string_view name) {
  return find_where(
      session,
      "SELECT id, kind, name, fullname, email, password_hash, is_admin, is_disabled, created_ms "
      "FROM accounts WHERE name_lower = :name",
      to_lower(name));
}

Result<std::optional<Account>> find_by_id(db::Session& session, std::int64_t id) {
  return find_where(
      session,
      "SELECT id, kind, name, fullname, email, password_hash, is_admin, is_disabled, created_ms "
      "FROM accounts WHERE id = :id",
      id);
}

Result<std::vector<Account>> list(db::Session& session, AccountKind kind, std::int64_t after_id,
                                  std::size_t limit) {
  EMB_TRY(auto rows,
          session.rows<std::int64_t, std::int64_t, std::string, std::string, std::string,
                       std::string, bool, bool, std::int64_t>(
              "SELECT id, kind, name, fullname, email, password_hash, is_admin, is_disabled, "
              "created_ms "
              "FROM accounts WHERE kind = :kind AND id > :after ORDER BY id LIMIT :limit",
              static_cast<std::int64_t>(kind), after_id, limit));
  std::vector<Account> out;
  out.reserve(rows.size());
  for (auto& row : rows) out.push_back(to_account(std::move(row)));
  return out;
}

Result<std::vector<Account>> search(db::Session& session, AccountKind kind, std::string_view text,
                                    std::size_t limit) {
  std::string pattern;
  for (char c : to_lower(text)) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  EMB_TRY(
      auto rows,
      session.rows<std::int64_t, std::int64_t, std::string, std::string, std::string, std::string,
                   bool, bool, std::int64_t>(
          "SELECT id, kind, name, fullname, email, password_hash, is_admin, is_disabled, "
          "created_ms FROM accounts WHERE kind = :kind AND is_disabled = 0 AND name_lower LIKE "
          ":anywhere ESCAPE '!' ORDER BY CASE WHEN name_lower LIKE :beginning ESCAPE '!' THEN 0 "
          "ELSE 1 END, name_lower LIMIT :limit",
          static_cast<std::int64_t>(kind), cat("%", pattern, "%"), cat(pattern, "%"), limit));
  std::vector<Account> out;
  out.reserve(rows.size());
  for (auto& row : rows) out.push_back(to_account(std::move(row)));
  return out;
}

Result<std::int64_t> count(db::Session& session, AccountKind kind) {
  EMB_TRY(auto row, session.row<std::int64_t>("SELECT count(*) FROM accounts WHERE kind = :kind",
                                              static_cast<std::int64_t>(kind)));
  return row ? std::get<0>(*row) : 0;
}

Status update(db::Session& session, const Account& account) {
  EMB_TRY(auto changed,
          session.run(
              "UPDATE accounts SET name = :name, name_lower = :name_lower, fullname = :fullname, "
              "email = :email, password_hash = :password_hash, is_admin = :is_admin, "
              "is_disabled = :is_disabled WHERE id = :id",
              account.name, to_lower(account.name), account.fullname, account.email,
              account.password_hash, account.is_admin, account.is_disabled, account.id));
  if (changed == 0) return fail(Code::NotFound, cat("There is no account ", account.id, "."));
  return Done{};
}

Status take_turn(db::Session& session, std::int64_t id) {
  EMB_TRY(auto changed,
          session.run("UPDATE accounts SET is_disabled = is_disabled WHERE id = :id", id));
  if (changed == 0) return fail(Code::NotFound, cat("There is no account ", id, "."));
  return Done{};
}

Status take_admins_turn(db::Session& session) { return set_setting(session, "admins_turn", ""); }

Result<std::int64_t> count_admins(db::Session& session) {
  EMB_TRY(auto row, session.row<std::int64_t>(
                        "SELECT count(*) FROM accounts WHERE kind = :kind AND is_admin = 1 "
                        "AND is_disabled = 0",
                        static_cast<std::int64_t>(AccountKind::User)));
  return row ? std::get<0>(*row) : 0;
}

Result<Profile> find_profile(db::Session& session, std::int64_t id) {
  EMB_TRY(auto row, (session.row<std::string, std::string>(
                        "SELECT details, homepage FROM accounts WHERE id = :id", id)));
  if (!row) return fail(Code::NotFound, cat("There is no account ", id, "."));
  return Profile{.details = std::get<0>(*row), .homepage = std::get<1>(*row)};
}

Status set_profile(db::Session& session, std::int64_t id, const Profile& profile) {
  EMB_TRY(auto changed, session.run("UPDATE accounts SET details = :details, homepage = :homepage "
                                    "WHERE id = :id",
                                    profile.details, profile.homepage, id));
  if (changed == 0) return fail(Code::NotFound, cat("There is no account ", id, "."));
  return Done{};
}

Status remove(db::Session& session, std::int64_t id) {
  // Tokens, sessions and memberships go with the row (ON DELETE CASCADE); repositories hold it in
  // place.
  EMB_TRY(auto held,
          session.row<std::int64_t>("SELECT id FROM repos WHERE namespace_id = :id LIMIT 1", id));
  if (held) {
    return fail(Code::Conflict, "The account still has repositories: delete or move them first.");
  }
  EMB_TRY(auto changed, session.run("DELETE FROM accounts WHERE id = :id", id));
  if (changed == 0) return fail(Code::NotFound, cat("There is no account ", id, "."));
  return Done{};
}

Status set_member(db::Session& session, std::int64_t org_id, std::int64_t user_id, Role role) {
  EMB_DO(
      session.run("INSERT INTO members (org_id, user_id, role) VALUES (:org, :user, :role) "
                  "ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role",
                  org_id, user_id, static_cast<std::int64_t>(role)));
  return Done{};
}

Status remove_member(db::Session& session, std::int64_t org_id, std::int64_t user_id) {
  EMB_TRY(auto changed, session.run("DELETE FROM members WHERE org_id = :org AND user_id = :user",
                                    org_id, user_id));
  if (changed == 0) return fail(Code::NotFound, "The user is not a member of this organization.");
  return Done{};
}

Result<std::vector<Membership>> orgs_of(db::Session& session, std::int64_t user_id) {
  EMB_TRY(
      auto rows,
      session.rows<std::int64_t, std::string, std::string, std::string, std::int64_t, std::string,
                   std::string, std::int64_t>(
          "SELECT o.id, o.name, o.fullname, o.email, u.id, u.name, u.fullname, m.role "
          "FROM members m JOIN accounts o ON o.id = m.org_id JOIN accounts u ON u.id = m.user_id "
          "WHERE m.user_id = :user ORDER BY m.org_id",
          user_id));
  return to_memberships(std::move(rows));
}

Result<std::int64_t> count_administered(db::Session& session, std::int64_t user_id) {
  EMB_TRY(auto row, session.row<std::int64_t>(
                        "SELECT count(*) FROM members WHERE user_id = :user AND role = :role",
                        user_id, static_cast<std::int64_t>(Role::Admin)));
  return row ? std::get<0>(*row) : 0;
}

Result<std::int64_t> count_members(db::Session& session, std::int64_t org_id) {
  EMB_TRY(auto row,
          session.row<std::int64_t>("SELECT count(*) FROM members WHERE org_id = :org", org_id));
  return row ? std::get<0>(*row) : 0;
}

Result<std::vector<Membership>> members_of(db::Session& session, std::int64_t org_id,
                                           std::int64_t after_user_id, std::size_t limit) {
  EMB_TRY(
      auto rows,
      session.rows<std::int64_t, std::string, std::string, std::string, std::int64_t, std::string,
                   std::string, std::int64_t>(
          "SELECT o.id, o.name, o.fullname, o.email, u.id, u.name, u.fullname, m.role "
          "FROM members m JOIN accounts o ON o.id = m.org_id JOIN accounts u ON u.id = m.user_id "
          "WHERE m.org_id = :org AND m.user_id > :after ORDER BY m.user_id LIMIT :limit",
          org_id, after_user_id, limit));
  return to_memberships(std::move(rows));
}

}  // namespace embrace::meta::accounts
