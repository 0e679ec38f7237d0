#pragma once
// The texts of cards, to be searched. One row for each repository, also for one without a card, so
// that who has no row is known to be new. SQLite finds by FTS5, PostgreSQL by tsvector; both cut
// the text into runs of letters and digits and know no language, so that a search means the same on
// either: all words must be there, each as the beginning of one.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/session.h"
#include "meta/types.h"

namespace embrace::meta::card_texts {

// Of a card; a tsvector may hold a megabyte, and says no to more.
inline constexpr std::size_t kTextBytesMax = 128u << 10;
inline constexpr std::size_t kWordsMax = 10;
inline constexpr std::size_t kWordBytesMax = 64;

// In lower case, as they are looked for; those beyond the limits are left out.
std::vector<std::string> words_of(std::string_view text);

// Adds or replaces. Too long a text is cut; one that can't be stored counts as none.
Status set(db::Session&, std::int64_t repo_id, std::string_view text);
Status copy(db::Session&, std::int64_t from_repo_id, std::int64_t to_repo_id);

struct Query {
  std::vector<std::string> words;  // of words_of(); none find nothing
  std::vector<RepoType> types;
  // Who is asking: what is private or gated is found in these namespaces only.
  std::vector<std::int64_t> visible_namespaces;
  bool sees_all = false;
  std::size_t skip = 0;
  std::size_t limit = 10;
};
struct Hit {
  Repo repo;
  std::string text;
};
// The best first. PostgreSQL ranks at most `kRankedMax` of the matches.
inline constexpr std::size_t kRankedMax = 2'000;
Result<std::vector<Hit>> search(db::Session&, const Query& query);
// How many match, counted up to `most` + 1.
Result<std::int64_t> count(db::Session&, const Query& query, std::int64_t most);

// Repositories without a row, above `after_id`.
struct Missing {
  std::int64_t repo_id = 0;
  std::string head_oid;
};
Result<std::vector<Missing>> missing(db::Session&, std::int64_t after_id, std::size_t limit);

}  // namespace embrace::meta::card_texts
