#include "blob/folder_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/file.h"
#include "base/strings.h"

namespace embrace::blob {

namespace {

struct Walk {
  const std::string& root;
  std::string_view prefix;
  std::string_view after;
  std::size_t limit;
  Listing found;

  bool is_full() const { return found.items.size() > limit; }

  // May a key that begins with `folder` ("lfs/ab/") be wanted?
  bool is_wanted(std::string_view folder) const {
    const std::size_t common = std::min(folder.size(), prefix.size());
    if (folder.substr(0, common) != prefix.substr(0, common)) return false;
    return folder >= after.substr(0, folder.size());
  }

  Status visit(const std::string& folder);
  void take_file(const std::string& text, const struct stat& info);
};

void Walk::take_file(const std::string& text, const struct stat& info) {
  if (!text.starts_with(prefix) || text <= after) return;
  auto key = Key::parse(text);
  if (!key) return;
  found.items.push_back(
      {*std::move(key),
       {.size_bytes = static_cast<std::uint64_t>(info.st_size),
        .modified_ms = info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000}});
}

// Names in the order of the keys below them: a folder sorts as "name/", which puts "a-b" before
// "a/c". `folder` is empty or ends with '/'.
Status Walk::visit(const std::string& folder) {
  const std::string path = cat(root, "/", folder);
  std::unique_ptr<DIR, int (*)(DIR*)> opened(::opendir(path.c_str()), ::closedir);
  if (!opened) {
    if (errno == ENOENT) return Done{};  // removed since its name was read
    return fail(errno_error(errno, cat("open folder ", path)));
  }
  const int fd = ::dirfd(opened.get());
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(opened.get())) {
    std::string name = entry->d_name;
    if (name == "." || name == ".." || (folder.empty() && name == "tmp")) continue;
    bool is_folder = entry->d_type == DT_DIR;
    if (entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK) {
      struct stat info;
      is_folder = ::fstatat(fd, name.c_str(), &info, 0) == 0 && S_ISDIR(info.st_mode);
    }
    if (is_folder) name += '/';
    if (!is_folder || is_wanted(folder + name)) names.push_back(std::move(name));
  }
  std::ranges::sort(names);

  for (const std::string& name : names) {
    if (is_full()) break;
    const std::string text = folder + name;
    if (name.ends_with('/')) {
      // Below something that is no key, there are none; this also bounds the depth.
      if (Key::parse(text.substr(0, text.size() - 1))) EMB_DO(visit(text));
      continue;
    }
    if (!text.starts_with(prefix) || text <= after) continue;
    struct stat info;
    if (::fstatat(fd, name.c_str(), &info, 0) == 0 && S_ISREG(info.st_mode)) take_file(text, info);
  }
  return Done{};
}

}  // namespace

Result<Listing> list_folder(const std::string& root, std::string_view prefix,
                            std::string_view after, std::size_t limit) {
  Walk walk{.root = root, .prefix = prefix, .after = after, .limit = limit, .found = {}};
  EMB_DO(walk.visit(""));
  if (walk.is_full()) {  // one more than asked: proof that there is a next page
    walk.found.items.pop_back();
    walk.found.next = limit > 0 ? walk.found.items.back().key.text() : std::string(after);
  }
  return std::move(walk.found);
}

}  // namespace embrace::blob
