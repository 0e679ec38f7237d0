#pragma once
// Repositories: create, find, settings, move, duplicate, delete.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/access.h"
#include "hub/services.h"

namespace embrace::hub {

// The one way to a repository row: by name, for a right. Moved (fact "repo": the id to ask for)
// when the name is an old one or spelled in another case; the access errors of auth/access.h
// otherwise.
Result<meta::Repo> find_repo(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                             auth::Right right);
// The same without a copy.
using SharedRepo = std::shared_ptr<const meta::Repo>;
Result<SharedRepo> share_repo(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                              auth::Right right);
// The same from memory alone, so io threads may ask; nullopt when the row is not there or not
// known to be current.
std::optional<Result<SharedRepo>> known_repo(Services&, const auth::Caller&, const RepoName& name,
                                             auth::Right right);

// What to answer when work on `repo` has failed: that there is no such repository, where it was
// deleted meanwhile and the failure is only what its absence looks like from within; else `error`.
Error unless_deleted(Services&, rt::Blocking, const auth::Caller&, const meta::Repo& repo,
                     Error error);

struct InitialFile {
  std::string path;
  std::string bytes;
};

struct NewRepo {
  RepoName name;  // ns empty: the caller's own
  bool is_private = false;
  std::string sdk;  // required for spaces: gradio, docker, static, streamlit
  std::string license, license_name, license_link;
  std::vector<InitialFile> files;
};

// With its branch main and the commit "initial commit" (.gitattributes; README.md for spaces, for a
// license or from `files`). Conflict when it exists: message "You already created this model repo",
// fact "repo": its id.
Result<meta::Repo> create_repo(Services&, rt::Blocking, const auth::Caller&, NewRepo repo);

Status delete_repo(Services&, rt::Blocking, const auth::Caller&, const RepoName& name);

// Old name redirects afterwards. Conflict ("... already exists") when the target is taken; Denied
// when its namespace's quota has no room for the large files.
Result<meta::Repo> move_repo(Services&, rt::Blocking, const auth::Caller&, const RepoName& from,
                             const RepoName& to);

struct RepoSettings {
  std::optional<bool> is_private;
  std::optional<meta::Gating> gating;
  std::optional<bool> discussions_disabled;
};
Result<meta::Repo> update_settings(Services&, rt::Blocking, const auth::Caller&,
                                   const RepoName& name, const RepoSettings& change);

// Copies the default branch's history, and its LFS objects by reference. Gating comes along;
// visibility too, unless the caller chooses. Whoever writes to the source is not held up.
enum class Visibility : std::uint8_t { AsSource, Public, Private };
Result<meta::Repo> duplicate_repo(Services&, rt::Blocking, const auth::Caller&,
                                  const RepoName& from, NewRepo to,
                                  Visibility visibility = Visibility::AsSource);

}  // namespace embrace::hub
