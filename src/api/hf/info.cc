// GET /api/{T}/{id} and /api/{T}/{id}/revision/{rev}: what clients call model_info and friends
// (hub-api 5).
#include <algorithm>

#include "api/endpoints.h"
#include "api/hf/repo_json.h"
#include "base/strings.h"
#include "hub/files.h"

namespace embrace::api {
namespace {

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

Task<Result<http::Response>> repo_info(Call& call) {
  const RepoType type = call.target.repo.type;
  const std::vector<std::string> expand = call.request.query.list("expand");
  EMB_CO_DO(check_expand(type, expand));

  hub::InfoWanted wanted;
  wanted.file_sizes = call.request.query.flag("blobs");
  wanted.files = expand.empty() || has(expand, "siblings");
  wanted.used_storage = has(expand, "usedStorage");
  const std::string rev = joined_rest(call, "HEAD");
  EMB_CO_TRY(auto info, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::repo_info(call.services(), blocking, call.caller, call.target.repo, rev,
                                     wanted);
             }));

  json::Writer w;
  const RepoFacts facts{info.repo, info.sha.hex(), wanted.files ? &info.files : nullptr,
                        wanted.file_sizes, call.base};
  if (expand.empty())
    render_repo(w, facts, info_properties(type));
  else
    render_repo(w, facts, expand);
  co_return json_reply(w);
}

}  // namespace embrace::api
