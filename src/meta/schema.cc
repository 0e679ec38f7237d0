#include "meta/schema.h"

#include <array>

// How the indexes were chosen. Lists are walked in the order of their sort, newest or largest
// first, a page at a time, so every sort has an index (type, sort value, id): a page costs as many
// steps as it has rows. The columns after id let a walk skip private rows without looking at the
// row itself. Rare tags, pipelines and authors are instead looked up by their own index and sorted
// (listing.cc decides which by counting). Wide text stands last in repos, so that reading the
// narrow columns of a row stays on one page.

namespace embrace::meta {
namespace {

constexpr std::string_view kAccounts = R"(
CREATE TABLE accounts (
  id {{id}},
  kind {{int}} NOT NULL,
  name {{text}} NOT NULL,
  name_lower {{text}} NOT NULL UNIQUE,
  fullname {{text}} NOT NULL,
  email {{text}} NOT NULL,
  password_hash {{text}} NOT NULL,
  is_admin {{int}} NOT NULL,
  is_disabled {{int}} NOT NULL,
  created_ms {{int}} NOT NULL
)
--
CREATE INDEX accounts_by_kind ON accounts (kind, id)
--
CREATE TABLE members (
  org_id {{int}} NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  user_id {{int}} NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  role {{int}} NOT NULL,
  PRIMARY KEY (org_id, user_id)
)
--
CREATE INDEX members_by_user ON members (user_id, org_id)
--
CREATE TABLE tokens (
  id {{id}},
  user_id {{int}} NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  display_name {{text}} NOT NULL,
  role {{int}} NOT NULL,
  secret_sha256 {{text}} NOT NULL UNIQUE,
  hint {{text}} NOT NULL,
  created_ms {{int}} NOT NULL,
  expires_ms {{int}},
  used_ms {{int}}
)
--
CREATE INDEX tokens_by_user ON tokens (user_id, id)
--
CREATE TABLE sessions (
  cookie_sha256 {{text}} NOT NULL PRIMARY KEY,
  user_id {{int}} NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  created_ms {{int}} NOT NULL,
  expires_ms {{int}} NOT NULL
)
--
CREATE INDEX sessions_by_user ON sessions (user_id)
--
CREATE INDEX sessions_by_expiry ON sessions (expires_ms)
--
CREATE TABLE settings (
  key {{text}} NOT NULL PRIMARY KEY,
  value {{text}} NOT NULL
)
)";

constexpr std::string_view kRepos = R"(
CREATE TABLE repos (
  id {{id}},
  type {{int}} NOT NULL,
  id_lower {{text}} NOT NULL,
  ns {{text}} NOT NULL,
  name {{text}} NOT NULL,
  ns_lower {{text}} NOT NULL,
  namespace_id {{int}} NOT NULL REFERENCES accounts (id),
  creator_id {{int}} NOT NULL,
  is_private {{int}} NOT NULL,
  gating {{int}} NOT NULL,
  is_disabled {{int}} NOT NULL,
  discussions_disabled {{int}} NOT NULL,
  default_branch {{text}} NOT NULL,
  head_oid {{text}} NOT NULL,
  created_ms {{int}} NOT NULL,
  modified_ms {{int}} NOT NULL,
  refs_version {{int}} NOT NULL,
  last_number {{int}} NOT NULL,
  downloads {{int}} NOT NULL,
  downloads_all {{int}} NOT NULL,
  likes {{int}} NOT NULL,
  trending {{real}} NOT NULL,
  num_parameters {{int}} NOT NULL,
  used_bytes {{int}} NOT NULL,
  pipeline_tag {{text}} NOT NULL,
  library_name {{text}} NOT NULL,
  license {{text}} NOT NULL,
  sdk {{text}} NOT NULL,
  tags {{text}} NOT NULL,
  description {{text}} NOT NULL,
  safetensors_json {{text}} NOT NULL,
  config_json {{text}} NOT NULL,
  card_json {{text}} NOT NULL
)
--
CREATE UNIQUE INDEX repos_by_name ON repos (type, id_lower)
--
CREATE INDEX repos_by_namespace ON repos (namespace_id, type)
--
CREATE INDEX repos_by_trending ON repos (type, trending, id, is_private, namespace_id)
--
CREATE INDEX repos_by_created ON repos (type, created_ms, id, is_private, namespace_id)
--
CREATE INDEX repos_by_modified ON repos (type, modified_ms, id, is_private, namespace_id)
--
CREATE INDEX repos_by_downloads ON repos (type, downloads, id, is_private, namespace_id)
--
CREATE INDEX repos_by_likes ON repos (type, likes, id, is_private, namespace_id)
--
CREATE INDEX repos_by_parameters ON repos (type, num_parameters, id, is_private, namespace_id)
--
CREATE INDEX repos_by_author ON repos (type, ns_lower)
--
CREATE INDEX repos_by_pipeline ON repos (type, pipeline_tag)
--
{{only sqlite}} CREATE VIRTUAL TABLE repo_names USING fts5 (
  id_lower, content = 'repos', content_rowid = 'id', tokenize = 'trigram', detail = 'none'
)
--
{{only sqlite}} CREATE TRIGGER repo_names_insert AFTER INSERT ON repos BEGIN
  INSERT INTO repo_names (rowid, id_lower) VALUES (new.id, new.id_lower);
END
--
{{only sqlite}} CREATE TRIGGER repo_names_delete AFTER DELETE ON repos BEGIN
  INSERT INTO repo_names (repo_names, rowid, id_lower) VALUES ('delete', old.id, old.id_lower);
END
--
{{only sqlite}} CREATE TRIGGER repo_names_update AFTER UPDATE OF id_lower ON repos BEGIN
  INSERT INTO repo_names (repo_names, rowid, id_lower) VALUES ('delete', old.id, old.id_lower);
  INSERT INTO repo_names (rowid, id_lower) VALUES (new.id, new.id_lower);
END
--
{{only postgres}} DO $embrace$ BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE INDEX repos_by_substring ON repos USING gin (id_lower gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
  RAISE WARNING 'pg_trgm is missing: searching by a part of a name will be slow';
END $embrace$
--
CREATE TABLE repo_tags (
  type {{int}} NOT NULL,
  tag {{text}} NOT NULL,
  repo_id {{int}} NOT NULL REFERENCES repos (id) ON DELETE CASCADE,
  PRIMARY KEY (type, tag, repo_id)
)
--
CREATE INDEX repo_tags_by_repo ON repo_tags (repo_id)
--
CREATE TABLE tag_uses (
  type {{int}} NOT NULL,
  tag {{text}} NOT NULL,
  uses {{int}} NOT NULL,
  PRIMARY KEY (type, tag)
)
--
CREATE INDEX tag_uses_by_count ON tag_uses (type, uses)
--
CREATE TABLE repo_redirects (
  type {{int}} NOT NULL,
  id_lower {{text}} NOT NULL,
  repo_id {{int}} NOT NULL REFERENCES repos (id) ON DELETE CASCADE,
  PRIMARY KEY (type, id_lower)
)
--
CREATE INDEX repo_redirects_by_repo ON repo_redirects (repo_id)
--
CREATE TABLE repo_downloads (
  repo_id {{int}} NOT NULL REFERENCES repos (id) ON DELETE CASCADE,
  day {{int}} NOT NULL,
  downloads {{int}} NOT NULL,
  PRIMARY KEY (repo_id, day)
)
--
CREATE INDEX repo_downloads_by_day ON repo_downloads (day)
)";

constexpr std::string_view kContents = R"(
CREATE TABLE refs (
  repo_id {{int}} NOT NULL REFERENCES repos (id) ON DELETE CASCADE,
  name {{text}} NOT NULL,
  oid {{text}} NOT NULL,
  PRIMARY KEY (repo_id, name)
)
--
CREATE TABLE packs (
  repo_id {{int}} NOT NULL REFERENCES repos (id) ON DELETE CASCADE,
  name {{text}} NOT NULL,
  size_bytes {{int}} NOT NULL,
  objects {{int}} NOT NULL,
  PRIMARY KEY (repo_id, name)
)
--
CREATE TABLE repo_lfs (
  repo_id {{int}} NOT NULL REFERENCES repos (id) ON DELETE CASCADE,
  sha256 {{text}} NOT NULL,
  size_bytes {{int}} NOT NULL,
  linked_ms {{int}} NOT NULL,
  PRIMARY KEY (repo_id, sha256)
)
--
CREATE INDEX repo_lfs_by_object ON repo_lfs (sha256)
--
CREATE TABLE lfs_locks (
  id {{id}},
  repo_id {{int}} NOT NULL REFERENCES repos (id) ON DELETE CASCADE,
  path {{text}} NOT NULL,
  ref {{text}} NOT NULL,
  owner_id {{int}} NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  locked_ms {{int}} NOT NULL,
  UNIQUE (repo_id, path)
)
--
CREATE INDEX lfs_locks_by_owner ON lfs_locks (owner_id)
--
CREATE TABLE pulls (
  repo_id {{int}} NOT NULL REFERENCES repos (id) ON DELETE CASCADE,
  number {{int}} NOT NULL,
  title {{text}} NOT NULL,
  description {{text}} NOT NULL,
  status {{int}} NOT NULL,
  base_ref {{text}} NOT NULL,
  author_id {{int}} NOT NULL,
  created_ms {{int}} NOT NULL,
  PRIMARY KEY (repo_id, number)
)
)";

