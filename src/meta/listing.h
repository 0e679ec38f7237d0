#pragma once
// Listing: the one query behind /api/models, /api/datasets and /api/spaces, built from filters,
// with keyset pages that stay stable under inserts. Must stay fast at 1,000,000 repositories.

#include <optional>
#include <string>
#include <vector>

#include "db/session.h"
#include "meta/types.h"

namespace embrace::meta::listing {

enum class Sort : std::uint8_t {
  Trending,
  CreatedAt,
  LastModified,
  Downloads,
  Likes,
  NumParameters,
  Id
};

inline constexpr std::size_t kTermsMax = 20;  // of `search`, and of `tags`; InvalidArgument above

struct Filter {
  RepoType type = RepoType::Model;
  // Who is asking: private repositories are shown when their namespace is in here (or all, for
  // admins).
  std::vector<std::int64_t> visible_namespaces;
  bool sees_all = false;

  std::vector<std::string> search;  // each a substring of the id, without case
  std::string author;               // exact namespace, without case
  std::vector<std::string> tags;    // all must be present
  std::string pipeline_tag;
  std::optional<bool> gated;
  std::optional<bool> is_private;
  bool is_linked = false;  // only those whose tags name a model or a dataset
  std::optional<std::int64_t> num_parameters_min;
  std::optional<std::int64_t> num_parameters_max;
  Sort sort = Sort::Trending;
  bool ascending = false;
  std::size_t limit = 100;
  std::string cursor;  // from a previous page; InvalidArgument when unreadable
  bool with_tags = true;
  // The documents of a card can be megabytes each, so they are read only for who shows them. Pages
  // with any of them have at most kDocumentsLimitMax rows.
  bool with_card = false;    // card_json
  bool with_config = false;  // config_json
  bool with_gguf = false;    // gguf_json
  // A page ends after the row that goes beyond this, its cursor with it.
  std::size_t bytes_max = 32u << 20;
};
inline constexpr std::size_t kDocumentsLimitMax = 100;

struct Page {
  std::vector<Repo> repos;          // documents that were not asked for are ""
  std::optional<std::string> next;  // a cursor
};

Result<Page> list(db::Session&, const Filter& filter);
// How many rows all pages have together, counted up to `most`.
struct Total {
  std::int64_t count = 0;
  bool is_capped = false;  // there are more
};
Result<Total> count(db::Session&, const Filter& filter, std::int64_t most);
// Of one namespace, those that everybody may see: how many others there are is nobody's business.
Result<std::int64_t> count_public(db::Session&, RepoType type, std::string_view author);
// Tags in use with their counts, most used first: for /api/models-tags-by-type.
struct TagCount {
  std::string tag;
  std::int64_t count = 0;
};
Result<std::vector<TagCount>> tag_counts(db::Session&, RepoType type, std::size_t limit);

}  // namespace embrace::meta::listing
