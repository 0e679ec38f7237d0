#include <list>
#include <unordered_map>

#include "base/sync.h"
#include "git/repository_impl.h"

namespace embrace::git {
namespace {

struct Idle {
  std::string folder;
  std::unique_ptr<Repository> repository;
};

// Known only while repositories of the folder are lent or idle, so the map stays small.
struct Known {
  std::vector<std::list<Idle>::iterator> idle;
  std::size_t lent = 0;
  std::uint64_t generation = 0;
};

struct Shelf {
  std::list<Idle> idle;  // longest idle first
  std::unordered_map<std::string, Known> folders;
  std::uint64_t generations = 0;

  Known& known(const std::string& folder) {
    auto [at, is_new] = folders.try_emplace(folder);
    if (is_new) at->second.generation = ++generations;
    return at->second;
  }
  void drop_if_unused(const std::string& folder) {
    auto at = folders.find(folder);
    if (at != folders.end() && at->second.idle.empty() && at->second.lent == 0) folders.erase(at);
  }
};

}  // namespace

struct Repositories::Impl {
  std::size_t idle_max;
  Supply supply;  // constant once repositories are lent
  Sync<Shelf> shelf;

  void take_back(std::unique_ptr<Repository> repository, std::uint64_t generation);
};

Repositories::Repositories(std::size_t idle_max) : impl_(std::make_unique<Impl>()) {
  impl_->idle_max = idle_max;
}
Repositories::~Repositories() = default;

void Repositories::on_missing(Supply supply) { impl_->supply = std::move(supply); }

Result<Repositories::Lease> Repositories::borrow(rt::Blocking blocking, const std::string& folder) {
  std::uint64_t generation = 0;
  auto repository = impl_->shelf.with([&](Shelf& shelf) {
    Known& known = shelf.known(folder);
    ++known.lent;
    generation = known.generation;
    std::unique_ptr<Repository> found;
    if (!known.idle.empty()) {
      auto at = known.idle.back();  // the one used last has the warmest cache
      known.idle.pop_back();
      found = std::move(at->repository);
      shelf.idle.erase(at);
    }
    return found;
  });
  if (!repository) {
    auto opened = Repository::open(blocking, folder);
    if (!opened) {
      impl_->shelf.with([&](Shelf& shelf) {
        --shelf.known(folder).lent;
        shelf.drop_if_unused(folder);
      });
      return fail(std::move(opened).error());
    }
    repository = std::move(*opened);
    if (impl_->supply) {
      // Whoever uses the repository later may block, too.
      repository->impl_->odb->on_missing(
          [this, blocking, folder] { return impl_->supply(blocking, folder); });
    }
  }
  Lease lease(*this, std::move(repository));
  lease.generation_ = generation;
  return lease;
}

// What must be destroyed is destroyed after the lock is released: closing unmaps files.
void Repositories::Impl::take_back(std::unique_ptr<Repository> repository,
                                   std::uint64_t generation) {
  repository->discard();
  std::unique_ptr<Repository> too_old;
  shelf.with([&](Shelf& all) {
    const std::string folder = repository->folder();
    Known& known = all.known(folder);
    --known.lent;
    if (known.generation != generation) {
      too_old = std::move(repository);
      all.drop_if_unused(folder);
      return;
    }
    known.idle.push_back(all.idle.insert(all.idle.end(), Idle{folder, std::move(repository)}));
    if (all.idle.size() > idle_max) {
      Idle oldest = std::move(all.idle.front());
      auto& idle = all.known(oldest.folder).idle;
      std::erase(idle, all.idle.begin());
      all.idle.pop_front();
      too_old = std::move(oldest.repository);
      all.drop_if_unused(oldest.folder);
    }
  });
}

void Repositories::forget(const std::string& folder) {
  std::list<Idle> dropped;
  impl_->shelf.with([&](Shelf& shelf) {
    auto at = shelf.folders.find(folder);
    if (at == shelf.folders.end()) return;
    for (auto idle : at->second.idle) dropped.splice(dropped.end(), shelf.idle, idle);
    at->second.idle.clear();
    at->second.generation = ++shelf.generations;
    shelf.drop_if_unused(folder);
  });
}

Repositories::Lease::Lease(Repositories& home, std::unique_ptr<Repository> repository)
    : home_(&home), repository_(std::move(repository)) {}

Repositories::Lease::Lease(Lease&&) noexcept = default;

Repositories::Lease::~Lease() {
  if (repository_) home_->impl_->take_back(std::move(repository_), generation_);
}

}  // namespace embrace::git