// Events outlive the repository that they are about. One waiting job per (kind, dedupe): the
// partial unique index is what makes jobs::add idempotent, on any number of nodes.
constexpr std::string_view kWork = R"(
CREATE TABLE events (
  id {{id}},
  kind {{text}} NOT NULL,
  repo_id {{int}} NOT NULL,
  actor_id {{int}} NOT NULL,
  json {{text}} NOT NULL,
  created_ms {{int}} NOT NULL
)
--
CREATE TABLE jobs (
  id {{id}},
  kind {{text}} NOT NULL,
  dedupe {{text}} NOT NULL,
  json {{text}} NOT NULL,
  state {{int}} NOT NULL,
  attempts {{int}} NOT NULL,
  run_after_ms {{int}} NOT NULL,
  lease_until_ms {{int}},
  finished_ms {{int}},
  last_error {{text}} NOT NULL,
  created_ms {{int}} NOT NULL
)
--
CREATE INDEX jobs_waiting ON jobs (state, run_after_ms, id)
--
CREATE INDEX jobs_leased ON jobs (state, lease_until_ms)
--
CREATE INDEX jobs_finished ON jobs (state, finished_ms)
--
CREATE UNIQUE INDEX jobs_one_waiting ON jobs (kind, dedupe) WHERE state = 0 AND dedupe <> ''
)";

