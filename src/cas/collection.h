#pragma once
// Garbage collection of xorbs, in two phases so that nothing is lost to a race or to a client that
// deduplicates from its own memory:
//
//   unused for weeks  --condemn-->  still unused a day later  --remove row, then blob-->  gone
//
// "Unused": no term names it, and neither an upload nor a dedupe answer did since `unused_ms`.
// Whatever comes to name a condemned xorb reprieves it, in the transaction that names it. A key is
// never used twice, so removing a blob can't hit one that was uploaded again. A crash between row
// and blob leaves a stray, as an interrupted upload does; strays are removed when they are old.
//
// Threads: one collection at a time is enough; two at once do no harm.

#include <cstdint>

#include "base/result.h"
#include "base/time.h"
#include "blob/backend.h"
#include "cas/catalog.h"

namespace embrace::cas {

// An upload's xorbs are no row's until it ends. One that took longer than this is refused at its
// end, so that what the collection takes for a stray is never about to be named.
inline constexpr Millis kUploadLastsMax = 5ll * 24 * 3600 * 1000;

struct CollectionRules {
  // Clients remember their own uploads for three weeks and dedupe answers for one, and use them
  // without asking.
  Millis unused_ms = 28ll * 24 * 3600 * 1000;
  Millis condemned_ms = 24ll * 3600 * 1000;
  // Longer than kUploadLastsMax, by more than clocks may differ.
  Millis stray_ms = 7ll * 24 * 3600 * 1000;
  bool is_dry_run = false;  // counts what would happen, and changes nothing
};

struct Collected {
  struct Count {
    std::uint64_t xorbs = 0;
    std::uint64_t bytes = 0;
    void add(std::uint64_t more) {
      ++xorbs;
      bytes += more;
    }
  };
  Count condemned;
  Count removed;
  Count strays;
};

Result<Collected> collect_xorbs(rt::Blocking, blob::Backend& backend, Catalog& catalog,
                                const Clock& clock, const CollectionRules& rules);

}  // namespace embrace::cas
