#include "hub/write_target.h"

#include <limits>

#include "base/strings.h"
#include "hub/reading.h"
#include "hub/repos.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

// "main" -> "refs/heads/main". Only the namespaces that take commits; nullopt otherwise.
std::optional<std::string> full_ref(const meta::Repo& repo, std::string_view rev) {
  if (rev.empty() || rev == "HEAD") return cat("refs/heads/", repo.default_branch);
  if (rev.starts_with("refs/heads/") || parse_pull_ref(rev)) return std::string(rev);
  if (rev.starts_with("refs/")) return std::nullopt;
  return cat("refs/heads/", rev);
}

}  // namespace

std::optional<std::int64_t> parse_pull_ref(std::string_view ref) {
  constexpr std::string_view kPrefix = "refs/pr/";
  if (!ref.starts_with(kPrefix)) return std::nullopt;
  const auto digits = ref.substr(kPrefix.size());
  if (digits.empty() || digits[0] == '0')
    return std::nullopt;  // "refs/pr/03" would be another ref for the same number
  const auto number = parse_uint(digits);
  if (!number || *number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

Status check_propose(const auth::Caller& caller, const meta::Repo& repo) {
  EMB_DO(auth::check(caller, repo, auth::Right::Propose));
  if (repo.discussions_disabled && !auth::may(caller, repo, auth::Right::Write)) {
    return fail(Code::Denied, "Discussions and pull requests are disabled for this repository.");
  }
  return Done{};
}

std::optional<std::int64_t> payer_of(const auth::Caller& caller, const meta::Repo& repo) {
  if (auth::may(caller, repo, auth::Right::Write)) return std::nullopt;
  return caller.id();
}

Status check_ref_write(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                       const meta::Repo& repo, std::string_view ref) {
  if (ref.starts_with("refs/heads/") || ref.starts_with("refs/tags/"))
    return auth::check(caller, repo, auth::Right::Write);
  const auto number = parse_pull_ref(ref);
  if (!number)
    return fail(Code::Denied, cat("You can't write to ", ref,
                                  ": only branches, tags and pull requests take commits."));
  EMB_DO(auth::check(caller, repo, auth::Right::Propose));
  EMB_TRY(const auto pull, services.database.read(blocking, [&](db::Session& s) {
    return meta::repos::find_pull(s, repo.id, *number);
  }));
  if (!pull) return fail(revision_not_found(ref));
  if (auth::may(caller, repo, auth::Right::Write)) return Done{};
  if (pull->author_id != caller.id()) {
    return fail(Code::Denied, cat("You don't have the required permissions to write to ", ref,
                                  ": it belongs to ", pull->author_name, "."));
  }
  return check_propose(caller, repo);
}

meta::PullRequest new_pull(Services& services, const auth::Caller& caller,
                           const WriteTarget& target, meta::PullStatus status, std::string title,
                           std::string description) {
  meta::PullRequest pull;
  pull.repo_id = target.repo.id;
  pull.title = std::move(title);
  pull.description = std::move(description);
  pull.status = status;
  pull.base_ref = target.ref;
  pull.author_id = caller.id();
  pull.author_name = caller.name();
  pull.created_ms = services.clock.now_ms();
  return pull;
}

Result<WriteTarget> find_write_target(Services& services, rt::Blocking blocking,
                                      const auth::Caller& caller, const RepoName& name,
                                      std::string_view rev, bool create_pull) {
  const bool proposes = create_pull || parse_pull_ref(rev).has_value();
  WriteTarget target;
  EMB_TRY(target.repo, find_repo(services, blocking, caller, name,
                                 proposes ? auth::Right::Propose : auth::Right::Write));
  auto ref = full_ref(target.repo, rev);
  if (!ref) return fail(revision_not_found(rev));
  target.ref = *std::move(ref);
  if (create_pull) {
    EMB_DO(check_propose(caller, target.repo));
  } else {
    EMB_DO(check_ref_write(services, blocking, caller, target.repo, target.ref));
  }
  EMB_TRY(const auto row, services.database.read(blocking, [&](db::Session& s) {
    return meta::repos::find_ref(s, target.repo.id, target.ref);
  }));
  if (!row) {
    return fail(unless_deleted(services, blocking, caller, target.repo, revision_not_found(rev)));
  }
  EMB_TRY(target.head, git::Oid::parse(row->oid));
  return target;
}

}  // namespace embrace::hub
