#pragma once
// The repos table's row, in one order for everybody who selects it. Private to meta.

#include <string>
#include <string_view>
#include <vector>

#include "db/session.h"
#include "meta/types.h"

namespace embrace::meta::detail {

// "r.id, r.type, ...": for `SELECT <columns> FROM repos r`.
const std::string& repo_columns();
const std::vector<db::Type>& repo_column_types();
// The same without the documents (config_json, card_json, gguf_json), which are megabytes where
// everything else is a few hundred bytes: for lists.
extern const std::string_view kNarrowRepoColumns;
const std::vector<db::Type>& narrow_repo_column_types();
// From the values of either, in their order.
Repo take_repo(std::vector<db::Value>& values);

// Tags are kept twice: as lines in the row, for reading, and as rows of repo_tags, for filtering.
std::string join_tags(const std::vector<std::string>& tags);
std::vector<std::string> split_tags(std::string_view lines);

// How a name is looked up: "ns/name" in lower case.
std::string lookup_id(const RepoName& name);

// Text both databases can store: valid UTF-8 without NUL.
bool is_storable(std::string_view text);

// Adds `delta` to the count of public repositories that use each tag (listing::tag_counts).
Status count_tag_uses(db::Session& session, RepoType type, const std::vector<std::string>& tags,
                      std::int64_t delta);

}  // namespace embrace::meta::detail
