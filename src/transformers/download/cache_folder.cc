#include "transformers/download/cache_folder.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kPathBytesMax = 4096;
constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kRefBytesMax = 256;
constexpr unsigned kLockTriesMax = 10;

bool is_there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

}  // namespace

bool is_commit(std::string_view revision) {
  return revision.size() == 40 && std::ranges::all_of(revision, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Status check_relative_path(std::string_view path) {
  const auto wrong = [&] {
    return fail(Code::InvalidArgument, cat(percent_encode_path(path.substr(0, 200)),
                                           " is not a path inside of a repository"));
  };
  if (path.empty() || path.size() > kPathBytesMax) return wrong();
  for (const std::string_view name : split(path, '/')) {
    if (name.empty() || name == "." || name == ".." || name.size() > kNameBytesMax) return wrong();
    const bool plain = std::ranges::all_of(name, [](char c) {
      return c != '\\' && c != '\x7f' && static_cast<unsigned char>(c) >= 0x20;
    });
    if (!plain) return wrong();
  }
  return Done{};
}

Status check_etag(std::string_view etag) {
  constexpr std::size_t kEtagBytesMax = 200;  // ".incomplete" follows
  const bool plain = std::ranges::all_of(etag, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
  });
  if (etag.empty() || etag.size() > kEtagBytesMax || etag.front() == '.' || !plain)
    return fail(Code::InvalidArgument,
                cat("\"", percent_encode(etag.substr(0, 200)), "\" can't name a content"));
  return Done{};
}

CacheFolder::CacheFolder(const std::filesystem::path& cache, const RepoName& repo) {
  std::string name(api_segment(repo.type));
  if (!repo.ns.empty()) name += "--" + repo.ns;
  name += "--" + repo.name;
  root_ = cache / name;
  locks_ = cache / ".locks" / name;
}

std::optional<std::string> CacheFolder::find_commit(std::string_view revision) const {
  if (is_commit(revision)) return std::string(revision);
  if (!check_relative_path(revision)) return std::nullopt;
  const auto text = read_file((root_ / "refs" / revision).string(), kRefBytesMax);
  if (!text) return std::nullopt;
  const std::string_view commit = trim(*text);
  if (!is_commit(commit)) return std::nullopt;
  return std::string(commit);
}

Result<std::string> CacheFolder::fresh_name() const {
  static std::atomic<unsigned> count{0};
  const std::filesystem::path folder = root_ / ".tmp";
  EMB_DO(make_folders(folder.string()));
  std::string name = (folder / cat(::getpid(), "-", count.fetch_add(1))).string();
  EMB_DO(remove_file(name));  // of a process that died here and had our number
  return name;
}

Status CacheFolder::keep_commit(std::string_view revision, std::string_view commit) const {
  EMB_DO(make_folders(snapshot(commit).string()));
  if (revision == commit) return Done{};
  EMB_DO(check_relative_path(revision));
  if (find_commit(revision) == commit) return Done{};
  const std::filesystem::path path = root_ / "refs" / revision;
  EMB_DO(make_folders(path.parent_path().string()));
  EMB_TRY(const std::string name, fresh_name());
  const auto write = [&]() -> Status {
    EMB_TRY(const File file, File::create_new(name));
    EMB_DO(file.write_all(commit));
    EMB_DO(file.sync());
    return rename_durably(name, path.string());
  };
  Status done = write();
  if (!done) (void)remove_file(name).has_value();
  return done;
}

std::filesystem::path CacheFolder::snapshot(std::string_view commit) const {
  EMB_CHECK(is_commit(commit), "callers have checked the commit");
  return root_ / "snapshots" / commit;
}

std::filesystem::path CacheFolder::file(std::string_view commit, std::string_view path) const {
  EMB_CHECK(check_relative_path(path).has_value(), "callers have checked the path");
  return snapshot(commit) / path;
}

std::filesystem::path CacheFolder::blob(std::string_view etag) const {
  EMB_CHECK(check_etag(etag).has_value(), "callers have checked the etag");
  return root_ / "blobs" / etag;
}

bool CacheFolder::is_known_absent(std::string_view commit, std::string_view path) const {
  return is_commit(commit) && check_relative_path(path) &&
         is_there(root_ / ".no_exist" / commit / path);
}

Status CacheFolder::keep_absence(std::string_view commit, std::string_view path) const {
  EMB_CHECK(is_commit(commit), "callers have checked the commit");
  EMB_DO(check_relative_path(path));
  const std::filesystem::path mark = root_ / ".no_exist" / commit / path;
  EMB_DO(make_folders(mark.parent_path().string()));
  const auto made = File::create_new(mark.string());
  if (!made && made.error().code() != Code::Conflict) return fail(made.error());
  return Done{};
}

Result<File> CacheFolder::lock(std::string_view etag) const {
  EMB_DO(check_etag(etag));
  for (unsigned tries = 0;; ++tries) {
    EMB_DO(make_folders(locks_.string()));
    auto lock = lock_file((locks_ / cat(etag, ".lock")).string());
    // Someone may empty the cache at any time, its folders of locks among the rest.
    if (lock || lock.error().code() != Code::NotFound || tries == kLockTriesMax) return lock;
  }
}

Status CacheFolder::link(std::string_view commit, std::string_view path,
                         std::string_view etag) const {
  const std::filesystem::path from = file(commit, path);
  EMB_DO(make_folders(from.parent_path().string()));
  // Relative, so that a cache may be moved: up to the repository's folder, and down again.
  std::string target;
  const std::size_t depth = split(path, '/').size() + 1;
  for (std::size_t i = 0; i < depth; ++i) target += "../";
  target += cat("blobs/", etag);
  EMB_TRY(const std::string name, fresh_name());
  if (::symlink(target.c_str(), name.c_str()) != 0)
    return fail(errno_error(errno, cat("link ", name)));
  if (::rename(name.c_str(), from.c_str()) != 0) {
    const int why = errno;
    (void)remove_file(name).has_value();
    return fail(errno_error(why, cat("rename ", name, " to ", from.string())));
  }
  return Done{};
}

}  // namespace embrace::transformers
