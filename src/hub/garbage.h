#pragma once
// Garbage collection of large files: removes what nobody can reach any more, and nothing else.
//
//   link of a repository: no ref reaches it, and nobody used it for 30 days
//     --> condemned --still so a day later--> removed
//   file: no repository links to it, and nobody used it for 2 days
//     --> dropped
//   xorb: no file has a term in it, and nobody used it for 4 weeks
//     --> condemned --still so a day later--> removed (cas/collection.h)
//
// Each step's end is the beginning of the next one's grace, so that what one collection unlinks no
// collection drops at once; a dry run therefore reports what a run would do.
//
// What can't go wrong, and why:
//   A commit or a ref comes to reach a link that is going. History is walked without the
//     repository's lock; what was published meanwhile is walked again under it; and the transaction
//     that condemns and removes begins by moving refs_version on from what was seen, which fails
//     when anybody, other processes included, has published since.
//   A push or a new branch was checked when a ref still reached its files, and is published when
//     none does. That is a matter of minutes, and only a link that was condemned a day ago goes: a
//     collection that finds it reached reprieves it. Refs that are made at commits which no ref
//     reached link their files anew, or are refused (unreached_commit.h).
//   Somebody is told that a repository has a file and relies on it. Telling makes the link used
//     (keep_lfs_links, lfs_links.h), and an old link is removed only while it is old.
//   An upload finds a file there and links it while it is being dropped. Sending a file, even one
//     that is there, makes it used; linking writes the row that dropping deletes (meta/storage.h):
//     the file stays, or the link is refused with "upload it again". So is a commit.
//   An upload in progress. Parts are no files yet: another job drops those that nobody sent to for
//     seven days. Xorbs that the upload wrote are no row's until it ends, and are younger than any
//     stray that is removed (cas::kUploadLastsMax). Xorbs that it found and means to use count as
//     used when it found them. Between its end and the link, the file counts as used.
//   A crash. Every step is one transaction; blobs are removed after their rows.
//   A repository that can't be read: it keeps all its links, and the log says so.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cas/collection.h"
#include "hub/services.h"

namespace embrace::hub {

struct GarbageRules {
  Millis link_unused_ms = 30ll * 24 * 3600 * 1000;
  Millis link_condemned_ms = 24ll * 3600 * 1000;
  Millis file_unused_ms = 2ll * 24 * 3600 * 1000;
  cas::CollectionRules xorbs;
  bool is_dry_run = false;  // counts what would happen, and changes nothing
};
GarbageRules garbage_rules(const Settings& settings);

struct GarbageReport {
  struct Count {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    void add(std::uint64_t more) {
      ++files;
      bytes += more;
    }
  };
  std::uint64_t repos_walked = 0;
  std::uint64_t repos_left_out = 0;  // could not be read, or changed all the time
  Count condemned;                   // links
  Count unlinked;
  Count dropped;
  cas::Collected xorbs;
};

// Called with a repository's path ("models/acme/bert") when its history was walked, and just before
// the transaction that unlinks: for progress, and for tests that change something just then.
enum class GarbageStep : std::uint8_t { Walked, Unlinking };
using GarbageProgress = std::function<void(GarbageStep step, std::string_view repo)>;

// Two at once do no harm. Takes as long as reading the trees of all repositories that have old
// links, which is why it is a job of its own.
Result<GarbageReport> collect_garbage(Services&, rt::Blocking, const GarbageRules& rules,
                                      const GarbageProgress& progress = {});
// For logs and the terminal, a line each.
std::vector<std::string> describe(const GarbageReport& report, bool is_dry_run);

}  // namespace embrace::hub
