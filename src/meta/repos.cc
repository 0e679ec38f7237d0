#include "meta/repos.h"

#include "base/strings.h"
#include "meta/repo_row.h"

namespace embrace::meta::repos {
namespace {

constexpr std::string_view kFindById = " FROM repos r WHERE r.id = :id";
constexpr std::string_view kFindByName =
    " FROM repos r WHERE r.type = :type AND r.id_lower = :id_lower";

Result<std::optional<Repo>> find_one(db::Session& session, std::string_view sql,
                                     std::vector<db::Value> values) {
  std::optional<Repo> found;
  EMB_DO(session.query(sql, std::move(values), detail::repo_column_types(), 1,
                       [&found](std::vector<db::Value>& row) { found = detail::take_repo(row); }));
  return found;
}

Error name_taken(const RepoName& name) {
  return Error(Code::Conflict,
               cat("The ", to_string(name.type), " \"", name.id(), "\" already exists."));
}

// An old name belongs for ever to the repository that left it. `repo_id` may come back to a name of
// its own.
Status claim_name(db::Session& session, const RepoName& name, std::int64_t repo_id) {
  EMB_TRY(auto old_owner, find_redirect(session, name));
  if (!old_owner) return Done{};
  if (*old_owner != repo_id) {
    return fail(Code::Conflict, cat("The name \"", name.id(),
                                    "\" already exists: it redirects to a repository that was "
                                    "moved away from it. Choose another name."));
  }
  return remove_redirect(session, name);
}

}  // namespace

Result<Repo> create(db::Session& session, const Repo& repo) {
  EMB_DO(claim_name(session, repo.name, 0));
  EMB_TRY(auto row, session.row<std::int64_t>(
                        "INSERT INTO repos (type, id_lower, ns, name, ns_lower, namespace_id, "
                        "creator_id, is_private, gating, "
                        "is_disabled, discussions_disabled, default_branch, head_oid, created_ms, "
                        "modified_ms, refs_version, "
                        "last_number, downloads, downloads_all, likes, trending, num_parameters, "
                        "used_bytes, pipeline_tag, "
                        "library_name, license, sdk, tags, description, safetensors_json, "
                        "config_json, card_json) "
                        "VALUES (:type, :id_lower, :ns, :name, :ns_lower, :namespace_id, "
                        ":creator_id, :is_private, :gating, "
                        ":is_disabled, :discussions_disabled, :default_branch, :head_oid, "
                        ":created_ms, :modified_ms, "
                        ":refs_version, 0, :downloads, :downloads_all, :likes, :trending, 0, 0, "
                        "'', '', '', '', '', '', '', '', "
                        "'') ON CONFLICT (type, id_lower) DO NOTHING RETURNING id",
                        static_cast<std::int64_t>(repo.name.type), detail::lookup_id(repo.name),
                        repo.name.ns, repo.name.name, to_lower(repo.name.ns), repo.namespace_id,
                        repo.creator_id, repo.is_private, static_cast<std::int64_t>(repo.gating),
                        repo.is_disabled, repo.discussions_disabled, repo.default_branch,
                        repo.head_oid, repo.created_ms, repo.modified_ms, repo.refs_version,
                        repo.downloads, repo.downloads_all, repo.likes, repo.trending));
  if (!row) return fail(name_taken(repo.name));
  Repo created = repo;
  created.id = std::get<0>(*row);
  EMB_DO(set_card(session, created.id, repo.card));
  return created;
}

Result<std::optional<Repo>> find(db::Session& session, const RepoName& name) {
  static const std::string sql = cat("SELECT ", detail::repo_columns(), kFindByName);
  return find_one(session, sql, {static_cast<std::int64_t>(name.type), detail::lookup_id(name)});
}

Result<std::optional<Repo>> find_by_id(db::Session& session, std::int64_t id) {
  static const std::string sql = cat("SELECT ", detail::repo_columns(), kFindById);
  return find_one(session, sql, {id});
}

Status update_settings(db::Session& session, const Repo& repo) {
  EMB_TRY(auto before, session.row<std::int64_t, bool, std::string>(
                           "SELECT type, is_private, tags FROM repos WHERE id = :id", repo.id));
  if (!before) return fail(Code::NotFound, cat("There is no repository ", repo.id, "."));
  EMB_DO(session.run(
      "UPDATE repos SET is_private = :is_private, gating = :gating, is_disabled = :is_disabled, "
      "discussions_disabled = :discussions_disabled, default_branch = :default_branch WHERE id = "
      ":id",
      repo.is_private, static_cast<std::int64_t>(repo.gating), repo.is_disabled,
      repo.discussions_disabled, repo.default_branch, repo.id));
  const auto& [type, was_private, tags] = *before;
  if (was_private == repo.is_private) return Done{};
  return detail::count_tag_uses(session, static_cast<RepoType>(type), detail::split_tags(tags),
                                repo.is_private ? -1 : 1);
}

Status rename(db::Session& session, std::int64_t repo_id, const RepoName& to,
              std::int64_t namespace_id) {
  EMB_DO(claim_name(session, to, repo_id));
  // Asked first, so that the refusal has our words and PostgreSQL's transaction stays usable.
  EMB_TRY(auto holder, session.row<std::int64_t>(
                           "SELECT id FROM repos WHERE type = :type AND id_lower = :id_lower",
                           static_cast<std::int64_t>(to.type), detail::lookup_id(to)));
  if (holder && std::get<0>(*holder) != repo_id) return fail(name_taken(to));
  EMB_TRY(
      auto changed,
      session.run(
          "UPDATE repos SET id_lower = :id_lower, ns = :ns, name = :name, ns_lower = :ns_lower, "
          "namespace_id = :namespace_id WHERE id = :id AND type = :type",
          detail::lookup_id(to), to.ns, to.name, to_lower(to.ns), namespace_id, repo_id,
          static_cast<std::int64_t>(to.type)));
  if (changed == 0)
    return fail(Code::NotFound, cat("There is no ", to_string(to.type), " ", repo_id, "."));
  return Done{};
}

Status remove(db::Session& session, std::int64_t repo_id) {
  EMB_TRY(auto row, session.row<std::int64_t, bool, std::string>(
                        "SELECT type, is_private, tags FROM repos WHERE id = :id", repo_id));
  if (!row) return fail(Code::NotFound, cat("There is no repository ", repo_id, "."));
  const auto& [type, is_private, tags] = *row;
  if (!is_private) {
    EMB_DO(
        detail::count_tag_uses(session, static_cast<RepoType>(type), detail::split_tags(tags), -1));
  }
  EMB_DO(session.run("DELETE FROM repos WHERE id = :id",
                     repo_id));  // the rest follows: ON DELETE CASCADE
  return Done{};
}

Status add_redirect(db::Session& session, const RepoName& from, std::int64_t repo_id) {
  EMB_DO(session.run(
      "INSERT INTO repo_redirects (type, id_lower, repo_id) VALUES (:type, :id_lower, :repo) "
      "ON CONFLICT (type, id_lower) DO NOTHING",
      static_cast<std::int64_t>(from.type), detail::lookup_id(from), repo_id));
  EMB_TRY(auto owner, find_redirect(session, from));
  if (owner && *owner == repo_id) return Done{};
  return fail(Code::Conflict, cat("\"", from.id(), "\" redirects to another repository already."));
}

Result<std::optional<std::int64_t>> find_redirect(db::Session& session, const RepoName& from) {
  EMB_TRY(auto row,
          session.row<std::int64_t>(
              "SELECT repo_id FROM repo_redirects WHERE type = :type AND id_lower = :id_lower",
              static_cast<std::int64_t>(from.type), detail::lookup_id(from)));
  if (!row) return std::nullopt;
  return std::get<0>(*row);
}

Status remove_redirect(db::Session& session, const RepoName& from) {
  EMB_DO(session.run("DELETE FROM repo_redirects WHERE type = :type AND id_lower = :id_lower",
                     static_cast<std::int64_t>(from.type), detail::lookup_id(from)));
  return Done{};
}

}  // namespace embrace::meta::repos
