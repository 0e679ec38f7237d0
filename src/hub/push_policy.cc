#include "hub/push_policy.h"

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "hub/card_rule.h"
#include "hub/lfs_links.h"
#include "hub/name_folding.h"

namespace embrace::hub {
namespace {

using Verdict = PushPolicy::Verdict;

constexpr std::size_t kDetailsMax = 20;  // a push of a thousand bad files needs no thousand lines

void blame(Verdict& verdict, std::string_view refusal, std::string detail) {
  if (verdict.refusal.empty()) verdict.refusal = refusal;
  if (verdict.details.size() < kDetailsMax) verdict.details.push_back(std::move(detail));
}

// Bytes as people say them; sizes that are refused are large.
std::string size_text(std::uint64_t bytes) {
  return bytes < (1 << 20) ? cat(bytes, " bytes") : cat(bytes >> 20, " MiB");
}

void judge_path(std::string_view path, Verdict& verdict) {
  if (const auto good = git::check_path(path); !good) {
    std::string shown(path.substr(0, 200));
    blame(
        verdict, "a path can't be accepted",
        cat("error: ", is_valid_utf8(shown) ? shown : "(not UTF-8)", ": ", good.error().message()));
  }
}

// The path with its last name folded: equal for two entries of one folder that a file system may
// take for one.
std::string folded_path(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return fold_name(path);
  return cat(path.substr(0, slash + 1), fold_name(path.substr(slash + 1)));
}

struct Twins {
  const git::Entry* first;
  const git::Entry* second;
};

// Entries of one folder whose names fall together. Hashes first, because there are none in nearly
// every tree, and a map of a million paths would cost more than the rest of the push.
std::vector<Twins> find_twins(const std::vector<git::Entry>& entries) {
  struct Hashed {
    std::size_t hash;
    std::size_t index;
    auto operator<=>(const Hashed&) const = default;
  };
  std::vector<Hashed> hashed;
  hashed.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i)
    hashed.push_back({std::hash<std::string>{}(folded_path(entries[i].path)), i});
  std::ranges::sort(hashed);
  std::vector<Twins> twins;
  for (auto at = hashed.begin(); at != hashed.end();) {
    const auto end =
        std::find_if(at, hashed.end(), [&](const Hashed& h) { return h.hash != at->hash; });
    std::map<std::string, const git::Entry*> same;
    for (auto one = at; end - at > 1 && one != end; ++one) {
      const auto& entry = entries[one->index];
      const auto [first, is_new] = same.emplace(folded_path(entry.path), &entry);
      if (!is_new) twins.push_back({first->second, &entry});
    }
    at = end;
  }
  return twins;
}

}  // namespace

void PushPolicy::judge_sizes(const std::vector<git::Quarantine::NewBlob>& blobs,
                             Verdict& verdict) const {
  const auto bytes_max = services_.settings.regular_file_bytes_max;
  for (const auto& blob : blobs) {
    if (blob.size_bytes <= bytes_max) continue;
    blame(verdict, "files too large for git: use git-lfs",
          cat("error: ", blob.path, " has ", size_text(blob.size_bytes), ": files above ",
              size_text(bytes_max),
              " must be stored with git-lfs. Run: git lfs migrate import --include=\"", blob.path,
              "\""));
  }
}

Result<std::vector<PushPolicy::Pointer>> PushPolicy::read_pointers(
    rt::Blocking blocking, const std::vector<git::Quarantine::NewBlob>& blobs) {
  std::vector<Pointer> pointers;
  for (const auto& blob : blobs) {
    if (blob.size_bytes > git::LfsPointer::kBytesMax) continue;
    EMB_TRY(const auto text, repository_.read_blob(blocking, blob.oid, git::LfsPointer::kBytesMax));
    if (const auto pointer = git::LfsPointer::parse(text))
      pointers.push_back({.path = blob.path, .lfs = *pointer});
  }
  return pointers;
}

// The link rule of hub/lfs_links.h.
Status PushPolicy::judge_pointers(rt::Blocking blocking, const std::vector<Pointer>& pointers,
                                  Verdict& verdict) {
  std::vector<Digest> wanted;
  for (const auto& pointer : pointers) wanted.push_back(pointer.lfs.sha256);
  EMB_TRY(const auto links, find_lfs_links(services_, blocking, repo_.id, wanted));
  for (const auto& pointer : pointers) {
    const auto link = links.find(pointer.lfs.sha256);
    if (link != links.end() && link->second.size_bytes == pointer.lfs.size_bytes) {
      verdict.links.push_back(link->second);
      continue;
    }
    blame(verdict, "LFS objects are missing: run git lfs push --all",
          cat("error: LFS pointer pointed to a file that does not exist: ", pointer.path,
              " (sha256 ", pointer.lfs.sha256.hex(), ", ", pointer.lfs.size_bytes, " bytes)"));
  }
  return Done{};
}

