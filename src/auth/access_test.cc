#include "auth/access.h"

#include <gtest/gtest.h>

namespace embrace::auth {
namespace {

using meta::Gating;
using meta::Role;
using meta::TokenRole;

constexpr std::int64_t kOrg = 10, kAlice = 1, kStranger = 2;

Caller user(std::int64_t id, Role role_in_org = Role::None, bool is_admin = false) {
  Caller caller;
  caller.user.emplace();
  caller.user->id = id;
  caller.user->name = "someone";
  caller.user->is_admin = is_admin;
  if (role_in_org != Role::None) {
    caller.memberships.emplace_back();
    caller.memberships.back().org_id = kOrg;
    caller.memberships.back().role = role_in_org;
  }
  return caller;
}

Caller with_token(Caller caller, TokenRole role) {
  caller.token.emplace();
  caller.token->role = role;
  return caller;
}

meta::Repo repo_of(std::int64_t namespace_id, std::int64_t creator_id = 99) {
  meta::Repo repo;
  repo.name = RepoName{RepoType::Model, "acme", "bert"};
  repo.namespace_id = namespace_id;
  repo.creator_id = creator_id;
  return repo;
}

// What a check says, in one letter for each right in order: yes, 4 (not found), 1 (log in), 3
// (denied), g (gated, log in), G (gated, denied), x (disabled).
std::string verdicts(const Caller& caller, const meta::Repo& repo) {
  std::string out;
  for (Right right : {Right::See, Right::Read, Right::Propose, Right::Write, Right::Manage}) {
    const Status status = check(caller, repo, right);
    EXPECT_EQ(may(caller, repo, right), status.has_value());
    if (status) {
      out += 'y';
    } else if (status.error().tag() == Tag::GatedRepo) {
      out += status.error().code() == Code::Unauthenticated ? 'g' : 'G';
    } else if (status.error().tag() == Tag::DisabledRepo) {
      out += 'x';
    } else if (status.error().tag() == Tag::RepoNotFound) {
      out += status.error().code() == Code::NotFound ? '4' : 'n';
    } else {
      out += status.error().code() == Code::Unauthenticated ? '1' : '3';
    }
  }
  return out;
}

struct Row {
  const char* who;
  Caller caller;
  std::int64_t creator;
  const char *open, *is_private, *gated, *disabled;  // see, read, propose, write, manage
};

TEST(Access, TheWholeMatrix) {
  const Row rows[] = {
      {"anonymous", Caller{}, 99, "yy111", "nnnnn", "yg111", "xxxx1"},
      {"stranger", user(kStranger), 99, "yyy33", "44444", "yGG33", "xxxx3"},
      {"stranger who made it once", user(kStranger), kStranger, "yyy33", "44444", "yGG33", "xxxx3"},
      {"no_access", user(kStranger, Role::None), 99, "yyy33", "44444", "yGG33", "xxxx3"},
      {"reader", user(kAlice, Role::Read), 99, "yyy33", "yyy33", "yyy33", "xxxx3"},
      {"reader who made it once", user(kAlice, Role::Read), kAlice, "yyy33", "yyy33", "yyy33",
       "xxxx3"},
      {"contributor", user(kAlice, Role::Contributor), 99, "yyy33", "yyy33", "yyy33", "xxxx3"},
      {"contributor, own", user(kAlice, Role::Contributor), kAlice, "yyyyy", "yyyyy", "yyyyy",
       "xxxxy"},
      {"writer", user(kAlice, Role::Write), 99, "yyyy3", "yyyy3", "yyyy3", "xxxx3"},
      {"writer, own", user(kAlice, Role::Write), kAlice, "yyyyy", "yyyyy", "yyyyy", "xxxxy"},
      {"admin", user(kAlice, Role::Admin), 99, "yyyyy", "yyyyy", "yyyyy", "xxxxy"},
      {"admin, write token", with_token(user(kAlice, Role::Admin), TokenRole::Write), 99, "yyyyy",
       "yyyyy", "yyyyy", "xxxxy"},
      {"admin, read token", with_token(user(kAlice, Role::Admin), TokenRole::Read), 99, "yy333",
       "yy333", "yy333", "xxxx3"},
      {"site admin", user(kStranger, Role::None, true), 99, "yyyyy", "yyyyy", "yyyyy", "yyyyy"},
      {"site admin, admin token", with_token(user(kStranger, Role::None, true), TokenRole::Admin),
       99, "yyyyy", "yyyyy", "yyyyy", "yyyyy"},
      {"site admin, read token", with_token(user(kStranger, Role::None, true), TokenRole::Read), 99,
       "yy333", "44444", "yG333", "xxxx3"},
  };
  for (const Row& row : rows) {
    meta::Repo repo = repo_of(kOrg, row.creator);
    EXPECT_EQ(verdicts(row.caller, repo), row.open) << row.who << ", public";
    repo.is_private = true;
    EXPECT_EQ(verdicts(row.caller, repo), row.is_private) << row.who << ", private";
    repo.is_private = false;
    for (Gating gating : {Gating::Auto, Gating::Manual}) {
      repo.gating = gating;
      EXPECT_EQ(verdicts(row.caller, repo), row.gated) << row.who << ", gated";
    }
    repo.gating = Gating::Open;
    repo.is_disabled = true;
    EXPECT_EQ(verdicts(row.caller, repo), row.disabled) << row.who << ", disabled";
  }
}

TEST(Access, OnesOwnNamespaceIsOnesOwn) {
  meta::Repo repo = repo_of(kAlice);
  repo.is_private = true;
  EXPECT_EQ(verdicts(user(kAlice), repo), "yyyyy");
  EXPECT_EQ(verdicts(user(kStranger), repo), "44444");
}

TEST(Access, ADisabledRepositoryThatIsPrivateIsNotFound) {
  meta::Repo repo = repo_of(kOrg);
  repo.is_private = repo.is_disabled = true;
  EXPECT_EQ(verdicts(user(kStranger), repo), "44444");
}

TEST(Access, RefusalsAreWordedAsClientsExpect) {
  meta::Repo repo = repo_of(kOrg);
  EXPECT_EQ(repo_not_found(Caller{}).message(), "Invalid username or password.");
  EXPECT_EQ(repo_not_found(user(kStranger)).message(), "Repository not found");
  repo.gating = Gating::Auto;
  EXPECT_EQ(check(Caller{}, repo, Right::Read).error().message(),
            "Access to model acme/bert is restricted. You must have access to it and be "
            "authenticated to access it. "
            "Please log in.");
  repo.name.type = RepoType::Dataset;
  EXPECT_EQ(
      check(user(kStranger), repo, Right::Read).error().message(),
      "Access to dataset acme/bert is restricted and you are not in the authorized list. Visit "
      "datasets/acme/bert to ask for access.");
  repo.is_disabled = true;
  EXPECT_EQ(check(user(kStranger), repo, Right::Read).error().message(),
            "Access to this resource is disabled.");
  repo = repo_of(kOrg);
  const auto reader = with_token(user(kAlice, Role::Admin), TokenRole::Read);
  EXPECT_NE(check(reader, repo, Right::Write).error().message().find("role \"read\""),
            std::string::npos);
  EXPECT_EQ(check(user(kStranger), repo, Right::Write).error().message(),
            "You don't have the required permissions to write to the model \"acme/bert\".");
}

TEST(Access, WhoMayCreateWhere) {
  meta::Account org;
  org.id = kOrg;
  org.name = "acme";
  auto code = [](const Caller& caller, const meta::Account& ns) {
    const Status status = check_create(caller, ns);
    return status ? Code::Internal : status.error().code();
  };
  EXPECT_EQ(code(Caller{}, org), Code::Unauthenticated);
  EXPECT_EQ(code(user(kStranger), org), Code::Denied);
  EXPECT_EQ(code(user(kAlice, Role::Read), org), Code::Denied);
  EXPECT_TRUE(check_create(user(kAlice, Role::Contributor), org));
  EXPECT_TRUE(check_create(user(kAlice, Role::Admin), org));
  EXPECT_EQ(code(with_token(user(kAlice, Role::Admin), TokenRole::Read), org), Code::Denied);
  EXPECT_TRUE(check_create(user(kStranger, Role::None, true), org));
  EXPECT_NE(check_create(user(kStranger), org).error().message().find("\"acme\""),
            std::string::npos);
  org.is_disabled = true;
  EXPECT_EQ(code(user(kAlice, Role::Admin), org), Code::Denied);
  meta::Account own;
  own.id = kAlice;
  EXPECT_TRUE(check_create(user(kAlice), own));
}

}  // namespace
}  // namespace embrace::auth
