#pragma once
// Users, organizations, memberships, tokens, browser sessions. SQL only: rules live in
// hub/accounts.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/session.h"
#include "meta/types.h"

namespace embrace::meta::accounts {

Result<Account> create(db::Session&,
                       const Account& account);  // fills id; Conflict when the name is taken
Result<std::optional<Account>> find(db::Session&, std::string_view name);  // without regard to case
Result<std::optional<Account>> find_by_id(db::Session&, std::int64_t id);
Result<std::vector<Account>> list(db::Session&, AccountKind kind, std::int64_t after_id,
                                  std::size_t limit);
Result<std::int64_t> count(db::Session&, AccountKind kind);
// Those whose name has this in it, without case and without the disabled ones: first those that
// begin with it, then by name.
Result<std::vector<Account>> search(db::Session&, AccountKind kind, std::string_view text,
                                    std::size_t limit);
Status update(db::Session&, const Account& account);  // all but id, kind, created_ms
// For rules about several rows (the last administrator, how many organizations): PostgreSQL lets
// two transactions each break them together. Of those that take the same turn one ends first, and
// the others begin again. The account's own turn, or that of who changes the hub's administrators.
Status take_turn(db::Session&, std::int64_t id);
Status take_admins_turn(db::Session&);
// Users who administer the whole hub and may log in.
Result<std::int64_t> count_admins(db::Session&);

// What only an account's own page shows; every other question goes without.
struct Profile {
  std::string details;
  std::string homepage;
};
Result<Profile> find_profile(db::Session&, std::int64_t id);
Status set_profile(db::Session&, std::int64_t id, const Profile& profile);

// And its tokens, sessions, memberships. Conflict while repositories are left in the namespace.
Status remove(db::Session&, std::int64_t id);

Status set_member(db::Session&, std::int64_t org_id, std::int64_t user_id,
                  Role role);  // adds or changes
Status remove_member(db::Session&, std::int64_t org_id, std::int64_t user_id);
Result<std::vector<Membership>> orgs_of(db::Session&, std::int64_t user_id);
Result<std::int64_t> count_administered(db::Session&, std::int64_t user_id);  // organizations
Result<std::int64_t> count_members(db::Session&, std::int64_t org_id);
Result<std::vector<Membership>> members_of(db::Session&, std::int64_t org_id,
                                           std::int64_t after_user_id, std::size_t limit);

Result<Token> create_token(db::Session&, const Token& token);
Result<std::optional<Token>> find_token(db::Session&,
                                        const Digest& secret_sha256);  // expired ones too
Result<std::vector<Token>> tokens_of(db::Session&, std::int64_t user_id);
Status remove_token(db::Session&, std::int64_t user_id, std::int64_t token_id);
Status touch_token(db::Session&, std::int64_t token_id, Millis used_ms);

Status create_session(db::Session&, const Digest& cookie_sha256, std::int64_t user_id,
                      Millis created_ms, Millis expires_ms);
Result<std::optional<std::int64_t>> find_session(db::Session&, const Digest& cookie_sha256,
                                                 Millis now_ms);  // the user's id
Status remove_session(db::Session&, const Digest& cookie_sha256);
// All but the one with this cookie, when one is given.
Status remove_sessions_of(db::Session&, std::int64_t user_id,
                          const std::optional<Digest>& but_cookie_sha256 = std::nullopt);
Status remove_expired_sessions(db::Session&, Millis now_ms);

// Server-wide secrets and facts ("signing_key").
Result<std::optional<std::string>> find_setting(db::Session&, std::string_view key);
Status set_setting(db::Session&, std::string_view key, std::string_view value);

}  // namespace embrace::meta::accounts
