#pragma once
// Storage: what garbage collection (hub/garbage.h) and quotas (hub/quota.h) ask and write. SQL
// only: rules live in hub/.
//
// Why nothing is dropped that somebody links at that moment: link_lfs (repos.h) and drop_unlinked
// both write the file's row in xet_files, and remove_condemned_link and link_lfs both write the
// link's. On SQLite one waits for the other; on PostgreSQL whoever comes second begins again and
// sees what the first one did. So a link either finds its file, which then stays, or is refused.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "db/session.h"
#include "meta/types.h"

namespace embrace::meta::storage {

// Links that nobody used since.
Result<std::vector<std::int64_t>> repos_with_old_links(db::Session&, Millis used_before_ms,
                                                       std::int64_t after_repo_id,
                                                       std::size_t limit);
Result<std::vector<LfsLink>> links_of(db::Session&, std::int64_t repo_id);
struct OldLink {
  LfsLink link;
  std::optional<Millis> condemned_ms;
};
Result<std::vector<OldLink>> old_links(db::Session&, std::int64_t repo_id, Millis used_before_ms);
// In two steps: condemned, and removed when it is still old and was condemned before. Whoever uses
// the link meanwhile reprieves it. false: used since, or gone. Call in the order of sha256.
Result<bool> condemn_link(db::Session&, std::int64_t repo_id, const Digest& sha256,
                          Millis used_before_ms, Millis now_ms);
Status reprieve_link(db::Session&, std::int64_t repo_id, const Digest& sha256);
// The file counts as used until now.
Result<bool> remove_condemned_link(db::Session&, std::int64_t repo_id, const Digest& sha256,
                                   Millis used_before_ms, Millis condemned_before_ms,
                                   Millis now_ms);
// refs_version + 1 if it is still `seen`; false otherwise.
Result<bool> move_refs_version(db::Session&, std::int64_t repo_id, std::int64_t seen);

// Files of the store that no repository links to and nobody used since, in the order of sha256.
Result<std::vector<LfsLink>> unlinked_files(db::Session&, Millis used_before_ms,
                                            std::string_view after_sha256_hex, std::size_t limit);
// One of them, with its terms; its xorbs count as used until now. false: linked or used meanwhile,
// or gone.
Result<bool> drop_unlinked(db::Session&, const Digest& sha256, Millis used_before_ms,
                           Millis now_ms);

// Every file that some repository links to, once, in the order of sha256.
Result<std::vector<LfsLink>> linked_files(db::Session&, std::string_view after_sha256_hex,
                                          std::size_t limit);

// Is some file that the xorb is part of linked to a repository of this one's namespace, or to one
// that is open to everybody?
Result<bool> is_xorb_shown_to(db::Session&, std::int64_t xorb_id, std::int64_t repo_id);

// A namespace's use: each large file that its repositories link to, once, and their packs. Links of
// which somebody else is the payer count for them, and so do xorbs that they sent and that no
// linked file is made of yet. Takes time in proportion to its links.
Result<std::uint64_t> used_bytes(db::Session&, std::int64_t namespace_id);
// What these links would add to it.
Result<std::uint64_t> added_bytes(db::Session&, std::int64_t namespace_id,
                                  const std::vector<LfsLink>& links);

// The payer sent this xorb. Until it is part of a file that some repository links to it counts for
// them; it is forgotten with the xorb's row, and NotFound does not matter then.
Status note_sent_xorb(db::Session&, std::string_view xorb_hash, std::int64_t payer_id);
// Those of the payer's that have become part of such a file.
Status settle_sent_xorbs(db::Session&, std::int64_t payer_id);

struct Quota {
  std::optional<std::uint64_t> bytes;  // nullopt: as much as there is room for
};
// Nullopt: none of its own, so the server's default counts.
Result<std::optional<Quota>> find_quota(db::Session&, std::int64_t namespace_id);
Status set_quota(db::Session&, std::int64_t namespace_id, const std::optional<Quota>& quota);

struct NamespaceUse {
  std::int64_t id = 0;
  std::string name;
  std::uint64_t used_bytes = 0;
  std::optional<Quota> quota;
};
// By id; namespaces that have repositories, pay for something, or have a quota of their own.
Result<std::vector<NamespaceUse>> uses(db::Session&, std::int64_t after_id, std::size_t limit);

}  // namespace embrace::meta::storage
