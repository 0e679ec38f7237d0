// One file: found at a revision, and opened.

#include "base/strings.h"
#include "hub/files.h"
#include "hub/lfs_links.h"
#include "hub/reading.h"
#include "hub/repos.h"
#include "hub/spilled_blobs.h"

namespace embrace::hub {
namespace {

// git blobs are read whole. The commit API refuses larger regular files long before this.
constexpr std::uint64_t kBlobBytesMax = 256u << 20;

Error no_entry() { return Error(Code::NotFound, "Entry not found", Tag::EntryNotFound); }

Result<git::Entry> only_file(Result<git::Entry> entry) {
  if (entry && (entry->is_folder() || entry->kind == git::EntryKind::Submodule)) {
    return fail(no_entry());
  }
  return entry;
}

Result<FoundFile> found(SharedRepo repo, const git::Oid& commit, Result<git::Entry> entry) {
  auto file = only_file(std::move(entry));
  if (!file) return fail(with_commit(std::move(file).error(), commit));
  return FoundFile{std::move(repo), commit, *std::move(file)};
}

Result<FoundFile> find_at(Services& services, rt::Blocking blocking, SharedRepo repo,
                          std::string_view rev, std::string_view path) {
  LazyRepository repository(services, *repo);
  EMB_TRY(auto revision, resolve(repository, blocking, rev));
  EMB_TRY(auto tree, tree_of(repository, blocking, revision.commit));
  auto entry = path.empty() ? Result<git::Entry>(fail(no_entry()))
                            : entry_at(repository, blocking, tree, path);
  return found(std::move(repo), revision.commit, std::move(entry));
}

Status check_range(std::uint64_t size_bytes, std::uint64_t offset, std::uint64_t length) {
  if (offset <= size_bytes && length <= size_bytes - offset) return Done{};
  return fail(Error(Code::RangeInvalid, cat("the file has ", size_bytes, " bytes"))
                  .with("size", cat(size_bytes)));
}

Result<rt::Content> small_blob(rt::Blocking blocking, git::Repository& repository,
                               const git::Oid& oid, std::uint64_t offset, std::uint64_t length) {
  EMB_TRY(auto bytes, repository.read_blob(blocking, oid, kSpillAboveBytes));
  if (offset == 0 && length == bytes.size()) return rt::Content(std::move(bytes));
  EMB_DO(check_range(bytes.size(), offset, length));
  return rt::Content(bytes.substr(offset, length));
}

Result<rt::Content> large_blob(Services& services, rt::Blocking blocking,
                               git::Repository& repository, const git::Oid& oid,
                               std::uint64_t offset, std::uint64_t length) {
  EMB_TRY(auto spilled, spill_blob(services.settings, blocking, repository, oid, kBlobBytesMax));
  return rt::Content(std::vector<FileSlice>{{std::move(spilled), offset, length}});
}

}  // namespace

std::string FoundFile::etag() const {
  return cat('"', entry.lfs ? entry.lfs->sha256.hex() : entry.oid.hex(), '"');
}

Result<FoundFile> find_file(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                            const RepoName& name, std::string_view rev, std::string_view path) {
  EMB_TRY(auto repo, share_repo(services, blocking, caller, name, auth::Right::Read));
  return find_at(services, blocking, std::move(repo), rev, path);
}

Result<FoundFile> find_file(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                            const RepoName& name, const std::vector<std::string>& rest) {
  EMB_TRY(auto repo, share_repo(services, blocking, caller, name, auth::Right::Read));
  EMB_TRY(auto place, split_revision(services, blocking, *repo, rest));
  return find_at(services, blocking, std::move(repo), place.rev, place.path);
}

std::optional<Result<FoundFile>> known_file(Services& services, const auth::Caller& caller,
                                            const RepoName& name,
                                            const std::vector<std::string>& rest) {
  if (rest.size() < 2) return std::nullopt;
  auto repo = known_repo(services, caller, name, auth::Right::Read);
  if (!repo) return std::nullopt;
  if (!*repo) return fail(std::move(*repo).error());
  const auto commit = known_commit(***repo, rest[0]);
  const auto tree = commit ? known_tree(***repo, *commit) : std::nullopt;
  if (!tree) return std::nullopt;
  auto entry = known_entry(*tree, join(rest, 1, rest.size()));
  if (!entry) return std::nullopt;
  return found(**std::move(repo), *commit,
               *entry ? Result<git::Entry>(**std::move(entry)) : fail(no_entry()));
}

Result<rt::Content> open_file(Services& services, rt::Blocking blocking, const FoundFile& file,
                              std::uint64_t offset, std::uint64_t length) {
  if (!file.entry.lfs) return open_blob(services, blocking, file, offset, length);
  const auto& pointer = *file.entry.lfs;
  EMB_DO(check_range(pointer.size_bytes, offset, length));
  if (auto linked = require_lfs_link(services, blocking, *file.repo, pointer); !linked)
    return fail(with_commit(std::move(linked).error(), file.commit));
  auto content = services.objects.open(blocking, pointer.sha256, offset, length);
  if (!content && content.error().code() == Code::NotFound) {
    // A file that the tree promises: not the client's mistake, so not a 404.
    return fail(Code::Corrupt,
                cat(file.repo->name.id(), " ", file.entry.path, ": the object ",
                    pointer.sha256.hex(), " is missing from the store: run embrace doctor"));
  }
  return content;
}

Result<rt::Content> open_blob(Services& services, rt::Blocking blocking, const FoundFile& file,
                              std::uint64_t offset, std::uint64_t length) {
  EMB_DO(check_range(file.entry.blob_bytes, offset, length));
  LazyRepository lazy(services, *file.repo);
  EMB_TRY(auto* repository, lazy.get(blocking));
  auto content = file.entry.blob_bytes > kSpillAboveBytes
                     ? large_blob(services, blocking, *repository, file.entry.oid, offset, length)
                     : small_blob(blocking, *repository, file.entry.oid, offset, length);
  if (!content) {
    return fail(
        std::move(content).error().while_doing(cat(file.repo->name.id(), " ", file.entry.path)));
  }
  return content;
}

}  // namespace embrace::hub
