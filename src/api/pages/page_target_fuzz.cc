// Any text as the path of a page. What is found must hold names that were checked, and a redirect
// that is made of it must stay on this site.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/pages/page_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace embrace;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  api::Target target;
  const auto kind = api::find_page(text, "", target);
  if (kind == api::PageKind::Repo &&
      (target.repo.ns.empty() || !RepoName::parse(target.repo.type, target.repo.id())))
    std::abort();
  if (kind == api::PageKind::Namespace && !check_namespace(target.repo.ns)) std::abort();
  if (kind == api::PageKind::Repo || kind == api::PageKind::Namespace) {
    if (!target.raw_before.starts_with('/') || target.raw_before.starts_with("//")) std::abort();
    if (!target.raw_after.empty() && !target.raw_after.starts_with('/')) std::abort();
  }
  return 0;
}
