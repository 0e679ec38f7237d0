#include "hub/new_repo.h"

#include <filesystem>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "crypto/secrets.h"
#include "git/attributes.h"
#include "hub/folders.h"
#include "hub/quota.h"
#include "json/writer.h"
#include "meta/accounts.h"
#include "meta/card_texts.h"
#include "meta/repos.h"
#include "meta/storage.h"

namespace embrace::hub {

Result<NewFolder> NewFolder::create(Services& services, rt::Blocking blocking) {
  EMB_DO(make_folders(services.settings.data_folder + "/git"));
  NewFolder folder(cat(services.settings.data_folder, "/git/tmp-",
                       to_lower(crypto::random_alphanumeric(20)), ".git"));
  EMB_DO(git::Repository::create(blocking, folder.path_));
  return folder;
}

NewFolder::~NewFolder() {
  // Once moved, the place belongs to an id; after a rollback the next repository may get that very
  // id and be there already. So it is left for housekeeping, which knows how to tell.
  if (!path_.empty() && !has_moved_) remove_folder(path_);
}

Status NewFolder::move_to(const Settings& settings, std::int64_t repo_id) {
  const auto target = repository_folder(settings, repo_id);
  const auto parent = target.substr(0, target.rfind('/'));
  EMB_DO(make_folders(parent));
  EMB_DO(sync_folder(settings.data_folder + "/git"));
  // Only a leftover can be there: the row with this id is being inserted by the transaction that
  // calls us.
  remove_folder(target);
  EMB_DO(rename_durably(path_, target));
  path_ = target;
  has_moved_ = true;
  return Done{};
}

Error already_exists(const RepoName& name) {
  return Error(Code::Conflict, cat("You already created this ", to_string(name.type), " repo"))
      .with("repo", name.id());
}

Status free_redirect(db::Session& session, const auth::Caller& caller, const RepoName& name,
                     std::int64_t own_id) {
  EMB_TRY(auto target_id, meta::repos::find_redirect(session, name));
  if (!target_id) return Done{};
  if (*target_id != own_id) {
    EMB_TRY(auto target, meta::repos::find_by_id(session, *target_id));
    if (target && !auth::may(caller, *target, auth::Right::Manage)) {
      const bool is_visible = auth::may(caller, *target, auth::Right::See);
      return fail(already_exists(is_visible ? target->name : name));
    }
  }
  return meta::repos::remove_redirect(session, name);
}

Result<meta::Account> creatable_namespace(Services& services, rt::Blocking blocking,
                                          const auth::Caller& caller, std::string_view ns) {
  if (caller.is_anonymous()) return fail(auth::repo_not_found(caller));
  EMB_TRY(auto found, services.database.read(blocking, [&](db::Session& session) {
    return meta::accounts::find(session, ns);
  }));
  if (found) {
    EMB_DO(auth::check_create(caller, *found));
    return *std::move(found);
  }
  if (caller.is_site_admin())
    return fail(Code::NotFound, cat("there is no user or organization ", ns));
  // As for a namespace that exists but is closed to the caller.
  return fail(
      Code::Denied,
      cat("You don't have the rights to create a repository under the namespace \"", ns, "\""));
}

Result<meta::Repo> give_birth(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                              NewFolder folder, const Birth& birth) {
  auto born = services.database.write(blocking, [&](db::Session& session) -> Result<meta::Repo> {
    const auto now_ms = services.clock.now_ms();
    EMB_TRY(auto taken, meta::repos::find(session, birth.row.name));
    if (taken) return fail(already_exists(taken->name));
    EMB_DO(free_redirect(session, caller, birth.row.name, 0));
    EMB_TRY(auto row, meta::repos::create(session, birth.row));
    for (const auto& pack : birth.packs) {
      EMB_DO(meta::repos::add_pack(session, row.id, {pack.name, pack.size_bytes, pack.objects}));
    }
    EMB_DO(meta::repos::change_ref(session, row.id, "refs/heads/" + row.default_branch,
                                   std::nullopt, row.head_oid));
    EMB_DO(meta::repos::touch(session, row.id, row.head_oid, row.modified_ms));
    if (birth.copy_of != 0) {
      EMB_TRY(const auto links, meta::storage::links_of(session, birth.copy_of));
      EMB_DO(check_quota(services, session, row.namespace_id, links));
      EMB_DO(meta::repos::copy_lfs_links(session, birth.copy_of, row.id, now_ms));
      EMB_DO(meta::card_texts::copy(session, birth.copy_of, row.id));
    } else {
      EMB_DO(meta::card_texts::set(session, row.id, birth.card_text));
    }
    auto facts = json::Writer()
                     .begin_object()
                     .field("type", to_string(row.name.type))
                     .field("repo", row.name.id());
    EMB_DO(meta::repos::add_event(
        session, {birth.event, row.id, birth.actor_id, facts.end_object().take()}, now_ms));
    EMB_TRY(auto whole, meta::repos::find_by_id(session, row.id));
    if (!whole) return fail(Code::Internal, "the new repository's row is gone");
    EMB_DO(folder.move_to(services.settings, row.id));
    return *std::move(whole);
  });
  if (!born) return born;
  folder.keep();
  // Somebody may have asked for this id's folder before it existed.
  services.repositories.forget(repository_folder(services.settings, born->id));
  return born;
}

}  // namespace embrace::hub