// Logging in from a terminal (OAuth's device flow): a code the program polls with, a code the
// person types, and the refresh tokens that came of it. Only digests of what grants anything are
// kept.
constexpr std::string_view kDeviceLogins = R"(
CREATE TABLE device_logins (
  device_sha256 {{text}} PRIMARY KEY,
  user_code {{text}} NOT NULL UNIQUE,
  scope {{text}} NOT NULL,
  state {{int}} NOT NULL,
  user_id {{int}} NOT NULL,
  polled_ms {{int}} NOT NULL,
  expires_ms {{int}} NOT NULL
)
--
CREATE INDEX device_logins_expiring ON device_logins (expires_ms)
--
CREATE TABLE refresh_tokens (
  secret_sha256 {{text}} PRIMARY KEY,
  user_id {{int}} NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  token_id {{int}} NOT NULL,
  scope {{text}} NOT NULL,
  expires_ms {{int}} NOT NULL
)
--
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id)
)";

// What the chunked store knows (cas/catalog.h). A landmark is found by the first word of its
// chunk's hash, a random number: so that table holds nothing but three numbers, and rows come
// sorted. That a term names its xorb is the database's own business, too: whatever the collection
// believes, a xorb in use can't be removed.
constexpr std::string_view kChunks = R"(
CREATE TABLE xorbs (
  id {{id}},
  hash {{text}} NOT NULL UNIQUE,
  blob_key {{text}} NOT NULL,
  chunk_count {{int}} NOT NULL,
  stored_bytes {{int}} NOT NULL,
  unpacked_bytes {{int}} NOT NULL,
  created_ms {{int}} NOT NULL,
  used_ms {{int}} NOT NULL,
  condemned_ms {{int}}
)
--
CREATE TABLE xet_files (
  id {{id}},
  hash {{text}} NOT NULL UNIQUE,
  sha256 {{text}} NOT NULL,
  size_bytes {{int}} NOT NULL,
  created_ms {{int}} NOT NULL
)
--
CREATE INDEX xet_files_by_sha256 ON xet_files (sha256, id)
--
CREATE TABLE xet_terms (
  file_id {{int}} NOT NULL REFERENCES xet_files (id) ON DELETE CASCADE,
  file_offset {{int}} NOT NULL,
  xorb_id {{int}} NOT NULL REFERENCES xorbs (id),
  chunk_first {{int}} NOT NULL,
  chunk_last {{int}} NOT NULL,
  unpacked_bytes {{int}} NOT NULL,
  PRIMARY KEY (file_id, file_offset)
)
--
CREATE INDEX xet_terms_by_xorb ON xet_terms (xorb_id)
--
CREATE TABLE landmarks (
  word {{int}} PRIMARY KEY,
  xorb_id {{int}} NOT NULL REFERENCES xorbs (id) ON DELETE CASCADE,
  position {{int}} NOT NULL
)
--
CREATE INDEX landmarks_by_xorb ON landmarks (xorb_id)
)";

