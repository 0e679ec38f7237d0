#include "hub/spilled_blobs.h"

#include <mutex>
#include <unordered_map>

#include "base/immutable_cache.h"

namespace embrace::hub {
namespace {

// In KiB: files that are kept although nobody reads them at the moment. At most 512 descriptors.
ImmutableCache<git::Oid, std::shared_ptr<const File>>& kept() {
  static ImmutableCache<git::Oid, std::shared_ptr<const File>> cache(128 << 10);
  return cache;
}

// Files that somebody reads, also those that were dropped from `kept`: however many readers a blob
// has, it is on the disk once.
class OpenFiles {
 public:
  std::shared_ptr<const File> find(const git::Oid& blob) {
    std::lock_guard lock(mutex_);
    const auto found = files_.find(blob);
    return found == files_.end() ? nullptr : found->second.lock();
  }

  // The file to use: the given one, or the one of somebody who was faster.
  std::shared_ptr<const File> put(const git::Oid& blob, std::shared_ptr<const File> file) {
    std::lock_guard lock(mutex_);
    if (files_.size() >= sweep_at_) {
      std::erase_if(files_, [](const auto& item) { return item.second.expired(); });
      sweep_at_ = files_.size() * 2 + 1024;
    }
    auto& slot = files_[blob];
    if (auto faster = slot.lock()) return faster;
    slot = file;
    return file;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<git::Oid, std::weak_ptr<const File>> files_;
  std::size_t sweep_at_ = 1024;
};

OpenFiles& open_files() {
  static OpenFiles files;
  return files;
}

}  // namespace

std::shared_ptr<const File> find_spilled_blob(const git::Oid& blob) {
  if (auto file = kept().find(blob)) return *std::move(file);
  return open_files().find(blob);
}

Result<std::shared_ptr<const File>> spill_blob(const Settings& settings, rt::Blocking blocking,
                                               git::Repository& repository, const git::Oid& blob,
                                               std::uint64_t bytes_max) {
  if (auto known = find_spilled_blob(blob)) return known;
  EMB_TRY(const std::string bytes, repository.read_blob(blocking, blob, bytes_max));
  const std::string folder = settings.data_folder + "/tmp";
  auto file = File::create_nameless(folder);
  if (!file && file.error().code() == Code::NotFound) {
    EMB_DO(make_folders(folder));
    file = File::create_nameless(folder);
  }
  if (!file) return fail(std::move(file).error());
  EMB_DO(file->write_all_at(bytes, 0));
  auto shared = open_files().put(blob, std::make_shared<const File>(*std::move(file)));
  kept().put(blob, shared, (bytes.size() >> 10) + 1);
  return shared;
}

}  // namespace embrace::hub
