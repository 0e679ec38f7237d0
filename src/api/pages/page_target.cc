#include "api/pages/page_target.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/strings.h"

namespace embrace::api {
namespace {

constexpr auto kSitePages =
    std::to_array<std::string_view>({"join", "login", "logout", "models", "datasets", "spaces",
                                     "search", "new", "new-dataset", "new-space"});
// With whatever follows.
constexpr auto kSiteSections =
    std::to_array<std::string_view>({"settings", "organizations", "admin"});
constexpr auto kRepoPages =
    std::to_array<std::string_view>({"tree", "blob", "blame", "commits", "commit", "compare",
                                     "edit", "new", "upload", "delete", "settings", "discussions"});

bool contains(const auto& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

// What follows segment `from`, as it was sent.
std::string raw_rest(const std::vector<std::string_view>& raw, std::size_t from,
                     std::string_view query) {
  std::string out;
  for (std::size_t i = from; i < raw.size(); ++i) out.append("/").append(raw[i]);
  return cat(out, query.empty() ? "" : "?", query);
}

bool is_site_page(const std::vector<std::string>& words) {
  if (words.empty() || contains(kSiteSections, words[0])) return true;
  if (words.size() == 1) return contains(kSitePages, words[0]);
  return words.size() == 2 && words[0] == "search" && words[1] == "full-text";
}

}  // namespace

PageKind find_page(std::string_view path, std::string_view query, Target& target) {
  std::vector<std::string_view> raw =
      split(path.substr(std::min<std::size_t>(1, path.size())), '/');
  while (!raw.empty() && raw.back().empty()) raw.pop_back();
  std::vector<std::string> words;
  for (std::string_view piece : raw) {
    auto word = percent_decode(piece);
    if (!word) return PageKind::None;
    words.push_back(std::move(*word));
  }
  if (is_site_page(words)) return PageKind::Site;

  RepoType type = RepoType::Model;
  if (auto named = parse_api_segment(words[0]); named && *named != RepoType::Model) type = *named;
  const std::size_t at = type == RepoType::Model ? 0 : 1;
  if (at == 0 && words.size() == 1) {
    if (!check_namespace(words[0])) return PageKind::None;
    target.repo = {.type = type, .ns = words[0], .name = {}};
    target.raw_before = "/";
    target.raw_after = raw_rest(raw, 1, query);
    return PageKind::Namespace;
  }
  if (words.size() < at + 2) return PageKind::None;
  if (words.size() > at + 2 && !contains(kRepoPages, words[at + 2])) return PageKind::None;
  auto name = RepoName::parse(type, cat(words[at], "/", words[at + 1]));
  if (!name) return PageKind::None;
  target.repo = *std::move(name);
  target.raw_before = cat("/", url_prefix(type));
  target.raw_after = raw_rest(raw, at + 2, query);
  return PageKind::Repo;
}

}  // namespace embrace::api
