#include "hub/downloads.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/sync.h"
#include "hub/files.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

constexpr Millis kDatasetWindowMs = 60'000;
constexpr std::size_t kWaitingMax = 100'000;  // repositories with counts that are not written yet

// By database, because a process (a test program) may hold several hubs.
using Key = std::pair<const db::Database*, std::int64_t>;
struct Waiting {
  std::map<Key, std::int64_t> counts;
  std::map<Key, Millis> dataset_counted_ms;
};
Sync<Waiting>& waiting() {
  static Sync<Waiting> waiting;
  return waiting;
}

bool is_query_file(std::string_view path) {
  constexpr std::string_view kQueryFiles[] = {"config.json", "adapter_config.json",
                                              "model_index.json", "config.yaml"};
  return std::ranges::find(kQueryFiles, path) != std::end(kQueryFiles) || path.ends_with(".gguf");
}

}  // namespace

void count_download(Services& services, const FoundFile& file) {
  const bool is_dataset = file.repo->name.type == RepoType::Dataset;
  if (!is_dataset && !is_query_file(file.entry.path)) return;
  const Key key{&services.database, file.repo->id};
  const auto now_ms = services.clock.now_ms();
  waiting().with([&](Waiting& state) {
    if (state.counts.size() >= kWaitingMax) return;
    if (is_dataset) {
      auto [last, is_first] = state.dataset_counted_ms.try_emplace(key, now_ms);
      if (!is_first && now_ms - last->second < kDatasetWindowMs) return;
      last->second = now_ms;
    }
    ++state.counts[key];
  });
}

Status flush_downloads(Services& services, rt::Blocking blocking) {
  const auto now_ms = services.clock.now_ms();
  std::map<std::int64_t, std::int64_t> mine;
  waiting().with([&](Waiting& state) {
    std::erase_if(state.counts, [&](const auto& item) {
      if (item.first.first != &services.database) return false;
      mine.emplace(item.first.second, item.second);
      return true;
    });
    std::erase_if(state.dataset_counted_ms,
                  [&](const auto& item) { return now_ms - item.second >= kDatasetWindowMs; });
  });
  if (mine.empty()) return Done{};
  return services.database.write(blocking, [&](db::Session& session) -> Status {
    for (const auto& [repo_id, count] : mine)
      EMB_DO(meta::repos::count_downloads(session, repo_id, count, now_ms));
    return Done{};
  });
}

}  // namespace embrace::hub
