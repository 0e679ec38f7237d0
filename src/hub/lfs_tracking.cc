#include "hub/lfs_tracking.h"

#include <algorithm>

#include "base/strings.h"
#include "git/attributes.h"

namespace embrace::hub {
namespace {

constexpr std::uint64_t kAttributesBytesMax = 1 << 20;

}  // namespace

Status track_lfs_paths(rt::Blocking blocking, git::Repository& repository, StagedTree& tree,
                       std::vector<std::string> paths) {
  if (paths.empty()) return Done{};
  const std::string attributes_path = ".gitattributes";
  EMB_TRY(const auto current, tree.find(blocking, attributes_path));
  std::string text;
  if (current) {
    EMB_TRY(text, repository.read_blob(blocking, current->blob, kAttributesBytesMax));
  }
  const auto rules = git::LfsAttributes::parse(text);
  const auto size_before = text.size();
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  for (const auto& path : paths) {
    if (rules.is_lfs(path)) continue;
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += cat(git::lfs_attribute_line(path), '\n');
  }
  if (text.size() == size_before) return Done{};
  EMB_TRY(const auto blob, repository.write_blob(blocking, text));
  return tree.put(blocking, attributes_path, {.blob = blob, .lfs = std::nullopt});
}

}  // namespace embrace::hub
