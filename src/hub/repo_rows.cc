#include "hub/repo_rows.h"

#include <functional>
#include <utility>

namespace embrace::hub {
namespace {

std::size_t bytes_of(const meta::Repo& repo) {
  std::size_t bytes = 1024;  // the row itself, its key, and the strings that are always short
  for (const auto& tag : repo.card.tags) bytes += sizeof tag + tag.size();
  return bytes + repo.card.description.size() + repo.card.safetensors_json.size() +
         repo.card.gguf_json.size() + repo.card.config_json.size() + repo.card.card_json.size();
}

}  // namespace

std::size_t RepoRows::NameHash::operator()(const RepoName& name) const {
  const std::hash<std::string> hash;
  return hash(name.name) * 31 + hash(name.ns) * 3 + static_cast<std::size_t>(name.type);
}

RepoRows::Known RepoRows::find(const RepoName& name, const db::ChangeStamp& now) const {
  return state_.with([&](const State& state) -> Known {
    if (state.stamp != now) return nullptr;
    auto found = state.rows.find(name);
    return found == state.rows.end() ? nullptr : found->second;
  });
}

void RepoRows::put(const RepoName& name, const db::ChangeStamp& before, Known lookup) {
  if (!lookup->repo) return;
  const std::size_t bytes = bytes_of(*lookup->repo);
  decltype(State::rows) dropped;  // freed after the lock is
  state_.with([&](State& state) {
    if (state.stamp != before || state.bytes + bytes > kBytesMax) {
      dropped = std::exchange(state.rows, {});
      state.stamp = before;
      state.bytes = 0;
    }
    if (state.rows.try_emplace(name, std::move(lookup)).second) state.bytes += bytes;
  });
}

}  // namespace embrace::hub
