#include "hub/revisions.h"

#include <algorithm>

#include "base/strings.h"
#include "hub/reading.h"
#include "hub/repos.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kRevisionBytesMax = 255;
constexpr std::size_t kRevisionSegmentsMax = 16;
constexpr std::size_t kPrefixDigitsMin = 7;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

bool could_be_commit(std::string_view rev) {
  return rev.size() >= kPrefixDigitsMin && rev.size() <= 40 && is_hex(rev);
}

bool could_be_revision(std::string_view rev) {
  return rev.size() <= kRevisionBytesMax &&
         std::ranges::none_of(rev, [](unsigned char c) { return c < 0x20; });
}

// A branch before a tag, as git's users expect.
Result<std::optional<meta::RefRow>> find_named(db::Session& session, std::int64_t repo_id,
                                               std::string_view rev) {
  if (rev.starts_with("refs/")) return meta::repos::find_ref(session, repo_id, rev);
  EMB_TRY(auto branch, meta::repos::find_ref(session, repo_id, cat("refs/heads/", rev)));
  if (branch) return branch;
  return meta::repos::find_ref(session, repo_id, cat("refs/tags/", rev));
}

Result<git::Oid> peel(LazyRepository& repository, rt::Blocking blocking, const meta::RefRow& ref) {
  EMB_TRY(auto oid, git::Oid::parse(ref.oid));
  if (!ref.name.starts_with("refs/tags/")) return oid;  // only tags may point to tag objects
  EMB_TRY(auto* git, repository.get(blocking));
  return git->peel_to_commit(blocking, oid);
}

RevisionAndPath cut(const std::vector<std::string>& rest, std::size_t segments) {
  return {join(rest, 0, segments), join(rest, segments, rest.size())};
}

// The most segments that name an existing ref; nullopt when none do.
Result<std::optional<std::size_t>> longest_ref(db::Session& session, std::int64_t repo_id,
                                               const std::vector<std::string>& rest,
                                               std::size_t least) {
  for (auto count = std::min(rest.size(), kRevisionSegmentsMax); count >= least; --count) {
    const auto candidate = join(rest, 0, count);
    if (!could_be_revision(candidate)) continue;
    EMB_TRY(auto found, find_named(session, repo_id, candidate));
    if (found) return count;
  }
  return std::nullopt;
}

}  // namespace

std::string join(const std::vector<std::string>& segments, std::size_t from, std::size_t to) {
  std::string joined;
  for (auto i = from; i < to; ++i) {
    if (i > from) joined += '/';
    joined += segments[i];
  }
  return joined;
}

std::optional<git::Oid> known_commit(const meta::Repo& repo, std::string_view rev) {
  const bool is_head = rev == "HEAD" || rev == repo.default_branch;
  if (!is_head && (rev.size() != 40 || !is_hex(rev))) return std::nullopt;
  auto oid = git::Oid::parse(is_head ? repo.head_oid : to_lower(rev));
  return oid ? std::optional(*oid) : std::nullopt;
}

Result<Revision> resolve(LazyRepository& repository, rt::Blocking blocking, std::string_view rev) {
  const auto& repo = repository.repo();
  if (rev.empty() || rev == "HEAD" || rev == repo.default_branch) {
    EMB_TRY(auto head, git::Oid::parse(repo.head_oid));
    return Revision{head, "refs/heads/" + repo.default_branch};
  }
  if (!could_be_revision(rev)) return fail(revision_not_found(rev.substr(0, kRevisionBytesMax)));

  // A full commit id comes before every name: create_branch refuses names that look like one,
  // and what a commit id means must never change.
  if (rev.size() == 40 && is_hex(rev)) {
    EMB_TRY(auto oid, git::Oid::parse(to_lower(rev)));
    auto tree = tree_of(repository, blocking, oid);
    if (!tree) return fail(std::move(tree).error());
    return Revision{oid, ""};
  }
  EMB_TRY(auto named, repository.services().database.read(blocking, [&](db::Session& session) {
    return find_named(session, repo.id, rev);
  }));
  if (named) {
    EMB_TRY(auto commit, peel(repository, blocking, *named));
    return Revision{commit, std::move(named->name)};
  }
  if (could_be_commit(rev)) {
    EMB_TRY(auto* git, repository.get(blocking));
    auto oid = git->expand(blocking, to_lower(rev));
    if (oid) return Revision{*oid, ""};
    if (oid.error().code() != Code::NotFound && oid.error().code() != Code::Conflict) {
      return fail(std::move(oid).error());
    }
  }
  return fail(revision_not_found(rev));
}

Result<Revision> resolve_revision(Services& services, rt::Blocking blocking, const meta::Repo& repo,
                                  git::Repository& repository, std::string_view rev) {
  LazyRepository lazy(services, repo, repository);
  return resolve(lazy, blocking, rev);
}

Result<RevisionAndPath> split_revision(Services& services, rt::Blocking blocking,
                                       const meta::Repo& repo,
                                       const std::vector<std::string>& rest) {
  if (rest.empty()) return RevisionAndPath{};
  const auto& first = rest[0];
  if (first.contains('/')) return cut(rest, 1);
  if (first == "refs" && rest.size() >= 3) {
    if (rest[1] == "pr" || rest[1] == "convert") return cut(rest, 3);
    EMB_TRY(auto count, services.database.read(blocking, [&](db::Session& session) {
      return longest_ref(session, repo.id, rest, 3);
    }));
    return cut(rest, count.value_or(3));
  }
  if (rest.size() == 1 || first == "HEAD" || first == repo.default_branch ||
      (first.size() == 40 && is_hex(first))) {
    return cut(rest, 1);
  }
  EMB_TRY(auto count,
          services.database.read(blocking,
                                 [&](db::Session& session) -> Result<std::optional<std::size_t>> {
                                   EMB_TRY(auto one, find_named(session, repo.id, first));
                                   if (one) return std::size_t{1};
                                   return longest_ref(session, repo.id, rest, 2);
                                 }));
  return cut(rest, count.value_or(1));
}

Result<RefList> list_refs(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                          const RepoName& name) {
  EMB_TRY(auto repo, find_repo(services, blocking, caller, name, auth::Right::See));
  EMB_TRY(auto rows, services.database.read(blocking, [&](db::Session& session) {
    return meta::repos::refs(session, repo.id);
  }));
  LazyRepository repository(services, repo);
  RefList list;
  const std::pair<std::string_view, std::vector<NamedRef>*> kinds[] = {
      {"refs/heads/", &list.branches},
      {"refs/convert/", &list.converts},
      {"refs/tags/", &list.tags},
      {"refs/pr/", &list.pulls}};
  for (const auto& row : rows) {
    for (const auto& [prefix, into] : kinds) {
      if (!row.name.starts_with(prefix)) continue;
      EMB_TRY(auto commit, peel(repository, blocking, row));
      into->push_back({row.name.substr(prefix.size()), row.name, commit});
    }
  }
  return list;
}

}  // namespace embrace::hub
