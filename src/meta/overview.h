#pragma once
// Overview: what administrators see of the whole hub. Counts many rows, so seldom, please.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "db/session.h"
#include "meta/types.h"

namespace embrace::meta::overview {

struct AccountUse {
  Account account;
  std::optional<Millis> used_ms;  // a token of it was used, or somebody logged in
  std::int64_t repos = 0;
  std::int64_t members = 0;        // of an organization
  std::uint64_t stored_bytes = 0;  // as quotas count (storage.h)
};
// By id. `search`: a part of the name, the full name or the e-mail address, without regard to case;
// empty: everybody.
Result<std::vector<AccountUse>> accounts(db::Session&, AccountKind kind, std::string_view search,
                                         std::int64_t after_id, std::size_t limit);

// What waits for the next steps of garbage collection (hub/garbage.h).
struct Garbage {
  struct Count {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
  };
  Count links;  // condemned
  Count files;  // that no repository links to
  Count xorbs;  // condemned; bytes on disk
};
Result<Garbage> garbage(db::Session&);

// On disk, of this database alone.
Result<std::uint64_t> database_bytes(db::Session&);

}  // namespace embrace::meta::overview