// What garbage collection goes by. A link is in use when it is written, and when somebody is told
// that the repository has the file; a file, when it is sent or linked. The drop of a file and the
// link of one both write its row in xet_files, so that only one of them can win (storage.h).
constexpr std::string_view kStorage = R"(
ALTER TABLE xet_files ADD COLUMN used_ms {{int}} NOT NULL DEFAULT 0
--
UPDATE xet_files SET used_ms = created_ms
--
ALTER TABLE repo_lfs ADD COLUMN used_ms {{int}} NOT NULL DEFAULT 0
--
UPDATE repo_lfs SET used_ms = linked_ms
--
CREATE TABLE namespace_quotas (
  namespace_id {{int}} PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  quota_bytes {{int}}
)
)";

// A link goes in two steps, as a xorb does: condemned when no ref reaches it, removed when none did
// a day later.
constexpr std::string_view kCondemnedLinks = R"(
ALTER TABLE repo_lfs ADD COLUMN condemned_ms {{int}}
)";

// The objects of small commits, until they are joined into a pack in the folder. Wide text last.
constexpr std::string_view kYoungPacks = R"(
CREATE TABLE young_packs (
  repo_id {{int}} NOT NULL REFERENCES repos (id) ON DELETE CASCADE,
  name {{text}} NOT NULL,
  items {{text}} NOT NULL,
  bytes_base64 {{text}} NOT NULL,
  PRIMARY KEY (repo_id, name)
)
)";

// What profile pages show.
constexpr std::string_view kProfiles = R"(
ALTER TABLE accounts ADD COLUMN details {{text}} NOT NULL DEFAULT ''
--
ALTER TABLE accounts ADD COLUMN homepage {{text}} NOT NULL DEFAULT ''
)";

