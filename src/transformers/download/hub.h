#pragma once
// Hub: files of repositories, fetched once and kept in the cache that the official huggingface_hub
// keeps (cache_folder.h). Works with huggingface.co, an Embrace server and any other that speaks
// the same protocol.
//
// What arrives is checked against the digest that names it; a download that was cut off goes on
// where it stopped. With HF_HUB_OFFLINE the cache answers alone; it answers, too, without a
// connection, and where a Hub that refuses the token or is in trouble says neither yes nor no.
//
// Errors say what to do. NotFound with a Tag for a repository, revision or file that is not there;
// Denied for gated ones; Unauthenticated for a token that is refused; Unavailable when the Hub
// can't be reached and the cache lacks the file; Corrupt for bytes that are not what was promised.
//
// Threads: any. Several processes may use one cache.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/repo_name.h"
#include "base/result.h"
#include "rt/blocking.h"
#include "transformers/download/hub_settings.h"

namespace embrace::transformers {

// A repository at a branch, a tag or a commit.
struct RepoAt {
  RepoName name;
  std::string revision = "main";

  // "ns/name", or "ns/name@revision".
  static Result<RepoAt> parse(std::string_view text, RepoType type = RepoType::Model);
};

struct Progress {
  std::string_view file;
  std::uint64_t done_bytes = 0;
  std::uint64_t size_bytes = 0;
  // Of all files of the call, with those that were there before.
  std::size_t files = 1;
  std::size_t files_done = 0;
  std::uint64_t all_done_bytes = 0;
  std::uint64_t all_size_bytes = 0;
};
// Called often, by one thread at a time, never from within itself.
using OnProgress = std::function<void(const Progress&)>;

struct SnapshotOptions {
  // Patterns of paths (*, ? and [a-z], where * takes slashes, too; "folder/" is all that is in it).
  // None of `allow` means all.
  std::vector<std::string> allow;
  std::vector<std::string> ignore;
  unsigned parallel = 8;  // files at a time
};

class Hub {
 public:
  static constexpr std::size_t kFilesMax = 100'000;  // of one snapshot

  explicit Hub(HubSettings settings);
  ~Hub();
  Hub(Hub&&) noexcept;

  // The file's place on this machine, fetched when it is not there.
  Result<std::filesystem::path> download_file(rt::Blocking, const RepoAt& repo,
                                              std::string_view path,
                                              const OnProgress& on_progress = {});
  // The same from the cache alone. NotFound when it is not there.
  Result<std::filesystem::path> find_file(rt::Blocking, const RepoAt& repo,
                                          std::string_view path) const;
  // The folder with all files of the repository that the options name.
  Result<std::filesystem::path> download_snapshot(rt::Blocking, const RepoAt& repo,
                                                  const SnapshotOptions& options = {},
                                                  const OnProgress& on_progress = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::transformers
