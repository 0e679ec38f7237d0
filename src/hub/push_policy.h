#pragma once
// What may enter a repository by git push: the same rules as for the commit API, applied to objects
// that are received already but not yet shown to anybody.
//
// Threads: one. Ownership: borrows the Repository (it sees the quarantined objects).

#include <string>
#include <vector>

#include "git/repository.h"
#include "git/smart_http.h"
#include "hub/services.h"

namespace embrace::hub {

class PushPolicy {
 public:
  PushPolicy(Services& services, const meta::Repo& repo, git::Repository& repository)
      : services_(services), repo_(repo), repository_(repository) {}

  struct Verdict {
    std::string refusal;               // one line, for the ref; empty: nothing is wrong
    std::vector<std::string> details;  // what to do, for the terminal
    std::vector<meta::LfsLink> links;  // large files that the objects refer to
    bool is_clean() const { return refusal.empty(); }
  };

  // Paths, sizes, and pointers to large files that this repository never received.
  Result<Verdict> judge_blobs(rt::Blocking, const std::vector<git::Quarantine::NewBlob>& blobs);
  // The tree that a branch would show: its paths, names that fall together when the push brings
  // them, and its card when that changed. `before` may be zero.
  Result<Verdict> judge_tip(rt::Blocking, const git::Oid& before, const git::Oid& tip);

 private:
  struct Pointer {
    std::string path;
    git::LfsPointer lfs;
  };
  Result<std::vector<Pointer>> read_pointers(rt::Blocking,
                                             const std::vector<git::Quarantine::NewBlob>& blobs);
  Status judge_pointers(rt::Blocking, const std::vector<Pointer>& pointers, Verdict& verdict);
  void judge_sizes(const std::vector<git::Quarantine::NewBlob>& blobs, Verdict& verdict) const;
  Result<std::vector<git::Entry>> list_tip(rt::Blocking, const git::Oid& tree);
  Status judge_names(rt::Blocking, const git::Oid& before, const std::vector<git::Entry>& entries,
                     Verdict& verdict);
  Status judge_card(rt::Blocking, const git::Oid& before, const git::Oid& tree, Verdict& verdict);

  Services& services_;
  const meta::Repo& repo_;
  git::Repository& repository_;
  std::uint64_t entries_listed_ = 0;  // of all tips so far
};

}  // namespace embrace::hub
