#pragma once
// Search over everything at once: by name, for the box at the top of every page.

#include <string>
#include <vector>

#include "auth/caller.h"
#include "hub/services.h"
#include "meta/listing.h"

namespace embrace::hub {

// What of a listing this caller may see.
void show_visible(meta::listing::Filter& filter, const auth::Caller& caller);
// How many models that the caller may see name this one as what they were made from.
Result<std::int64_t> count_children(db::Session&, const auth::Caller&, const meta::Repo& repo,
                                    std::int64_t most);

struct QuickSearch {
  std::string text;
  std::size_t limit = 5;  // of each kind; at most kQuickSearchMax
  bool models = true, datasets = true, spaces = true, organizations = true, users = true;
};
inline constexpr std::size_t kQuickSearchMax = 20;

struct QuickFound {
  struct Repos {
    std::vector<meta::Repo> repos;  // those of exactly this name first, then as trends go
    meta::listing::Total total;
  };
  Repos models, datasets, spaces;
  std::vector<meta::Account> organizations, users;
};
Result<QuickFound> quick_search(Services&, rt::Blocking, const auth::Caller&,
                                const QuickSearch& search);

}  // namespace embrace::hub
