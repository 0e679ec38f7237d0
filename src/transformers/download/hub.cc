#include "transformers/download/hub.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/strings.h"
#include "transformers/download/cache_folder.h"
#include "transformers/download/hub_calls.h"

namespace embrace::transformers {

namespace {

constexpr unsigned kParallelMax = 32;
constexpr std::size_t kPatternBytesMax = 1024;

bool is_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

// For reading, and for writing at its end.
Result<File> open_incomplete(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return fail(errno_error(errno, cat("open ", path)));
  return File(fd);
}

bool fits(const std::vector<std::string>& patterns, const std::string& path) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    const std::string whole = pattern.ends_with('/') ? pattern + "*" : pattern;
    return ::fnmatch(whole.c_str(), path.c_str(), FNM_NOESCAPE) == 0;
  });
}

// The Hub was out of reach or in trouble, or did not let us in: what was fetched before is as good
// as it was. Not so when it was asked and has no such thing, or when its answer was hostile.
bool leaves_cache_good(const Error& why) {
  if (why.tag() == Tag::EntryNotFound || why.tag() == Tag::RevisionNotFound) return false;
  return why.code() != Code::InvalidArgument && why.code() != Code::TooLarge;
}

Status check_repo(const RepoAt& repo) {
  EMB_DO(check_relative_path(repo.revision));
  return Done{};
}

}  // namespace

Result<RepoAt> RepoAt::parse(std::string_view text, RepoType type) {
  const std::size_t at = text.find('@');
  RepoAt repo;
  EMB_TRY(repo.name, RepoName::parse(type, text.substr(0, at)));
  if (at != std::string_view::npos) repo.revision = text.substr(at + 1);
  EMB_DO(check_repo(repo));
  return repo;
}

struct Hub::Impl {
  // What has arrived of all files of one call. Threads: any; one at a time calls on_progress.
  class Tally {
   public:
    Tally(std::span<const RemoteFile> files, const OnProgress& on_progress)
        : on_progress_(on_progress), files_(files.size()) {
      for (const RemoteFile& file : files) all_bytes_ += file.size_bytes;
    }
    // `told_bytes` is what was told of this file before, and becomes `done_bytes`.
    void tell(const RemoteFile& file, std::uint64_t done_bytes, std::uint64_t& told_bytes) {
      const std::scoped_lock one(telling_);
      add(done_bytes, told_bytes);
      if (on_progress_) {
        on_progress_(
            {file.path, done_bytes, file.size_bytes, files_, files_done_, done_bytes_, all_bytes_});
      }
    }
    void finish(const RemoteFile& file, std::uint64_t& told_bytes) {
      const std::scoped_lock one(telling_);
      add(file.size_bytes, told_bytes);
      ++files_done_;
    }

   private:
    void add(std::uint64_t done_bytes, std::uint64_t& told_bytes) {
      done_bytes_ += done_bytes - told_bytes;  // less, where a part that had arrived was not true
      told_bytes = done_bytes;
    }

    const OnProgress& on_progress_;
    std::mutex telling_;
    const std::size_t files_;
    std::size_t files_done_ = 0;
    std::uint64_t done_bytes_ = 0;
    std::uint64_t all_bytes_ = 0;
  };

  HubCalls calls;

  explicit Impl(HubSettings settings) : calls(std::move(settings)) {}

  bool offline() const { return calls.settings().offline; }
  CacheFolder cache_of(const RepoAt& repo) const {
    return CacheFolder(calls.settings().cache, repo.name);
  }

  std::optional<std::filesystem::path> find(const CacheFolder& cache, const RepoAt& repo,
                                            std::string_view path) const {
    const auto commit = cache.find_commit(repo.revision);
    if (!commit) return std::nullopt;
    auto file = cache.file(*commit, path);
    if (!is_file(file)) return std::nullopt;
    return file;
  }

  std::string missing(const RepoAt& repo, std::string_view what) const {
    return cat(what, " of ", repo.name.id(), " at ", repo.revision, " is not in the cache ",
               calls.settings().cache.string());
  }

  // The blob into the cache, and the snapshot's link to it.
  Result<std::filesystem::path> bring(rt::Blocking blocking, const RepoAt& repo,
                                      const RemoteFile& file, Tally& tally) {
    const CacheFolder cache = cache_of(repo);
    auto place = cache.file(file.commit, file.path);
    std::uint64_t told_bytes = 0;
    if (is_file(place)) {
      tally.finish(file, told_bytes);
      return place;
    }
    const std::string blob = cache.blob(file.etag).string();
    const std::string part = blob + ".incomplete";
    EMB_DO(make_folders(cache.snapshot(file.commit).string()));
    EMB_DO(make_folders(cache.blob(file.etag).parent_path().string()));
    EMB_TRY(const File lock, cache.lock(file.etag));
    if (!is_file(blob)) {
      EMB_TRY(const File into, open_incomplete(part));
      const auto tell = [&](std::uint64_t done) { tally.tell(file, done, told_bytes); };
      EMB_DO(calls.fetch(blocking, repo.name, file, into, tell));
      EMB_DO(into.sync());
      EMB_DO(rename_durably(part, blob));
    }
    EMB_DO(cache.link(file.commit, file.path, file.etag));
    tally.finish(file, told_bytes);
    return place;
  }
};

