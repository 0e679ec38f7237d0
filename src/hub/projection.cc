#include "base/file.h"
#include "base/strings.h"
#include "hub/publish.h"
#include "hub/young_packs.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

// The refs_version that the folder's packed-refs shows; -1 when it shows none.
std::int64_t shown_version(const std::string& folder) {
  auto text = read_file(folder + "/embrace-refs-version", 64);
  if (!text) return -1;
  auto version = parse_uint(trim(*text));
  return version ? static_cast<std::int64_t>(*version) : -1;
}

struct RefsNow {
  std::int64_t version = 0;
  std::string default_branch;
  std::vector<git::Ref> refs;
};

Result<RefsNow> read_refs(db::Session& session, std::int64_t repo_id) {
  EMB_TRY(auto row, meta::repos::find_by_id(session, repo_id));
  if (!row) return fail(Code::NotFound, "the repository was deleted", Tag::RepoNotFound);
  EMB_TRY(auto rows, meta::repos::refs(session, repo_id));
  RefsNow now{row->refs_version, row->default_branch, {}};
  now.refs.reserve(rows.size());
  for (auto& ref : rows) {
    EMB_TRY(auto oid, git::Oid::parse(ref.oid));
    now.refs.push_back({std::move(ref.name), oid});
  }
  return now;
}

}  // namespace

Status refresh_projection(Services& services, rt::Blocking blocking, const meta::Repo& repo) {
  const auto folder = repository_folder(services.settings, repo.id);
  if (shown_version(folder) >= repo.refs_version) return Done{};

  // One writer per folder, in whichever process: the lock belongs to the open file, so it also
  // keeps the threads of one process apart. Without it an older snapshot could be written after a
  // newer one.
  EMB_TRY(const auto lock, lock_file(folder + "/embrace-refs.lock"));
  const auto shown = shown_version(folder);
  if (shown >= repo.refs_version) return Done{};
  EMB_TRY(auto now, services.database.read(blocking, [&](db::Session& session) {
    return read_refs(session, repo.id);
  }));
  EMB_DO(show_young_packs(services, blocking, repo.id));
  EMB_DO(git::project_refs(blocking, folder, now.refs, now.default_branch));
  return write_file_durably(folder + "/embrace-refs-version", cat(now.version, '\n'));
}

}  // namespace embrace::hub
