#pragma once
// How a repository comes into being, whole or not at all: its objects are gathered in a temporary
// folder, then ONE transaction inserts the row with its first ref, pack and card, and the folder
// gets its final name inside that transaction. A reader never sees a repository without commits. A
// crash leaves at most a folder without a row, which housekeeping removes.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "git/repository.h"
#include "hub/repos.h"
#include "hub/services.h"

namespace embrace::hub {

// "<data>/git/tmp-<random>.git", removed when dropped unless it was moved or kept.
class NewFolder {
 public:
  static Result<NewFolder> create(Services& services, rt::Blocking);
  NewFolder(NewFolder&& other) noexcept
      : path_(std::exchange(other.path_, {})), has_moved_(other.has_moved_) {}
  ~NewFolder();

  const std::string& path() const { return path_; }
  // Moves the folder to where this repository's belongs. May be called again for another id, when a
  // transaction is retried.
  Status move_to(const Settings& settings, std::int64_t repo_id);
  void keep() { path_.clear(); }

 private:
  explicit NewFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
  bool has_moved_ = false;
};

struct Birth {
  meta::Repo row;  // without id
  std::vector<git::Pack> packs;
  std::int64_t copy_of = 0;  // has the LFS links and the searched text of this repository
  std::string card_text;     // to be searched, of one that is no copy
  std::int64_t actor_id = 0;
  std::string event = "repo.created";
};
// Conflict when the name is taken: the message of repos.h, fact "repo".
Result<meta::Repo> give_birth(Services& services, rt::Blocking, const auth::Caller& caller,
                              NewFolder folder, const Birth& birth);

Error already_exists(const RepoName& name);
// Drops a redirect that keeps `name` from being taken when it leads to `own_id`, or to a repository
// that the caller manages. Conflict otherwise: nobody takes over the links to another's repository.
Status free_redirect(db::Session& session, const auth::Caller& caller, const RepoName& name,
                     std::int64_t own_id);
// The account of a namespace in which the caller may create; Denied (for strangers also when there
// is none).
Result<meta::Account> creatable_namespace(Services& services, rt::Blocking,
                                          const auth::Caller& caller, std::string_view ns);
// Files of the initial commit: given ones, and those that every new repository gets.
std::vector<InitialFile> initial_files(const NewRepo& repo);

}  // namespace embrace::hub
