#pragma once
// Rows, as the rest of the house sees them. Times are Millis (UTC). Ids are the database's own
// 64-bit keys; objid() makes the 24 hex digits that the Hub's JSON shows.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/repo_name.h"
#include "base/time.h"

namespace embrace::meta {

enum class AccountKind : std::uint8_t { User = 0, Organization = 1 };

// A namespace: a user or an organization. Names are unique without regard to case.
struct Account {
  std::int64_t id = 0;
  AccountKind kind = AccountKind::User;
  std::string name;
  std::string fullname;
  std::string email;
  std::string password_hash;  // argon2id PHC text; empty: no password login
  bool is_admin = false;
  bool is_disabled = false;
  Millis created_ms = 0;
};

// Ordered: a higher role may do all that a lower one may (hub-api 1.13).
enum class Role : std::uint8_t { None = 0, Read = 1, Contributor = 2, Write = 3, Admin = 4 };
std::string_view to_string(Role role);  // "no_access", "read", "contributor", "write", "admin"
std::optional<Role> parse_role(std::string_view word);

struct Membership {
  std::int64_t org_id = 0;
  std::string org_name;
  std::string org_fullname;
  std::string org_email;
  std::int64_t user_id = 0;
  std::string user_name;
  std::string user_fullname;
  Role role = Role::Read;
};

enum class TokenRole : std::uint8_t { Read = 0, Write = 1, Admin = 2 };
std::string_view to_string(TokenRole role);  // "read", "write", "admin"

struct Token {
  std::int64_t id = 0;
  std::int64_t user_id = 0;
  std::string display_name;
  TokenRole role = TokenRole::Read;
  Digest secret_sha256;  // the token itself is never stored
  std::string hint;      // its last four characters
  Millis created_ms = 0;
  std::optional<Millis> expires_ms;
  std::optional<Millis> used_ms;
};

enum class Gating : std::uint8_t { Open = 0, Auto = 1, Manual = 2 };

// What a repository's README.md and config files say; recomputed at every publish that moves the
// default branch (hub/card.h) and stored beside the repo row for listing.
struct CardIndex {
  std::string card_json;          // cardData as JSON object text; "" when there is no front matter
  std::vector<std::string> tags;  // hub-api 6.3
  std::string pipeline_tag;
  std::string library_name;
  std::string license;
  std::string sdk;                  // spaces
  std::string description;          // datasets
  std::string config_json;          // the subset of config.json; "" when none
  std::string safetensors_json;     // {"parameters":{..},"total":n}; "" when none
  std::string gguf_json;            // {"total":n,"architecture":..}; "" when none
  std::int64_t num_parameters = 0;  // 0: unknown
  std::uint64_t used_bytes = 0;     // of the default branch's tree, LFS files at their real size
};

struct Repo {
  std::int64_t id = 0;
  RepoName name;  // canonical spelling
  std::int64_t namespace_id = 0;
  std::int64_t creator_id = 0;
  bool is_private = false;
  Gating gating = Gating::Open;
  bool is_disabled = false;
  bool discussions_disabled = false;
  std::string default_branch = "main";
  std::string head_oid;  // 40 hex: the default branch's commit, kept equal to refs by publish
  Millis created_ms = 0;
  Millis modified_ms = 0;  // last commit on the default branch
  std::int64_t refs_version =
      0;  // counts publishes; a projection of refs remembers which one it shows
  std::int64_t downloads = 0;  // last 30 days
  std::int64_t downloads_all = 0;
  std::int64_t likes = 0;
  double trending = 0;
  CardIndex card;  // tags are only filled by find_*, not by listings that do not ask
};

struct RefRow {
  std::string name;  // "refs/heads/main", "refs/tags/v1", "refs/pr/3"
  std::string oid;   // 40 hex; of the tag object for annotated tags
};

struct PackRow {
  std::string name;
  std::uint64_t size_bytes = 0;
  std::uint32_t objects = 0;
};

enum class PullStatus : std::uint8_t { Draft = 0, Open = 1, Closed = 2, Merged = 3 };
std::string_view to_string(PullStatus status);

struct PullRequest {
  std::int64_t repo_id = 0;
  std::int64_t number = 0;  // shared with discussions, from 1
  std::string title;
  std::string description;
  PullStatus status = PullStatus::Open;
  std::string base_ref;  // "refs/heads/main"
  std::int64_t author_id = 0;
  std::string author_name;
  Millis created_ms = 0;
};

struct LfsLink {  // this repository has referred to this object
  Digest sha256;
  std::uint64_t size_bytes = 0;
};

struct LfsLock {
  std::int64_t id = 0;
  std::int64_t repo_id = 0;
  std::string path;
  std::string ref;
  std::int64_t owner_id = 0;
  std::string owner_name;
  Millis locked_ms = 0;
};

// Something that happened, written in the transaction that made it happen (design: one transaction,
// then events). Consumers (webhooks, scans, viewer, audit) read them in order of id.
struct Event {
  std::string kind;  // "repo.created", "repo.content", "repo.moved", "repo.deleted",
                     // "repo.settings", "pull.opened" ...
  std::int64_t repo_id = 0;
  std::int64_t actor_id = 0;
  std::string json;  // facts, a JSON object
};

// The 24 hex digits that stand for a row in JSON: creation second (8), a byte for the kind of row
// (2), id (14).
std::string objid(Millis created_ms, char kind, std::int64_t id);

}  // namespace embrace::meta
