// Refs as git's own programs read them. The truth is in SQL; this is a picture of it.

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "git/repository_impl.h"

namespace embrace::git {
namespace {

// "peeled" promises that each annotated tag below refs/tags/ is followed by "^" and the object it
// leads to; "sorted" lets git search the file instead of reading it.
constexpr std::string_view kHeader = "# pack-refs with: peeled sorted \n";

Result<std::string> render_packed_refs(const std::string& folder, std::vector<Ref> refs) {
  std::ranges::sort(refs, {}, &Ref::name);
  std::string out(kHeader);
  std::unique_ptr<Odb> odb;
  for (const Ref& ref : refs) {
    out += cat(ref.oid.hex(), " ", ref.name, "\n");
    if (!ref.name.starts_with("refs/tags/")) continue;
    if (!odb) {
      EMB_TRY(odb, Odb::open({folder + "/objects"}));
    }
    EMB_TRY(TagTarget target, odb->peel(ref.oid));
    if (target.oid != ref.oid) out += cat("^", target.oid.hex(), "\n");
  }
  return out;
}

Status replace_if_changed(const std::string& path, std::string_view text) {
  constexpr std::uint64_t bytes_max = std::uint64_t{1} << 30;
  if (auto now = read_file(path, bytes_max); now && *now == text) return Done{};
  return write_file_durably(path, text);
}

// A loose ref would win over packed-refs. None is made here, but an imported folder may bring some.
Status remove_loose_refs(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder + "/refs", error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;
    if (!at->is_directory(gone)) EMB_DO(remove_file(at->path().string()));
  }
  if (error) return fail(errno_error(error.value(), cat("read ", folder, "/refs")));
  return Done{};
}

}  // namespace

Status project_refs(rt::Blocking, const std::string& folder, const std::vector<Ref>& refs,
                    std::string_view head_branch) {
  std::vector<Ref> usable;
  for (const Ref& ref : refs) {
    if (!ref.name.starts_with("refs/")) {
      return fail(Code::InvalidArgument,
                  cat("a ref's full name begins with refs/, unlike ", ref.name));
    }
    if (const auto named = check_ref_name(ref.name)) {
      usable.push_back(ref);
    } else {
      // One row from older rules must not hide all the others from git.
      log::warn("left a ref out of the projection",
                {{"folder", folder}, {"reason", named.error().message()}});
    }
  }
  EMB_DO(check_ref_name(head_branch));
  EMB_TRY(std::string packed, render_packed_refs(folder, usable));
  EMB_DO(replace_if_changed(folder + "/packed-refs", packed));
  EMB_DO(replace_if_changed(folder + "/HEAD", cat("ref: refs/heads/", head_branch, "\n")));
  return remove_loose_refs(folder);
}

}  // namespace embrace::git
