#pragma once
// publish(): the one door through which a repository changes (design 2.2). The pack is durable
// already, or small enough to be part of it; in ONE transaction the refs are compared and swapped,
// the repo row and card index updated, LFS links and the pull request written, and the event
// recorded. Either all of it happened or none.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/caller.h"
#include "git/repository.h"
#include "hub/services.h"
#include "meta/types.h"

namespace embrace::hub {

struct RefChange {
  std::string name;                  // "refs/heads/main"
  std::optional<git::Oid> expected;  // nullopt: must not exist
  std::optional<git::Oid> next;      // nullopt: delete
};

struct Publication {
  meta::Repo repo;
  std::optional<git::Pack> pack;  // nullopt: what the repository has gathered, if anything
  std::vector<RefChange> changes;
  std::vector<meta::LfsLink> lfs;         // objects that the new commits refer to
  std::optional<meta::PullRequest> pull;  // to create: its number replaces "{pull}" in ref names
  std::string event = "repo.content";
  std::int64_t actor_id = 0;
  std::optional<std::int64_t> payer_id;  // of `lfs` (payer_of); nullopt: the repository's namespace
};

struct Published {
  std::int64_t pull_number = 0;
};

// Conflict when a ref is not as expected: nothing has changed then. When the default branch moves,
// the card index is computed from its new tree before the transaction begins. Wakes the fold job
// when there are many packs. The repository must be the one that wrote the pack, or has gathered
// the objects; after a Conflict it still has them.
Result<Published> publish(Services&, rt::Blocking, git::Repository& repository,
                          Publication publication);

// Inside a transaction: asks for the job that folds a repository's packs when there are many.
Status request_fold(Services&, db::Session&, std::int64_t repo_id);

// Who signs the commits that a caller makes through the API.
git::Person signature_of(const auth::Caller& caller);

// Writes the refs of SQL into the repository's folder when it shows older ones; before git's own
// programs run.
Status refresh_projection(Services&, rt::Blocking, const meta::Repo& repo);

// One writer at a time per repository in this process, so that API commits queue instead of failing
// the compare-and-swap. Correctness never depends on it.
class WriteLocks {
 public:
  WriteLocks();
  ~WriteLocks();
  class Guard {
   public:
    Guard(Guard&&) noexcept;
    ~Guard();

   private:
    friend class WriteLocks;
    Guard(WriteLocks& home, std::int64_t repo_id) : home_(&home), repo_id_(repo_id) {}
    WriteLocks* home_;
    std::int64_t repo_id_;
  };
  // Unavailable after `wait_ms`.
  Result<Guard> lock(rt::Blocking, std::int64_t repo_id, Millis wait_ms);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::hub
