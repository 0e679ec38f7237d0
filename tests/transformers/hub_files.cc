// Files of a Hub through the C++ client, for tests in Python. The environment says which Hub and
// which cache.
//
//   hub_files file REPO[@REVISION] PATH       fetches it, and prints where it is
//   hub_files find REPO[@REVISION] PATH       asks the cache alone
//   hub_files snapshot REPO[@REVISION] [ALLOW...]
//
// REPO may begin with datasets/. Exits with 1 and a line "CODE: message" when there is an error;
// --progress as the first word prints a line for each piece that arrives, to standard error.
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "transformers/download/hub.h"

namespace {

using namespace embrace;
using transformers::Hub;
using transformers::HubSettings;
using transformers::Progress;
using transformers::RepoAt;

Result<std::filesystem::path> serve(const std::vector<std::string>& words, bool shows_progress) {
  const auto blocking = rt::Blocking::on_main_thread();
  EMB_TRY(auto settings, HubSettings::from_environment());
  Hub hub(std::move(settings));
  std::string_view id = words[1];
  RepoType type = RepoType::Model;
  if (id.starts_with("datasets/")) {
    id.remove_prefix(9);
    type = RepoType::Dataset;
  }
  EMB_TRY(const RepoAt repo, RepoAt::parse(id, type));
  const transformers::OnProgress on_progress = [&](const Progress& progress) {
    if (!shows_progress) return;
    std::fprintf(stderr, "%.*s %llu %llu %zu %zu %llu %llu\n",
                 static_cast<int>(progress.file.size()), progress.file.data(),
                 static_cast<unsigned long long>(progress.done_bytes),
                 static_cast<unsigned long long>(progress.size_bytes), progress.files_done,
                 progress.files, static_cast<unsigned long long>(progress.all_done_bytes),
                 static_cast<unsigned long long>(progress.all_size_bytes));
  };
  if (words[0] == "find") return hub.find_file(blocking, repo, words.at(2));
  if (words[0] == "file") return hub.download_file(blocking, repo, words.at(2), on_progress);
  transformers::SnapshotOptions options;
  options.allow.assign(words.begin() + 2, words.end());
  return hub.download_snapshot(blocking, repo, options, on_progress);
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> words(arguments + 1, arguments + count);
  const bool shows_progress = !words.empty() && words[0] == "--progress";
  if (shows_progress) words.erase(words.begin());
  if (words.size() < 2 || (words[0] != "snapshot" && words.size() != 3)) {
    std::fputs("usage: hub_files [--progress] file|find|snapshot REPO [PATH]\n", stderr);
    return 2;
  }
  const auto path = serve(words, shows_progress);
  if (!path) {
    std::printf("%d: %s\n", static_cast<int>(path.error().code()), path.error().message().c_str());
    return 1;
  }
  std::printf("%s\n", path->c_str());
  return 0;
}
