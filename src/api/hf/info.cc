// GET /api/{T}/{id} and /api/{T}/{id}/revision/{rev}: what clients call model_info and friends
// (hub-api 5).
#include <algorithm>

#include "api/endpoints.h"
#include "api/hf/repo_json.h"
#include "base/strings.h"
#include "hub/files.h"
#include "hub/search.h"

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
  std::optional<std::int64_t> children;
  if (has(expand, "childrenModelCount")) {
    const auto most = static_cast<std::int64_t>(call.settings().list_count_max);
    EMB_CO_TRY(children, co_await on_pool(call, [&](rt::Blocking blocking) {
                 return call.services().database.read(blocking, [&](db::Session& session) {
                   return hub::count_children(session, call.caller, info.repo, most);
                 });
               }));
  }

  json::Writer w;
  const RepoFacts facts{info.repo,         info.sha.hex(), wanted.files ? &info.files : nullptr,
                        wanted.file_sizes, call.base,      children};
  begin_repo(w, facts);
  if (expand.empty()) {
    for (std::string_view property : info_properties(type)) render_property(w, facts, property);
  } else {
    for (std::string_view property : expand) render_property(w, facts, property);
  }
  // Nobody looks through files here.
  if (call.request.query.flag("securityStatus")) {
    w.key("securityRepoStatus").begin_object().field("scansDone", false);
    w.key("filesWithIssues").begin_array().end_array().end_object();
  }
  w.end_object();
  co_return json_reply(w);
}

}  // namespace embrace::api
