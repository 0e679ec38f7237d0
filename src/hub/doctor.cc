#include "hub/doctor.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/strings.h"
#include "hub/doctor_store.h"
#include "hub/folders.h"
#include "hub/young_packs.h"
#include "meta/listing.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

constexpr std::uint64_t kBlobBytesMax = 1ull << 30;
constexpr std::size_t kFindingsPerRepoMax = 100;  // a lost pack would otherwise fill the screen

using Progress = std::function<void(std::string_view)>;

// What was found out about large objects, which many repositories may share: each is read once.
class ObjectCheck {
 public:
  ObjectCheck(Services& services, rt::Blocking blocking, DoctorReport& report)
      : services_(services), blocking_(blocking), report_(report) {}

  // Empty when the object is there, whole, and as large as the pointer says.
  std::string problem_of(const git::LfsPointer& pointer) {
    auto [known, is_new] = known_.try_emplace(pointer.sha256);
    if (is_new) known->second = examine(pointer.sha256);
    if (!known->second.problem.empty()) return known->second.problem;
    if (known->second.size_bytes != pointer.size_bytes) {
      return cat("the object has ", known->second.size_bytes, " bytes, not ", pointer.size_bytes);
    }
    return {};
  }

 private:
  struct Known {
    std::uint64_t size_bytes = 0;
    std::string problem;
  };

  Known examine(const Digest& sha256) {
    auto info = services_.objects.find(blocking_, sha256);
    if (!info) {
      const bool is_missing = info.error().code() == Code::NotFound;
      return {0, is_missing ? std::string("the object is missing") : info.error().message()};
    }
    ++report_.objects;
    report_.object_bytes += info->size_bytes;
    auto whole = services_.objects.verify(blocking_, sha256);
    return {info->size_bytes, whole ? std::string() : whole.error().message()};
  }

  Services& services_;
  rt::Blocking blocking_;
  DoctorReport& report_;
  std::unordered_map<Digest, Known> known_;
};

// One repository: its rows, its folder, and everything that its refs reach.
class RepoCheck {
 public:
  RepoCheck(Services& services, rt::Blocking blocking, const meta::Repo& repo, ObjectCheck& objects,
            DoctorReport& report)
      : services_(services),
        blocking_(blocking),
        repo_(repo),
        objects_(objects),
        report_(report),
        folder_(repository_folder(services.settings, repo.id)) {}

  Status run() {
    EMB_TRY(auto refs, services_.database.read(blocking_, [&](db::Session& session) {
      return meta::repos::refs(session, repo_.id);
    }));
    check_head(refs);
    EMB_DO(check_packs());
    check_young_packs();
    auto repository = git::Repository::open(blocking_, folder_);
    if (!repository) {
      add("", cat("the repository's folder can't be opened: ", repository.error().message()));
      return Done{};
    }
    for (const auto& ref : refs) {
      ++report_.refs;
      check_ref(**repository, ref);
    }
    return Done{};
  }

 private:
  void add(std::string_view place, std::string what,
           Finding::Gravity gravity = Finding::Gravity::Error) {
    if (findings_++ == kFindingsPerRepoMax) what = "more findings than are listed";
    if (findings_ > kFindingsPerRepoMax + 1) return;
    std::string where(repo_.name.path());
    if (!place.empty()) where += cat(" ", place);
    report_.findings.push_back({gravity, std::move(where), std::move(what)});
  }

  void check_head(const std::vector<meta::RefRow>& refs) {
    const auto name = "refs/heads/" + repo_.default_branch;
    const auto head = std::ranges::find(refs, name, &meta::RefRow::name);
    if (head == refs.end()) return add(name, "the default branch does not exist");
    if (head->oid != repo_.head_oid) {
      add(name,
          cat("the row says that its head is ", repo_.head_oid, ", the ref says ", head->oid));
    }
  }

  // Rows and files may differ by a fold that a crash cut short: harmless as long as every object is
  // there, which the walk below decides.
  Status check_packs() {
    EMB_TRY(auto rows, services_.database.read(blocking_, [&](db::Session& session) {
      return meta::repos::packs(session, repo_.id);
    }));
    auto files = git::list_packs(blocking_, folder_);
    if (!files) return Done{};  // said when the folder is opened
    for (const auto& row : rows) {
      if (std::ranges::find(*files, row.name, &git::Pack::name) == files->end()) {
        add(row.name, "the pack is recorded but not in the folder", Finding::Gravity::Note);
      }
    }
    for (const auto& file : *files) {
      if (std::ranges::find(rows, file.name, &meta::PackRow::name) == rows.end()) {
        add(file.name, "the pack is in the folder but not recorded", Finding::Gravity::Note);
      }
    }
    return Done{};
  }

  void check_young_packs() {
    auto problems = examine_young_packs(services_, blocking_, repo_.id);
    if (!problems) return add("young packs", problems.error().message());
    for (auto& problem : *problems) add("young packs", std::move(problem));
  }

  void check_ref(git::Repository& repository, const meta::RefRow& ref) {
    if (const auto named = git::check_ref_name(ref.name); !named) {
      add(ref.name, cat("clones leave this ref out: ", named.error().message(),
                        "; make another with the same commit and delete it"));
    }
    auto oid = git::Oid::parse(ref.oid);
    if (!oid) return add(ref.name, cat("the ref holds \"", ref.oid, "\", which is no object id"));
    auto tip = repository.peel_to_commit(blocking_, *oid);
    if (!tip)
      return add(ref.name, cat("the ref leads to ", ref.oid,
                               ", which can't be read: ", tip.error().message()));
    std::vector<git::Oid> waiting{*tip};
    while (!waiting.empty()) {
      const auto next = waiting.back();
      waiting.pop_back();
      if (!seen_.insert(next).second) continue;
      auto commit = repository.commit(blocking_, next);
      if (!commit) {
        add(ref.name, cat("commit ", next.hex(), ": ", commit.error().message()));
        continue;
      }
      ++report_.commits;
      waiting.insert(waiting.end(), commit->parents.begin(), commit->parents.end());
      check_tree(repository, cat(ref.name, " ", next.hex().substr(0, 12)), commit->tree);
    }
  }

