// An honest list: one line per route, grouped by who uses it.
#include "api/routes.h"

#include <algorithm>
#include <array>

#include "api/endpoints.h"
#include "base/strings.h"

namespace embrace::api {
namespace {

using enum http::Method;
using enum Scope;
constexpr auto kIgnore = Route::Identity::Ignore;

constexpr auto kRoutes = std::to_array<Route>({
    // Reading: the paths every client walks, first because they are asked most.
    {Get, RepoWeb, "resolve", resolve},
    {Get, RepoWeb, "raw", raw},
    {Get, RepoApi, "", repo_info},
    {Get, RepoApi, "revision", repo_info},
    {Get, RepoApi, "tree", tree},
    {Post, RepoApi, "paths-info", paths_info},
    {Get, RepoApi, "refs", refs},
    {Get, RepoApi, "commits", commits},
    {Get, RepoApi, "commit", commit_change},
    {Get, RepoApi, "compare", compare},
    {Get, RepoApi, "blame", blame},
    {Get, RepoApi, "treesize", tree_size},
    {Get, Site, "/api/models", list_repos},
    {Get, Site, "/api/datasets", list_repos},
    {Get, Site, "/api/spaces", list_repos},
    {Get, Site, "/api/kernels", list_repos},
    {Get, Site, "/api/models-tags-by-type", tags_by_type},
    {Get, Site, "/api/datasets-tags-by-type", tags_by_type},
    {Get, Site, "/api/spaces-tags-by-type", tags_by_type},
    {Get, Site, "/api/quicksearch", quick_search},
    {Post, Site, "/api/quicksearch", quick_search},
    {Get, Site, "/api/search/full-text", full_text_search},

    // Who am I, and what clients ask on their own.
    {Get, Site, "/api/whoami-v2", whoami},
    {Get, Site, "/api/agent-harnesses", agent_harnesses, kIgnore},
    {Get, Site, "/api/telemetry/{*}", telemetry, kIgnore},
    {Get, RepoApi, "auth-check", auth_check},
    // And what pages ask.
    {Get, Site, "/api/site", site},
    {Get, RepoApi, "rights", rights},

    // Writing.
    {Post, Site, "/api/repos/create", create_repo},
    {Delete, Site, "/api/repos/delete", delete_repo},
    {Post, Site, "/api/repos/move", move_repo},
    {Put, RepoApi, "settings", repo_settings},
    {Post, RepoApi, "duplicate", duplicate_repo},
    {Post, Site, "/api/validate-yaml", validate_yaml},
    {Post, RepoApi, "preupload", preupload},
    {Post, RepoApi, "commit", commit},
    {Post, RepoApi, "branch", create_branch},
    {Delete, RepoApi, "branch", delete_branch},
    {Post, RepoApi, "tag", create_tag},
    {Delete, RepoApi, "tag", delete_tag},
    {Post, RepoApi, "super-squash", super_squash},
    {Get, RepoApi, "discussions", list_discussions},
    {Post, RepoApi, "discussions", create_discussion},

    // Large files: the LFS protocol, its signed URLs, and what a repository holds.
    {Post, RepoGit, "info/lfs/objects/batch", lfs_batch},
    {Post, RepoGit, "info/lfs/objects/verify", lfs_verify},
    {Post, RepoGit, "info/lfs/locks", lfs_create_lock},
    {Get, RepoGit, "info/lfs/locks", lfs_list_locks},
    {Post, RepoGit, "info/lfs/locks/verify", lfs_verify_locks},
    {Post, RepoGit, "info/lfs/locks/{}", lfs_unlock},
    {Put, Site, "/api/lfs/upload/{}", lfs_upload, kIgnore},
    {Put, Site, "/api/lfs/part/{}", lfs_part, kIgnore},
    {Get, Site, "/api/lfs/part/{}", lfs_part_state, kIgnore},
    {Post, Site, "/api/lfs/complete/{}", lfs_complete, kIgnore},
    {Get, Site, "/api/lfs/download/{}", lfs_download, kIgnore},
    {Post, Site, "/api/lfs/verify/{}", lfs_verify_granted, kIgnore},
    {Get, RepoApi, "lfs-files", list_lfs_files},
    {Post, RepoApi, "lfs-files", delete_lfs_files},
    {Delete, RepoApi, "lfs-files", delete_lfs_file},

    // Xet: tokens from the Hub, the rest below the chunk store's own address, with those tokens.
    {Get, RepoApi, "xet-read-token", xet_read_token},
    {Get, RepoApi, "xet-write-token", xet_write_token},
    {Get, Site, "/api/xet/v2/reconstructions/{}", xet_reconstruction_v2, kIgnore},
    {Get, Site, "/api/xet/v1/reconstructions/{}", xet_reconstruction_v1, kIgnore},
    {Get, Site, "/api/xet/v1/reconstructions", xet_reconstructions, kIgnore},
    {Post, Site, "/api/xet/v1/reconstructions", xet_reconstructions_posted, kIgnore},
    {Get, Site, "/api/xet/fetch/{}", xet_fetch, kIgnore},
    {Get, Site, "/api/xet/v1/chunks/{}/{}", xet_chunk, kIgnore},
    {Get, Site, "/api/xet/v1/xorbs/{}/{}", xet_xorb, kIgnore},
    {Post, Site, "/api/xet/v1/xorbs/{}/{}", xet_upload_xorb, kIgnore},
    {Post, Site, "/api/xet/v1/shards", xet_upload_shard_v1, kIgnore},
    {Post, Site, "/api/xet/v2/shards", xet_upload_shard_v2, kIgnore},
    {Get, Site, "/api/xet/v1/files/{}", xet_file, kIgnore},
    {Get, Site, "/api/xet/v2/file-chunk-hashes/{}", xet_file_chunks, kIgnore},
    {Post, Site, "/api/xet/v1/telemetry", xet_telemetry, kIgnore},
    {Get, Site, "/api/xet/health", xet_health, kIgnore},
    // The same for clients from before there were versions (hf_xet 1.2).
    {Get, Site, "/api/xet/reconstructions/{}", xet_reconstruction_v1, kIgnore},
    {Get, Site, "/api/xet/reconstructions", xet_reconstructions, kIgnore},
    {Get, Site, "/api/xet/chunks/{}/{}", xet_chunk, kIgnore},
    {Get, Site, "/api/xet/xorbs/{}/{}", xet_xorb, kIgnore},
    {Post, Site, "/api/xet/xorbs/{}/{}", xet_upload_xorb, kIgnore},
    {Post, Site, "/api/xet/shards", xet_upload_shard_v1, kIgnore},
    {Get, Site, "/api/xet/files/{}", xet_file, kIgnore},

    // Git.
    {Get, RepoGit, "info/refs", git_info_refs},
    {Post, RepoGit, "git-upload-pack", git_upload_pack},
    {Post, RepoGit, "git-receive-pack", git_receive_pack},
    {Get, RepoGit, "HEAD", git_dumb},
    {Get, RepoGit, "objects", git_dumb},

    // Accounts.
    {Post, Site, "/api/login", log_in, kIgnore},
    {Post, Site, "/api/logout", log_out},
    {Post, Site, "/api/signup", sign_up, kIgnore},
    {Post, Site, "/oauth/device", begin_device_login, kIgnore},
    {Get, Site, "/oauth/device", device_login_page, kIgnore},
    {Post, Site, "/oauth/device/approve", decide_device_login, kIgnore},
    {Post, Site, "/oauth/token", oauth_token, kIgnore},
    {Get, Site, "/api/settings/tokens", list_tokens},
    {Post, Site, "/api/settings/tokens", create_token},
    {Delete, Site, "/api/settings/tokens/{}", delete_token},
    {Get, Site, "/api/settings/profile", own_profile},
    {Patch, Site, "/api/settings/profile", edit_own_profile},
    {Post, Site, "/api/settings/password", change_password},
    {Get, Site, "/api/settings/repositories", own_repositories},
    {Get, Site, "/api/organizations/{}/settings/repositories", own_repositories},
    {Get, Site, "/avatars/{}", avatar, kIgnore},
    {Get, Site, "/api/users/{}/overview", user_overview},
    {Get, Site, "/api/users/{}/followers", no_followers},
    {Get, Site, "/api/users/{}/following", no_followers},
    {Get, Site, "/api/organizations/{}/overview", organization_overview},
    {Get, Site, "/api/organizations/{}/members", organization_members},
    {Put, Site, "/api/organizations/{}/members/{}/role", set_member_role},
    {Put, Site, "/api/organizations/{}/members/{}", set_member_role},
    {Delete, Site, "/api/organizations/{}/members/{}", remove_member},
    {Post, Site, "/api/organizations", create_organization},
    {Patch, Site, "/api/organizations/{}", edit_organization},
    {Get, Site, "/api/organizations/{}/followers", no_followers},

    // Administrators of the whole hub.
    {Get, Site, "/api/admin/users", admin_list_users},
    {Post, Site, "/api/admin/users", admin_create_user},
    {Patch, Site, "/api/admin/users/{}", admin_change_user},
    {Get, Site, "/api/admin/organizations", admin_list_organizations},
    {Get, Site, "/api/admin/storage", admin_storage},
    {Post, Site, "/api/admin/gc", admin_collect_garbage},
    {Put, Site, "/api/admin/quota/{}", admin_set_quota},
    {Get, Site, "/api/admin/jobs", admin_jobs},
    {Post, Site, "/api/admin/jobs/{}/retry", admin_retry_job},
    {Get, Site, "/api/admin/health", admin_health},
    {Get, Site, "/api/admin/settings", admin_settings},

    // Operators.
    {Get, Site, "/healthz", health, kIgnore},
    {Get, Site, "/metrics", metrics_page},

    // Known to clients, and not built here yet: a clear 501 instead of a puzzling 404.
    {Post, RepoApi, "like", not_built},
    {Delete, RepoApi, "like", not_built},
    {Get, RepoApi, "likers", not_built},
    {Get, RepoApi, "user-access-request", not_built},
    {Post, RepoApi, "user-access-request", not_built},
    {Get, RepoApi, "resource-group", not_built},
    {Post, RepoApi, "resource-group", not_built},
    {Get, RepoApi, "scan", not_built},
    {Get, RepoApi, "jwt", not_built},
    {Get, RepoApi, "runtime", not_built},
    {Get, RepoApi, "parquet", not_built},
    {Get, RepoApi, "croissant", not_built},
    {Get, RepoApi, "leaderboard", not_built},
    {Get, RepoApi, "notebook", not_built},
    {Get, Site, "/api/collections/{*}", not_built},
    {Post, Site, "/api/collections/{*}", not_built},
    {Get, Site, "/api/settings/webhooks/{*}", not_built},
    {Post, Site, "/api/settings/webhooks/{*}", not_built},
    {Get, Site, "/api/buckets/{*}", not_built},
    {Post, Site, "/api/buckets/{*}", not_built},
    {Get, Site, "/api/jobs/{*}", not_built},
    {Post, Site, "/api/jobs/{*}", not_built},
    {Get, Site, "/.well-known/openid-configuration", not_built, kIgnore},
});

bool matches_site(std::string_view pattern, const std::vector<std::string>& segments) {
  std::size_t at = 0;
  for (std::string_view word : split(pattern.substr(1), '/')) {
    if (word == "{*}") return true;
    if (at >= segments.size()) return false;
    if (word == "{}" ? segments[at].empty() : word != segments[at]) return false;
    ++at;
  }
  return at == segments.size() || (at + 1 == segments.size() && segments[at].empty());
}

bool matches(const Route& route, const Target& target) {
  if (route.scope != target.scope) return false;
  if (route.scope == Site) return matches_site(route.pattern, target.segments);
  if (route.pattern.ends_with("/{}")) {  // info/lfs/locks/{id}/unlock
    return target.verb.starts_with(route.pattern.substr(0, route.pattern.size() - 2)) &&
           target.verb.size() > route.pattern.size() - 2;
  }
  return route.pattern == target.verb;
}

}  // namespace

const Route kPageFileRoute{Get, Site, "page files", page_file, kIgnore};
const Route kPageRoute{Get, Site, "pages", page};

RouteMatch find_route(const Target& target, http::Method method) {
  RouteMatch match;
  const http::Method wanted = method == Head ? Get : method;
  for (const Route& route : kRoutes) {
    if (!matches(route, target)) continue;
    if (route.method == wanted) return {&route, {}};
    if (match.allowed.find(http::to_string(route.method)) != std::string::npos) continue;
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += http::to_string(route.method);
    if (route.method == Get) match.allowed += ", HEAD";
  }
  return match;
}

}  // namespace embrace::api
