#include <optional>

#include "base/strings.h"
#include "git/attributes.h"
#include "hub/commits.h"
#include "hub/lfs_links.h"
#include "hub/write_target.h"

namespace embrace::hub {
namespace {

constexpr std::uint64_t kRuleFileBytesMax = 1 << 20;  // .gitattributes and .gitignore
// Of one that comes with the question. Every rule is held against every file, so text that costs
// the client nothing must stay short.
constexpr std::uint64_t kOwnRulesBytesMax = 128 << 10;
// Binary files above this are better kept out of git. Smaller ones (icons, tokenizers) stay regular
// although they are binary: clients send every "lfs" file through Xet when they can, and a small
// file costs less inside the commit than by any other way.
constexpr std::uint64_t kBinaryFileBytesLfs = 1 << 20;

// The sample may end inside a character: up to three bytes of it are forgiven.
bool is_binary(std::string_view sample) {
  if (sample.find('\0') != std::string_view::npos) return true;
  for (std::size_t cut = 0; cut <= 3 && cut <= sample.size(); ++cut) {
    if (is_valid_utf8(sample.substr(0, sample.size() - cut))) return false;
  }
  return true;
}

Result<std::string> read_rule_file(rt::Blocking blocking, git::Repository& repository,
                                   const git::Oid& tree,
                                   const std::optional<std::string>& override_text,
                                   std::string_view path) {
  if (override_text) return *override_text;
  const auto entry = repository.find(blocking, tree, path);
  if (!entry && entry.error().code() != Code::NotFound) return fail(entry.error());
  if (!entry || entry->is_folder() || entry->blob_bytes > kRuleFileBytesMax) return std::string();
  return repository.read_blob(blocking, entry->oid, kRuleFileBytesMax);
}

// What is at the path now. Clients drop a file from the commit when its hash equals this one, so it
// is given only when keeping the old file would truly be the same: not for symbolic links, whose
// blob holds a path.
Result<std::optional<git::Entry>> find_comparable(rt::Blocking blocking,
                                                  git::Repository& repository, const git::Oid& tree,
                                                  const std::string& path) {
  auto entry = repository.find(blocking, tree, path);
  if (!entry && entry.error().code() != Code::NotFound) return fail(std::move(entry).error());
  if (!entry || (entry->kind != git::EntryKind::File && entry->kind != git::EntryKind::Executable))
    return std::nullopt;
  return *std::move(entry);
}

}  // namespace

Result<PreuploadResult> preupload(Services& services, rt::Blocking blocking,
                                  const auth::Caller& caller, const RepoName& name,
                                  const Preupload& asked) {
  EMB_TRY(const auto target,
          find_write_target(services, blocking, caller, name, asked.rev, asked.create_pull));
  if (asked.files.size() > services.settings.preupload_files_max) {
    return fail(Code::TooLarge, cat("At most ", services.settings.preupload_files_max,
                                    " files may be asked for at once."));
  }
  for (const auto* rules : {&asked.git_attributes, &asked.git_ignore}) {
    if (*rules && (*rules)->size() > kOwnRulesBytesMax) {
      return fail(Code::TooLarge, cat("gitAttributes and gitIgnore may have at most ",
                                      kOwnRulesBytesMax >> 10, " KiB each."));
    }
  }
  for (const auto& file : asked.files) EMB_DO(git::check_path(file.path));

  EMB_TRY(auto repository, services.repositories.borrow(
                               blocking, repository_folder(services.settings, target.repo.id)));
  EMB_TRY(const auto head, repository->commit(blocking, target.head));
  EMB_TRY(const auto attributes_text,
          read_rule_file(blocking, *repository, head.tree, asked.git_attributes, ".gitattributes"));
  EMB_TRY(const auto ignore_text,
          read_rule_file(blocking, *repository, head.tree, asked.git_ignore, ".gitignore"));
  const auto attributes = git::LfsAttributes::parse(attributes_text);
  const auto ignores = git::IgnoreRules::parse(ignore_text);

  std::vector<std::optional<git::Entry>> entries;
  std::vector<Digest> large;
  for (const auto& file : asked.files) {
    EMB_TRY(auto entry, find_comparable(blocking, *repository, head.tree, file.path));
    if (entry && entry->lfs) large.push_back(entry->lfs->sha256);
    entries.push_back(std::move(entry));
  }
  // A pointer whose object was removed from the store needs a new upload, so its hash stays untold.
  EMB_TRY(const auto links, find_lfs_links(services, blocking, target.repo.id, large));

  PreuploadResult result{.commit = target.head, .files = {}};
  for (std::size_t i = 0; i < asked.files.size(); ++i) {
    const auto& file = asked.files[i];
    const bool is_large = file.size_bytes > services.settings.regular_file_bytes_max ||
                          (file.size_bytes > kBinaryFileBytesLfs && is_binary(file.sample));
    PreuploadAnswer answer;
    answer.path = file.path;
    answer.is_lfs = file.size_bytes > 0 && (is_large || attributes.is_lfs(file.path));
    answer.should_ignore = ignores.is_ignored(file.path);
    if (const auto& entry = entries[i]; entry && !entry->lfs) {
      answer.oid = entry->oid.hex();
    } else if (entry && links.contains(entry->lfs->sha256)) {
      answer.oid = entry->lfs->sha256.hex();
    }
    result.files.push_back(std::move(answer));
  }
  return result;
}

}  // namespace embrace::hub
