#pragma once
// Young packs: the objects of small commits, kept here from the transaction that publishes them
// until they are joined into a pack in the repository's folder (hub/young_packs.h). SQL only.

#include <cstdint>
#include <string>
#include <vector>

#include "db/session.h"

namespace embrace::meta::young_packs {

struct Row {
  std::string name;
  std::string items;  // what is where in `bytes`: text, as the git room writes it
  std::string bytes;
};

Status add(db::Session&, std::int64_t repo_id, const Row& row);  // the same pack twice is one
Result<std::uint64_t> count(db::Session&, std::int64_t repo_id);
Result<std::vector<std::string>> names(db::Session&, std::int64_t repo_id);  // in order
// At most `limit`, in order of their names; Corrupt when the bytes can't be read back.
Result<std::vector<Row>> list(db::Session&, std::int64_t repo_id, std::string_view after_name,
                              std::size_t limit);
// Conflict when one of them is not there any more.
Status remove(db::Session&, std::int64_t repo_id, const std::vector<std::string>& names);
// Repositories that have any, in order of their ids.
Result<std::vector<std::int64_t>> repos(db::Session&, std::int64_t after_repo_id,
                                        std::size_t limit);

}  // namespace embrace::meta::young_packs