Result<Verdict> PushPolicy::judge_blobs(rt::Blocking blocking,
                                        const std::vector<git::Quarantine::NewBlob>& blobs) {
  Verdict verdict;
  for (const auto& blob : blobs) judge_path(blob.path, verdict);
  judge_sizes(blobs, verdict);
  EMB_TRY(const auto pointers, read_pointers(blocking, blobs));
  EMB_DO(judge_pointers(blocking, pointers, verdict));
  return verdict;
}

// As StagedTree::check_names: what stood side by side before the push is not its doing. A new
// branch is compared with the default one.
Status PushPolicy::judge_names(rt::Blocking blocking, const git::Oid& before,
                               const std::vector<git::Entry>& entries, Verdict& verdict) {
  const auto twins = find_twins(entries);
  if (twins.empty()) return Done{};
  EMB_TRY(const auto base,
          before.is_zero() ? git::Oid::parse(repo_.head_oid) : Result<git::Oid>(before));
  EMB_TRY(const auto commit, repository_.commit(blocking, base));
  for (const auto& [first, second] : twins) {
    const bool stood_before = repository_.find(blocking, commit.tree, first->path) &&
                              repository_.find(blocking, commit.tree, second->path);
    if (stood_before) continue;
    blame(verdict, "names differ only by letter case or Unicode form",
          cat("error: \"", second->path, "\" differs from \"", first->path,
              "\" only by letter case or Unicode form, and many file systems can't hold both: "
              "rename one of them"));
  }
  return Done{};
}

Status PushPolicy::judge_card(rt::Blocking blocking, const git::Oid& before, const git::Oid& tree,
                              Verdict& verdict) {
  const auto readme = repository_.find(blocking, tree, "README.md");
  if (!readme || readme->lfs ||
      (readme->kind != git::EntryKind::File && readme->kind != git::EntryKind::Executable))
    return Done{};
  std::optional<git::Oid> old_readme;
  if (const auto old_tip = repository_.commit(blocking, before); old_tip) {
    if (const auto entry = repository_.find(blocking, old_tip->tree, "README.md"))
      old_readme = entry->oid;
  }
  EMB_TRY(const auto problems, judge_new_card(services_, blocking, repository_, repo_.name.type,
                                              readme->oid, old_readme));
  for (const auto& problem : problems) {
    blame(verdict, "invalid metadata in README.md", cat("error: README.md: ", problem.message));
  }
  return Done{};
}

// A pack of a kilobyte may hold many branches, each with a million paths. An error, not a verdict:
// it ends the judging of all of them.
Result<std::vector<git::Entry>> PushPolicy::list_tip(rt::Blocking blocking, const git::Oid& tree) {
  constexpr std::size_t one_tip_max = 1'000'000;
  const auto left = services_.settings.push_entries_max - entries_listed_;
  auto entries =
      repository_.list(blocking, tree, "", true, std::min<std::uint64_t>(left, one_tip_max));
  if (!entries && entries.error().code() == Code::TooLarge && left < one_tip_max) {
    return fail(Code::TooLarge, cat("the branches of this push show more than ",
                                    services_.settings.push_entries_max,
                                    " files and folders in all: push fewer of them at once"));
  }
  if (entries) entries_listed_ += entries->size();
  return entries;
}

// new_blobs names one path for each blob; a known blob under a hostile name shows only in the tree.
Result<Verdict> PushPolicy::judge_tip(rt::Blocking blocking, const git::Oid& before,
                                      const git::Oid& tip) {
  Verdict verdict;
  EMB_TRY(const auto commit, repository_.commit(blocking, tip));
  EMB_TRY(const auto entries, list_tip(blocking, commit.tree));
  for (const auto& entry : entries) judge_path(entry.path, verdict);
  EMB_DO(judge_names(blocking, before, entries, verdict));
  EMB_DO(judge_card(blocking, before, commit.tree, verdict));
  return verdict;
}

}  // namespace embrace::hub
