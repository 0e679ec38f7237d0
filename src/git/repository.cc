// Making, opening and writing; reading is in listing.cc, history in history.cc and last_commits.cc.

#include "git/repository.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "base/strings.h"
#include "git/pack_writer.h"
#include "git/random_name.h"
#include "git/repository_impl.h"

namespace embrace::git {
namespace {

// Hooks are off because nobody but us may decide what happens on a push; gc is off because folding
// is a job of ours; any object may be fetched by id because the Hub's clients do so.
constexpr std::string_view kConfig =
    "[core]\n"
    "\trepositoryformatversion = 0\n"
    "\tfilemode = true\n"
    "\tbare = true\n"
    "\thooksPath = /dev/null\n"
    "[gc]\n"
    "\tauto = 0\n"
    "[uploadpack]\n"
    "\tallowAnySHA1InWant = true\n"
    "\tallowFilter = true\n";

Status fill_new_folder(const std::string& folder) {
  EMB_DO(make_folders(folder + "/objects/pack"));
  EMB_DO(make_folders(folder + "/objects/info"));
  EMB_DO(make_folders(folder + "/refs/heads"));
  EMB_DO(write_file_durably(folder + "/config", kConfig));
  EMB_DO(write_file_durably(folder + "/HEAD", "ref: refs/heads/main\n"));
  EMB_DO(sync_folder(folder + "/objects"));
  return sync_folder(folder);
}

}  // namespace

// Filled beside its final place and then renamed, so that a crash leaves no half repository.
Status Repository::create(rt::Blocking, const std::string& folder) {
  const std::filesystem::path target(folder);
  if (!target.parent_path().empty()) EMB_DO(make_folders(target.parent_path().string()));
  const std::string draft = cat(folder, ".new-", random_name());
  auto done = fill_new_folder(draft);
  if (done &&
      ::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, folder.c_str(), RENAME_NOREPLACE) != 0) {
    done = errno == EEXIST || errno == ENOTEMPTY
               ? Status(fail(Code::Conflict, cat("the folder ", folder, " exists already")))
               : Status(fail(errno_error(errno, cat("create repository ", folder))));
  }
  if (!done) {
    std::error_code ignored;
    std::filesystem::remove_all(draft, ignored);
    return done;
  }
  return sync_folder(target.parent_path().empty() ? "." : target.parent_path().string());
}

Result<std::unique_ptr<Repository>> Repository::open(rt::Blocking, const std::string& folder) {
  struct stat found;
  const std::string packs = folder + "/objects/pack";
  if (::stat(packs.c_str(), &found) != 0) {
    return fail(errno_error(errno, cat("open repository ", folder)));
  }
  EMB_TRY(auto odb, Odb::open({folder + "/objects"}));
  auto impl = std::make_unique<Impl>();
  impl->folder = folder;
  impl->odb = std::move(odb);
  return std::unique_ptr<Repository>(new Repository(std::move(impl)));
}

Repository::Repository(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Repository::~Repository() = default;

const std::string& Repository::folder() const { return impl_->folder; }

Result<Oid> Repository::write_blob(rt::Blocking, std::string_view bytes) {
  return impl_->odb->stage(ObjectType::Blob, std::string(bytes));
}

Result<Oid> Repository::write_commit(rt::Blocking, const Oid& tree, const std::vector<Oid>& parents,
                                     const Person& author, Millis when_ms,
                                     std::string_view message) {
  EMB_DO(impl_->odb->read(tree, ObjectType::Tree));
  for (const Oid& parent : parents) EMB_DO(impl_->odb->read(parent, ObjectType::Commit));
  return impl_->odb->stage(ObjectType::Commit,
                           render_commit(tree, parents, author, when_ms, message));
}

Result<Oid> Repository::write_tag(rt::Blocking, const Oid& target, std::string_view name,
                                  const Person& tagger, Millis when_ms, std::string_view message) {
  EMB_DO(check_ref_name(name));
  EMB_TRY(ObjectHeader header, impl_->odb->header(target));
  return impl_->odb->stage(ObjectType::Tag,
                           render_tag(target, header.type, name, tagger, when_ms, message));
}

Result<std::optional<Pack>> Repository::finish_pack(rt::Blocking) {
  Odb& odb = *impl_->odb;
  if (odb.staged_order().empty()) return std::optional<Pack>();
  if (!impl_->writable)
    return fail(Code::Internal, "a quarantine's objects are adopted, not added to");
  EMB_TRY(Pack pack, write_pack(odb, impl_->folder + "/objects/pack"));
  odb.discard();
  odb.refresh();  // or the next "does it exist" would miss what was just written
  return std::optional<Pack>(std::move(pack));
}

void Repository::discard() { impl_->odb->discard(); }

}  // namespace embrace::git
