#pragma once
// Target: what a path addresses. Routing works on the raw path, split at '/', each segment decoded
// on its own, because revisions and paths arrive both as one encoded segment and as several
// (hub-api 1.2, 1.3).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/repo_name.h"
#include "base/result.h"

namespace embrace::api {

enum class Scope : std::uint8_t {
  Site,     // /api/whoami-v2, /healthz ...: segments only
  RepoApi,  // /api/{T}/{id}/{verb}/...
  RepoWeb,  // /{P}{id}/{verb}/...: resolve, raw
  RepoGit,  // /{P}{id}[.git]/info/refs, git-upload-pack, info/lfs/...
};

struct Target {
  Scope scope = Scope::Site;
  std::vector<std::string> segments;  // of the whole path, decoded

  // For the repo scopes:
  RepoName repo;
  std::string verb;               // "tree", "resolve", "info/refs"; "" is the repo itself
  std::vector<std::string> rest;  // decoded segments after the verb
  // For redirects: raw text before and after the id, so that another id can stand between them.
  std::string raw_before;
  std::string raw_after;  // with the query
};

// InvalidArgument for bad escapes or NUL bytes. A path that addresses no repository is Scope::Site.
Result<Target> parse_target(std::string_view raw_path, std::string_view raw_query);

}  // namespace embrace::api
