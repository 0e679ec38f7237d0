// The folder of packs as a whole: listing, folding, checking.

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/file.h"
#include "base/strings.h"
#include "git/pack_writer.h"
#include "git/process.h"
#include "git/repository.h"

namespace embrace::git {
namespace {

namespace fs = std::filesystem;

constexpr auto kLeftoverAge = std::chrono::hours(24);  // no push or fold takes longer

bool is_leftover_name(const std::string& name) {
  return name.starts_with("tmp_") || name.starts_with(".tmp-") || name.starts_with("quarantine-");
}

// What a crash left behind: half-written packs and quarantines of pushes that never ended.
void sweep_leftovers(const std::string& folder) {
  const auto young = fs::file_time_type::clock::now() - kLeftoverAge;
  for (const std::string& place : {folder, folder + "/objects/pack"}) {
    std::error_code error;
    for (fs::directory_iterator at(place, error), end; !error && at != end; at.increment(error)) {
      std::error_code gone;
      if (is_leftover_name(at->path().filename().string()) && at->last_write_time(gone) < young &&
          !gone) {
        fs::remove_all(at->path(), gone);  // failing is harmless: the next fold tries again
      }
    }
  }
}

}  // namespace

Result<std::vector<Pack>> list_packs(rt::Blocking, const std::string& folder) {
  const std::string pack_folder = folder + "/objects/pack";
  std::vector<Pack> packs;
  std::error_code error;
  for (fs::directory_iterator at(pack_folder, error), end; !error && at != end;
       at.increment(error)) {
    const fs::path& path = at->path();
    // A pack without its index is one that is just arriving, or a crash's leftover.
    if (path.extension() != ".idx" || !path.filename().string().starts_with("pack-")) continue;
    auto pack = describe_pack(pack_folder, path.stem().string());
    if (!pack && pack.error().code() == Code::NotFound) continue;  // folded away meanwhile
    if (!pack) return fail(std::move(pack).error());
    packs.push_back(std::move(*pack));
  }
  if (error) return fail(errno_error(error.value(), cat("read ", pack_folder)));
  std::ranges::sort(packs, {}, &Pack::name);
  return packs;
}

Result<std::vector<Pack>> fold_packs(rt::Blocking blocking, const std::string& folder) {
  sweep_leftovers(folder);
  // Two threads and a bounded window, since this runs beside the serving of requests.
  const GitCommand command{
      .arguments = {"-c", "pack.threads=2", "-c", "pack.windowMemory=64m", "-c",
                    "core.bigFileThreshold=16m", "--git-dir", folder, "repack", "--geometric=2",
                    "-d", "-q", "-n", "--no-write-bitmap-index"},
      .environment = {}};
  EMB_TRY(GitOutput output, run_git(blocking, command, "", 65536));
  if (output.status != 0) {
    return fail(Code::Corrupt, cat("fold packs of ", folder, ": ", output.err));
  }
  EMB_DO(sync_folder(folder + "/objects/pack"));
  return list_packs(blocking, folder);
}

Status check_connectivity(rt::Blocking blocking, const std::string& folder,
                          const std::vector<Oid>& tips) {
  std::string input;
  for (const Oid& tip : tips) input += tip.hex() + "\n";
  // fsck would read every object of every pack; this reads what the tips reach, and asks whether
  // the blobs are there.
  const GitCommand command{
      .arguments = {"--git-dir", folder, "rev-list", "--objects", "--quiet", "--stdin"},
      .environment = {}};
  EMB_TRY(GitOutput output, run_git(blocking, command, input, 65536));
  if (output.status != 0) return fail(Code::Corrupt, cat("check ", folder, ": ", output.err));
  return Done{};
}

}  // namespace embrace::git
