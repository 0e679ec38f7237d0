#pragma once
// RepoRows: the rows of repositories that were asked for since the database last changed, so that
// the busiest question of a hub (where is this file?) costs no SQL. Any commit to the database, by
// any process, empties it: an answer from here is never older than one from SQL. It holds rows, not
// decisions: who may see a repository is decided for each request.
//
// Threads: any, io threads included: nothing here waits. Repositories that do not exist are not
// remembered, or anybody could fill the memory with names.

#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/repo_name.h"
#include "base/sync.h"
#include "db/database.h"
#include "meta/types.h"

namespace embrace::hub {

// What a name leads to.
struct RepoLookup {
  std::optional<meta::Repo> repo;
  bool is_redirect = false;  // an old name of it
};

class RepoRows {
 public:
  using Known = std::shared_ptr<const RepoLookup>;

  // null when the name was not asked for since the database changed. `now` is a stamp taken for
  // this very question.
  Known find(const RepoName& name, const db::ChangeStamp& now) const;
  // `before` was taken before the row was read.
  void put(const RepoName& name, const db::ChangeStamp& before, Known lookup);

 private:
  static constexpr std::size_t kBytesMax = 32u << 20;

  struct NameHash {
    std::size_t operator()(const RepoName& name) const;
  };
  struct State {
    db::ChangeStamp stamp;  // of all rows
    std::unordered_map<RepoName, Known, NameHash> rows;
    std::size_t bytes = 0;
  };
  Sync<State> state_;
};

}  // namespace embrace::hub