// Whose storage something counts for, where it is not simply the repository's namespace: files that
// came by who may only propose, and xorbs that no file is made of yet.
constexpr std::string_view kPayers = R"(
ALTER TABLE repo_lfs ADD COLUMN payer_id {{int}}
--
CREATE INDEX repo_lfs_by_payer ON repo_lfs (payer_id) WHERE payer_id IS NOT NULL
--
CREATE TABLE sent_xorbs (
  xorb_id {{int}} PRIMARY KEY REFERENCES xorbs (id) ON DELETE CASCADE,
  payer_id {{int}} NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
)
--
CREATE INDEX sent_xorbs_by_payer ON sent_xorbs (payer_id)
)";

// What a list without filters counts, from the index alone.
constexpr std::string_view kCounting = R"(
CREATE INDEX repos_to_count ON repos (type, is_disabled, is_private, namespace_id)
)";

// What the head of a GGUF file says. Wide, so last.
constexpr std::string_view kGguf = R"(
ALTER TABLE repos ADD COLUMN gguf_json {{text}} NOT NULL DEFAULT ''
)";

// Cards, to be searched (card_texts.h).
constexpr std::string_view kCardTexts = R"(
CREATE TABLE card_texts (
  repo_id {{int}} PRIMARY KEY REFERENCES repos (id) ON DELETE CASCADE,
  body {{text}} NOT NULL
)
--
{{only sqlite}} CREATE VIRTUAL TABLE card_words USING fts5 (
  body, content = 'card_texts', content_rowid = 'repo_id',
  tokenize = 'unicode61 remove_diacritics 0', prefix = '2 3'
)
--
{{only sqlite}} CREATE TRIGGER card_words_insert AFTER INSERT ON card_texts BEGIN
  INSERT INTO card_words (rowid, body) VALUES (new.repo_id, new.body);
END
--
{{only sqlite}} CREATE TRIGGER card_words_delete AFTER DELETE ON card_texts BEGIN
  INSERT INTO card_words (card_words, rowid, body) VALUES ('delete', old.repo_id, old.body);
END
--
{{only sqlite}} CREATE TRIGGER card_words_update AFTER UPDATE ON card_texts BEGIN
  INSERT INTO card_words (card_words, rowid, body) VALUES ('delete', old.repo_id, old.body);
  INSERT INTO card_words (rowid, body) VALUES (new.repo_id, new.body);
END
--
{{only postgres}} ALTER TABLE card_texts ADD COLUMN words tsvector NOT NULL DEFAULT ''
--
{{only postgres}} CREATE INDEX card_texts_by_words ON card_texts USING gin (words)
)";

// Each commit leaves a small segment in a full-text index, and each search reads all of them.
// Merging them four at a time, not sixteen, makes a search for a name level at 30 us of processor
// time where it was 40 to 150, and an insertion costs no more.
constexpr std::string_view kFewSegments = R"(
{{only sqlite}} INSERT INTO repo_names (repo_names, rank) VALUES ('automerge', 2)
--
{{only sqlite}} INSERT INTO repo_names (repo_names, rank) VALUES ('crisismerge', 4)
)";

constexpr std::array<db::Migration, 15> kMigrations = {{
    {1, "accounts", kAccounts},
    {2, "repositories", kRepos},
    {3, "contents", kContents},
    {4, "events and jobs", kWork},
    {5, "device logins", kDeviceLogins},
    {6, "chunks", kChunks},
    {7, "storage", kStorage},
    {8, "condemned links", kCondemnedLinks},
    {9, "young packs", kYoungPacks},
    {10, "profiles", kProfiles},
    {11, "payers", kPayers},
    {12, "counting", kCounting},
    {13, "gguf", kGguf},
    {14, "card texts", kCardTexts},
    {15, "few segments", kFewSegments},
}};

}  // namespace

std::span<const db::Migration> migrations() { return kMigrations; }

}  // namespace embrace::meta