  // Folder by folder, so that what many commits share is read once.
  void check_tree(git::Repository& repository, const std::string& place, const git::Oid& root) {
    std::vector<std::pair<git::Oid, std::string>> waiting{{root, ""}};
    while (!waiting.empty()) {
      const auto [tree, path] = std::move(waiting.back());
      waiting.pop_back();
      if (!seen_.insert(tree).second) continue;
      auto entries = repository.list(blocking_, tree, "", false);
      if (!entries) {
        add(place, cat("folder \"", path, "\": ", entries.error().message()));
        continue;
      }
      for (const auto& entry : *entries) {
        const auto full = path.empty() ? entry.path : path + "/" + entry.path;
        if (entry.is_folder()) {
          waiting.emplace_back(entry.oid, full);
        } else if (entry.kind != git::EntryKind::Submodule && seen_.insert(entry.oid).second) {
          check_file(repository, place, full, entry);
        }
      }
    }
  }

  void check_file(git::Repository& repository, const std::string& place, const std::string& path,
                  const git::Entry& entry) {
    auto bytes = repository.read_blob(blocking_, entry.oid, kBlobBytesMax);
    if (!bytes)
      return add(place, cat(path, ": blob ", entry.oid.hex(), ": ", bytes.error().message()));
    if (entry.kind == git::EntryKind::Symlink) return;  // names a path, whatever it looks like
    const auto pointer = git::LfsPointer::parse(*bytes);
    if (!pointer) return;
    const auto object = cat(path, ": large object ", pointer->sha256.hex(), ": ");
    if (auto problem = objects_.problem_of(*pointer); !problem.empty())
      return add(place, object + problem);
    auto link = services_.database.read(blocking_, [&](db::Session& session) {
      return meta::repos::find_lfs(session, repo_.id, pointer->sha256);
    });
    if (link && !*link) add(place, object + "it is not recorded as part of the repository");
  }

  Services& services_;
  rt::Blocking blocking_;
  const meta::Repo& repo_;
  ObjectCheck& objects_;
  DoctorReport& report_;
  const std::string folder_;
  std::unordered_set<git::Oid> seen_;
  std::size_t findings_ = 0;
};

Status check_repos(Services& services, rt::Blocking blocking, RepoType type, ObjectCheck& objects,
                   DoctorReport& report, const Progress& progress) {
  meta::listing::Filter filter;
  filter.type = type;
  filter.sees_all = true;
  filter.sort = meta::listing::Sort::Id;
  filter.ascending = true;
  filter.limit = 1000;
  filter.with_tags = false;
  for (;;) {
    EMB_TRY(auto page, services.database.read(blocking, [&](db::Session& session) {
      return meta::listing::list(session, filter);
    }));
    for (const auto& repo : page.repos) {
      if (progress) progress(repo.name.path());
      ++report.repos;
      EMB_DO(RepoCheck(services, blocking, repo, objects, report).run());
    }
    if (!page.next) return Done{};
    filter.cursor = *page.next;
  }
}

// What a crash, or a deletion that was cut short, left on the disk.
Status check_leftovers(Services& services, rt::Blocking blocking, DoctorReport& report) {
  EMB_TRY(auto folders, list_repository_folders(services.settings));
  for (const auto& folder : folders) {
    if (folder.repo_id != 0) {
      EMB_TRY(auto row, services.database.read(blocking, [&](db::Session& session) {
        return meta::repos::find_by_id(session, folder.repo_id);
      }));
      if (row) continue;
    }
    report.findings.push_back(
        {Finding::Gravity::Note, folder.path,
         "a folder that belongs to no repository: housekeeping will remove it"});
  }
  std::uint64_t count = 0, bytes = 0;
  std::optional<Digest> after;
  for (;;) {
    EMB_TRY(auto page, services.objects.list(blocking, after, 1000));
    for (const auto& object : page) {
      EMB_TRY(auto is_linked, services.database.read(blocking, [&](db::Session& session) {
        return meta::repos::is_lfs_linked_anywhere(session, object.sha256);
      }));
      if (is_linked) continue;
      ++count;
      bytes += object.size_bytes;
    }
    if (page.empty()) break;
    after = page.back().sha256;
  }
  if (count > 0) {
    report.findings.push_back(
        {Finding::Gravity::Note, "large objects",
         cat(count, " objects of ", bytes, " bytes belong to no repository")});
  }
  return Done{};
}

}  // namespace

bool DoctorReport::is_clean() const {
  return std::ranges::none_of(
      findings, [](const Finding& f) { return f.gravity == Finding::Gravity::Error; });
}

Result<DoctorReport> examine(Services& services, rt::Blocking blocking, const Progress& progress) {
  DoctorReport report;
  ObjectCheck objects(services, blocking, report);
  for (auto type : {RepoType::Model, RepoType::Dataset, RepoType::Space, RepoType::Kernel}) {
    EMB_DO(check_repos(services, blocking, type, objects, report, progress));
  }
  EMB_DO(examine_store(services, blocking, report, [&objects](const git::LfsPointer& pointer) {
    return objects.problem_of(pointer);
  }));
  EMB_DO(check_leftovers(services, blocking, report));
  return report;
}

}  // namespace embrace::hub
