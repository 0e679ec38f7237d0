#pragma once
// PageTarget: which page of the website a path is. The first words of the site's own pages are
// reserved (base/repo_name.cc), so that no account takes one of their addresses.

#include <cstdint>
#include <string_view>

#include "api/target.h"

namespace embrace::api {

enum class PageKind : std::uint8_t {
  None,       // no page has such an address
  Site,       // "/", "/models", "/settings/...": the same for whatever exists
  Namespace,  // "/{user or organization}"
  Repo,       // "/{repo}", "/datasets/{repo}/tree/main"
};

// `path` as it was sent. For Repo and Namespace fills in what the target needs (target.h: the
// repository, or its ns alone; what stands before and after it, for redirects).
PageKind find_page(std::string_view path, std::string_view query, Target& target);

}  // namespace embrace::api