Hub::Hub(HubSettings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
Hub::~Hub() = default;
Hub::Hub(Hub&&) noexcept = default;

Result<std::filesystem::path> Hub::find_file(rt::Blocking, const RepoAt& repo,
                                             std::string_view path) const {
  EMB_DO(check_repo(repo));
  EMB_DO(check_relative_path(path));
  if (auto file = impl_->find(impl_->cache_of(repo), repo, path)) return *std::move(file);
  return fail(Code::NotFound, impl_->missing(repo, path));
}

Result<std::filesystem::path> Hub::download_file(rt::Blocking blocking, const RepoAt& repo,
                                                 std::string_view path,
                                                 const OnProgress& on_progress) {
  EMB_DO(check_repo(repo));
  EMB_DO(check_relative_path(path));
  const CacheFolder cache = impl_->cache_of(repo);
  const auto cached = impl_->find(cache, repo, path);
  if (cached && is_commit(repo.revision)) return *cached;  // commits do not change
  const auto commit = cache.find_commit(repo.revision);
  if (commit && (is_commit(repo.revision) || impl_->offline()) &&
      cache.is_known_absent(*commit, path)) {
    return fail(Code::NotFound, cat(repo.name.id(), " has no file ", path, " at ", repo.revision),
                Tag::EntryNotFound);
  }
  if (impl_->offline()) {
    if (cached) return *cached;
    return fail(Code::Unavailable,
                cat(impl_->missing(repo, path), ", and HF_HUB_OFFLINE forbids asking the Hub"));
  }
  auto file = impl_->calls.ask(blocking, repo.name, repo.revision, path,
                               cached ? Patience::Short : Patience::Long);
  if (!file) {
    Error why = std::move(file).error();
    if (const auto at = why.fact("commit"); why.tag() == Tag::EntryNotFound && is_commit(at)) {
      // Remembered, so that nobody asks again; a cache that can't be written is no reason to fail.
      (void)cache.keep_commit(repo.revision, at).has_value();
      (void)cache.keep_absence(at, path).has_value();
    }
    if (cached && leaves_cache_good(why)) return *cached;
    if (why.code() == Code::Unavailable) {
      return fail(Code::Unavailable,
                  cat(impl_->missing(repo, path), ", and the Hub can't be asked: ", why.message()));
    }
    return fail(std::move(why));
  }
  const auto kept = cache.keep_commit(repo.revision, file->commit);
  // What is there may be used in a cache that can't be written.
  if (auto place = cache.file(file->commit, path); is_file(place)) return place;
  if (!kept) return fail(kept.error());
  Impl::Tally tally({&*file, 1}, on_progress);
  return impl_->bring(blocking, repo, *file, tally);
}

Result<std::filesystem::path> Hub::download_snapshot(rt::Blocking blocking, const RepoAt& repo,
                                                     const SnapshotOptions& options,
                                                     const OnProgress& on_progress) {
  EMB_DO(check_repo(repo));
  for (const auto* patterns : {&options.allow, &options.ignore}) {
    if (std::ranges::any_of(*patterns, [](auto& one) { return one.size() > kPatternBytesMax; }))
      return fail(Code::InvalidArgument, "a pattern of paths is too long");
  }
  const CacheFolder cache = impl_->cache_of(repo);
  const auto known = cache.find_commit(repo.revision);
  std::error_code ignored;
  const bool cached = known && std::filesystem::is_directory(cache.snapshot(*known), ignored) &&
                      !std::filesystem::is_empty(cache.snapshot(*known), ignored);
  const auto from_cache = [&](Error why) -> Result<std::filesystem::path> {
    if (cached && leaves_cache_good(why)) return cache.snapshot(*known);
    if (why.code() != Code::Unavailable) return fail(std::move(why));
    return fail(Code::Unavailable,
                cat(impl_->missing(repo, "a snapshot"), ", and ", why.message()));
  };
  if (impl_->offline())
    return from_cache(Error(Code::Unavailable, "HF_HUB_OFFLINE forbids asking the Hub"));
  const auto patience = cached ? Patience::Short : Patience::Long;

  auto commit = is_commit(repo.revision)
                    ? Result<std::string>(repo.revision)
                    : impl_->calls.find_commit(blocking, repo.name, repo.revision, patience);
  auto files = commit ? impl_->calls.list(blocking, repo.name, *commit, kFilesMax, patience)
                      : Result<std::vector<RemoteFile>>(fail(commit.error()));
  if (!files) return from_cache(std::move(files).error());
  EMB_DO(cache.keep_commit(repo.revision, *commit));
  std::erase_if(*files, [&](const RemoteFile& file) {
    return (!options.allow.empty() && !fits(options.allow, file.path)) ||
           fits(options.ignore, file.path);
  });

  Impl::Tally tally(*files, on_progress);
  // Each thread takes the next file. The first error stops those that have not begun.
  std::atomic<std::size_t> next{0};
  std::mutex failing;
  std::optional<Error> first;
  std::exception_ptr thrown;  // by on_progress, or for want of memory
  const auto work = [&] {
    for (std::size_t i; (i = next.fetch_add(1)) < files->size();) {
      std::optional<Error> wrong;
      try {
        auto brought = impl_->bring(blocking, repo, (*files)[i], tally);
        if (brought) continue;
        wrong = std::move(brought).error();
      } catch (...) {
        const std::scoped_lock one(failing);
        if (!thrown) thrown = std::current_exception();
      }
      next.store(files->size());
      const std::scoped_lock one(failing);
      if (wrong && !first) first = std::move(wrong);
    }
  };
  const std::size_t threads = std::min<std::size_t>(std::clamp(options.parallel, 1u, kParallelMax),
                                                    std::max<std::size_t>(files->size(), 1));
  {
    std::vector<std::jthread> team;
    for (std::size_t i = 1; i < threads; ++i) team.emplace_back(work);
    work();
  }
  if (thrown) std::rethrow_exception(thrown);
  if (first) return fail(*std::move(first));
  return cache.snapshot(*commit);
}

}  // namespace embrace::transformers
