#pragma once
// Full-text search over the cards (README.md at the default branch), and how their texts come into
// the index: in the transaction that publishes them. Only who may read a card finds it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/caller.h"
#include "db/session.h"
#include "git/repository.h"
#include "hub/excerpt.h"
#include "hub/services.h"

namespace embrace::hub {

struct TextSearch {
  std::string text;
  std::vector<RepoType> types;  // empty: models, datasets and Spaces
  std::size_t limit = 10;
  std::string cursor;  // from a previous page; InvalidArgument when unreadable
};
struct TextHit {
  meta::Repo repo;
  std::vector<ExcerptPiece> excerpt;
};
struct TextFound {
  std::vector<TextHit> hits;
  std::int64_t total = 0;
  bool is_capped = false;  // there are more than `total`
  std::optional<std::string> next;
};
inline constexpr std::size_t kTextSearchPageMax = 50;
Result<TextFound> search_cards(Services&, rt::Blocking, const auth::Caller&,
                               const TextSearch& search);

// What of a README is searched: all but its front matter.
std::string card_text(std::string_view readme);
// The text of the card in this tree; "" when it has none.
Result<std::string> read_card_text(rt::Blocking, git::Repository& repository, const git::Oid& tree);
// The same of `new_head`, when the card is another there than at `old_head` (zero: none).
Result<std::optional<std::string>> changed_card_text(rt::Blocking, git::Repository& repository,
                                                     const git::Oid& old_head,
                                                     const git::Oid& new_head);
// The job that reads the cards of repositories from before there was an index.
Status index_missing_cards(Services&, rt::Blocking);

}  // namespace embrace::hub
