#include "auth/access.h"

#include "base/strings.h"

namespace embrace::auth {
namespace {

using meta::Role;

// What a refused caller wanted, for "You don't have the required permissions to ...".
std::string_view deed(Right right) {
  switch (right) {
    case Right::See:
      return "see";
    case Right::Read:
      return "read";
    case Right::Propose:
      return "open a pull request on";
    case Right::Write:
      return "write to";
    case Right::Manage:
      return "manage";
  }
  return "use";
}

Error log_in_first() { return Error(Code::Unauthenticated, "Invalid username or password."); }

Error token_too_weak(const Caller& caller) {
  const auto role = caller.token ? meta::to_string(caller.token->role) : "read";
  return Error(
      Code::Denied,
      cat("You don't have the required permissions to do this: your access token has the role \"",
          role, "\". Use a token with the role \"write\"."));
}

Error not_allowed(const meta::Repo& repo, Right right) {
  return Error(Code::Denied, cat("You don't have the required permissions to ", deed(right),
                                 " the ", to_string(repo.name.type), " \"", repo.name.id(), "\"."));
}

Error gated(const Caller& caller, const meta::Repo& repo) {
  const std::string head =
      cat("Access to ", to_string(repo.name.type), " ", repo.name.id(), " is restricted");
  if (caller.is_anonymous()) {
    return Error(
        Code::Unauthenticated,
        head + ". You must have access to it and be authenticated to access it. Please log in.",
        Tag::GatedRepo);
  }
  return Error(Code::Denied,
               cat(head, " and you are not in the authorized list. Visit ", repo.name.path(),
                   " to ask for access."),
               Tag::GatedRepo)
      .with("page", repo.name.path());
}

bool has_role(const Caller& caller, const meta::Repo& repo, Role least) {
  return caller.role_in(repo.namespace_id) >= least;
}

// A contributor has the higher right on what they created themselves; who has left the namespace
// has not.
bool has_role_or_made_it(const Caller& caller, const meta::Repo& repo, Role least) {
  if (has_role(caller, repo, least)) return true;
  return has_role(caller, repo, Role::Contributor) && caller.id() == repo.creator_id;
}

// What the user may do, were there no token in between.
Status check_user(const Caller& caller, const meta::Repo& repo, Right right) {
  switch (right) {
    case Right::See:
      return Done{};
    case Right::Read:
    case Right::Propose:
      if (repo.gating != meta::Gating::Open && !has_role(caller, repo, Role::Read))
        return fail(gated(caller, repo));
      return Done{};
    case Right::Write:
      if (!has_role_or_made_it(caller, repo, Role::Write)) return fail(not_allowed(repo, right));
      return Done{};
    case Right::Manage:
      if (!has_role_or_made_it(caller, repo, Role::Admin)) return fail(not_allowed(repo, right));
      return Done{};
  }
  return fail(not_allowed(repo, right));
}

bool changes_something(Right right) { return right >= Right::Propose; }

}  // namespace

Status check(const Caller& caller, const meta::Repo& repo, Right right) {
  if (caller.is_site_admin()) return Done{};
  // First of all whether it may be known to exist: any other answer would tell.
  if (repo.is_private && !has_role(caller, repo, Role::Read)) return fail(repo_not_found(caller));
  // Its admins may still delete or move a disabled repository.
  if (repo.is_disabled && right != Right::Manage) {
    return fail(Code::Denied, "Access to this resource is disabled.", Tag::DisabledRepo);
  }
  if (changes_something(right)) {
    if (caller.is_anonymous()) return fail(log_in_first());
    if (!caller.may_write()) return fail(token_too_weak(caller));
  }
  return check_user(caller, repo, right);
}

bool may(const Caller& caller, const meta::Repo& repo, Right right) {
  return check(caller, repo, right).has_value();
}

Status check_create(const Caller& caller, const meta::Account& ns) {
  if (caller.is_anonymous()) return fail(log_in_first());
  if (!caller.may_write()) return fail(token_too_weak(caller));
  if (caller.is_site_admin()) return Done{};
  if (!ns.is_disabled && caller.role_in(ns.id) >= Role::Contributor) return Done{};
  return fail(
      Code::Denied,
      cat("You don't have the required permissions to create a repository under the namespace \"",
          ns.name, "\"."));
}

Error repo_not_found(const Caller& caller) {
  if (caller.is_anonymous()) {
    return Error(Code::Unauthenticated, "Invalid username or password.", Tag::RepoNotFound);
  }
  return Error(Code::NotFound, "Repository not found", Tag::RepoNotFound);
}

}  // namespace embrace::auth
