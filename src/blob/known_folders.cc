#include "blob/known_folders.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/strings.h"

namespace embrace::blob {

namespace {

// 65,536 folders of objects and their parents fit; beyond, forgetting costs one sync each.
constexpr std::size_t kKnownMax = 100'000;

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return Done{};
  const int why = errno;
  struct stat info;
  if (why == EEXIST && ::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return Done{};
    return fail(Code::Conflict, cat("make folder ", path, ": a file of that name is in the way"));
  }
  return fail(errno_error(why, cat("make folder ", path)));
}

}  // namespace

Status KnownFolders::ensure(std::string_view relative) {
  std::string parent = root_;
  for (std::size_t end = 0; end < relative.size(); ++end) {
    const std::size_t begin = end;
    end = std::min(relative.find('/', begin), relative.size());
    const std::string prefix(relative.substr(0, end));
    std::string path = cat(root_, "/", prefix);
    if (!known_.with([&](auto& known) { return known.contains(prefix); })) {
      EMB_DO(make_folder(path));
      EMB_DO(sync_folder(parent));
      known_.with([&](auto& known) {
        if (known.size() >= kKnownMax) known.clear();
        known.insert(prefix);
      });
    }
    parent = std::move(path);
  }
  return Done{};
}

void KnownFolders::forget(std::string_view relative) {
  known_.with([&](auto& known) {
    for (std::string prefix(relative); !prefix.empty();) {
      known.erase(prefix);
      const std::size_t slash = prefix.rfind('/');
      prefix.resize(slash == prefix.npos ? 0 : slash);
    }
  });
}

}  // namespace embrace::blob
