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

// The same text with blanks for all that is no part of a word; every other byte stays in its place.
std::string plain_words(std::string_view text);
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
};
// Of the newest repositories that match, the beginnings of the texts: enough to tell which is the
// best, and no more, since a common word is in all of them. (Ranking by the databases' own means
// reads every place of every match: 300 ms for a common word in 10,000 cards.)
inline constexpr std::size_t kMatchesMax = 300;
inline constexpr std::size_t kBeginningCharacters = 4'000;
struct Match {
  std::int64_t repo_id = 0;
  std::string beginning;
};
Result<std::vector<Match>> matches(db::Session&, const Query& query);
// How many match, counted up to `most` + 1.
Result<std::int64_t> count(db::Session&, const Query& query, std::int64_t most);
// The whole text; nullopt when there is no row.
Result<std::optional<std::string>> find(db::Session&, std::int64_t repo_id);

// Repositories without a row, above `after_id`.
struct Missing {
  std::int64_t repo_id = 0;
  std::string head_oid;
};
Result<std::vector<Missing>> missing(db::Session&, std::int64_t after_id, std::size_t limit);

}  // namespace embrace::meta::card_texts
