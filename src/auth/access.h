#pragma once
// Access: one function decides what a caller may do to a repository (hub-api 1.13), and words the
// refusal exactly as clients expect it (1.7).

#include <string_view>

#include "auth/caller.h"
#include "base/result.h"
#include "meta/types.h"

namespace embrace::auth {

enum class Right : std::uint8_t {
  See,      // repo info, listing, tree of a gated repo
  Read,     // file content
  Propose,  // open a pull request: any logged-in user who may read
  Write,    // commits to branches, tags
  Manage,   // settings, move, delete: admin of the namespace, or contributor on a repo of their own
};

// A private repository that the caller may not see: NotFound (authenticated) or Unauthenticated
// (anonymous), both Tag::RepoNotFound.
Status check(const Caller& caller, const meta::Repo& repo, Right right);
bool may(const Caller& caller, const meta::Repo& repo, Right right);
// May the caller create a repository in this namespace? Denied names it.
Status check_create(const Caller& caller, const meta::Account& ns);
// The error for a repository that does not exist, worded for this caller.
Error repo_not_found(const Caller& caller);

}  // namespace embrace::auth
