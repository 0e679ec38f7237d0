#include "hub/publish.h"

#include <set>

#include "base/log.h"
#include "base/strings.h"
#include "git/young_pack.h"
#include "hub/card_reuse.h"
#include "hub/full_text.h"
#include "hub/quota.h"
#include "hub/young_packs.h"
#include "json/writer.h"
#include "meta/card_texts.h"
#include "meta/jobs.h"
#include "meta/repos.h"
#include "meta/young_packs.h"

namespace embrace::hub {
namespace {

// How often a publish looks whether there are too many packs: counting them costs more than adding
// one.
constexpr std::int64_t kPublishesPerPackCount = 16;

// What the transaction needs beyond the publication, computed before it begins.
struct Prepared {
  std::optional<git::Oid> new_head;      // the default branch moves here
  std::optional<meta::CardIndex> card;   // and has this index then
  std::optional<std::string> card_text;  // and this text to be searched, when it is another one
  bool creates_named_ref = false;        // a branch or tag, whose name may clash
  std::optional<git::YoungPack> young;   // brings the objects
  bool wrote_pack = false;               // the publication's pack was gathered in the repository
};

// The card is read from what is gathered, so that comes before its pack.
Result<Prepared> prepare(Services& services, rt::Blocking blocking, git::Repository& repository,
                         Publication& publication) {
  Prepared prepared;
  const auto default_ref = "refs/heads/" + publication.repo.default_branch;
  for (const auto& change : publication.changes) {
    const bool is_named =
        change.name.starts_with("refs/heads/") || change.name.starts_with("refs/tags/");
    if (!change.expected && change.next && is_named) prepared.creates_named_ref = true;
    if (change.name != default_ref) continue;
    if (!change.next) return fail(Code::Denied, "Cannot delete " + default_ref);
    prepared.new_head = change.next;
    auto card = index_commit(services, blocking, repository, publication.repo,
                             change.expected.value_or(git::Oid{}), *change.next);
    if (!card) return fail(std::move(card).error().while_doing("read the card"));
    prepared.card = *std::move(card);
    auto text =
        changed_card_text(blocking, repository, change.expected.value_or(git::Oid{}), *change.next);
    if (!text) return fail(std::move(text).error().while_doing("read the card"));
    prepared.card_text = *std::move(text);
  }
  if (publication.pack) return prepared;
  EMB_TRY(prepared.young, repository.young_pack(blocking, services.settings.young_pack_bytes_max));
  if (!prepared.young) {
    EMB_TRY(publication.pack, repository.finish_pack(blocking));
    prepared.wrote_pack = publication.pack.has_value();
  }
  return prepared;
}

// git keeps refs as paths, so "a" and "a/b" can't both exist: neither beside what is there, nor
// among the new ones themselves. Inside the one write transaction, so it looks at each name once.
Status check_names_fit(db::Session& session, const Publication& publication) {
  EMB_TRY(const auto rows, meta::repos::refs(session, publication.repo.id));
  std::set<std::string_view> names;  // that will exist
  for (const auto& row : rows) names.emplace_hint(names.end(), row.name);
  for (const auto& change : publication.changes) {
    if (change.next)
      names.insert(change.name);
    else
      names.erase(change.name);
  }
  const auto clash = [](std::string_view name, std::string_view other) {
    return fail(Code::Conflict, cat("Reference ", name, " can't exist beside ", other));
  };
  for (const auto& change : publication.changes) {
    if (change.expected || !change.next) continue;
    const std::string_view name = change.name;
    for (auto slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1)) {
      const auto parent = names.find(name.substr(0, slash));
      if (parent != names.end()) return clash(name, *parent);
    }
    const auto below = names.lower_bound(cat(name, '/'));
    if (below != names.end() && below->starts_with(cat(name, '/'))) return clash(name, *below);
  }
  return Done{};
}

std::string render_changes(const std::vector<RefChange>& changes) {
  json::Writer writer;
  writer.begin_object().key("refs").begin_array();
  for (const auto& change : changes) {
    writer.begin_object().field("ref", change.name);
    if (change.expected) writer.field("old", change.expected->hex());
    if (change.next) writer.field("new", change.next->hex());
    writer.end_object();
  }
  return writer.end_array().end_object().take();
}

void replace_pull_number(std::vector<RefChange>& changes, std::int64_t number) {
  constexpr std::string_view kPlace = "{pull}";
  for (auto& change : changes) {
    if (auto at = change.name.find(kPlace); at != change.name.npos) {
      change.name.replace(at, kPlace.size(), cat(number));
    }
  }
}

Status add_pack(db::Session& session, std::int64_t repo_id, const git::Pack& pack) {
  return meta::repos::add_pack(session, repo_id, {pack.name, pack.size_bytes, pack.objects});
}

Status change_refs(db::Session& session, std::int64_t repo_id,
                   const std::vector<RefChange>& changes) {
  for (const auto& change : changes) {
    const auto expected = change.expected ? std::optional(change.expected->hex()) : std::nullopt;
    const auto next = change.next ? std::optional(change.next->hex()) : std::nullopt;
    auto changed = meta::repos::change_ref(session, repo_id, change.name, expected, next);
    if (!changed) return fail(std::move(changed).error().while_doing("update " + change.name));
  }
  return Done{};
}

Status add_objects(Services& services, db::Session& session, const meta::Repo& row,
                   const Publication& publication, const Prepared& prepared, bool& wakes_worker) {
  const bool counts = (row.refs_version + 1) % kPublishesPerPackCount == 0;
  if (prepared.young) {
    const auto& young = *prepared.young;
    EMB_DO(meta::young_packs::add(session, row.id,
                                  {young.name, git::render_items(young), young.bytes}));
    if (counts) {
      EMB_TRY(wakes_worker, request_settling(services, session, row.id));
    }
  }
  if (publication.pack) {
    EMB_DO(add_pack(session, row.id, *publication.pack));
    if (counts) EMB_DO(request_fold(services, session, row.id));
    wakes_worker |= counts;
  }
  return Done{};
}

// The publication is copied: a retried transaction must start from the names as they were given.
Result<Published> write(Services& services, db::Session& session, Publication publication,
                        const Prepared& prepared, bool& wakes_worker) {
  const auto now_ms = services.clock.now_ms();
  EMB_TRY(auto row, meta::repos::find_by_id(session, publication.repo.id));
  if (!row || row->created_ms != publication.repo.created_ms) {
    return fail(Code::Conflict, "the repository was deleted in the meantime");
  }
  if (prepared.new_head && row->default_branch != publication.repo.default_branch) {
    return fail(Code::Conflict, "the default branch was changed in the meantime: try again");
  }
  Published published;
  if (publication.pull) {
    publication.pull->repo_id = row->id;
    EMB_TRY(auto pull, meta::repos::create_pull(session, *publication.pull));
    published.pull_number = pull.number;
    replace_pull_number(publication.changes, pull.number);
  }
  if (prepared.creates_named_ref) EMB_DO(check_names_fit(session, publication));
  EMB_DO(change_refs(session, row->id, publication.changes));
  EMB_DO(add_objects(services, session, *row, publication, prepared, wakes_worker));
  const auto head = prepared.new_head ? std::optional(prepared.new_head->hex()) : std::nullopt;
  EMB_DO(meta::repos::touch(session, row->id, head,
                            prepared.new_head ? std::optional(now_ms) : std::nullopt));
  if (prepared.card && !is_same_index(*prepared.card, row->card)) {
    EMB_DO(meta::repos::set_card(session, row->id, *prepared.card));
  }
  if (prepared.card_text) {
    EMB_DO(meta::card_texts::set(session, row->id, *prepared.card_text));
  }
  if (!publication.lfs.empty()) {
    EMB_DO(check_quota(services, session, publication.payer_id.value_or(row->namespace_id),
                       publication.lfs));
    EMB_DO(meta::repos::link_lfs(session, row->id, publication.lfs, now_ms, publication.payer_id));
  }
  EMB_DO(meta::repos::add_event(
      session,
      {publication.event, row->id, publication.actor_id, render_changes(publication.changes)},
      now_ms));
  if (publication.pull) {
    auto facts =
        json::Writer().begin_object().field("number", published.pull_number).end_object().take();
    EMB_DO(meta::repos::add_event(
        session, {"pull.opened", row->id, publication.actor_id, std::move(facts)}, now_ms));
  }
  return published;
}

// The files wait under temporary names, so that a full disk is found out before the transaction,
// and are shown after it: nobody may build on a file that no row stands for.
template <class Transaction>
Result<Published> publish_young(Services& services, rt::Blocking blocking,
                                git::Repository& repository, const Publication& publication,
                                const git::YoungPack& young, Transaction transaction) {
  EMB_TRY(auto files, git::write_young_files(blocking, repository.folder(), young));
  EMB_TRY(const auto lock, lock_young_packs(services.settings, publication.repo.id));
  auto published = services.database.write(blocking, transaction);
  if (!published) return published;
  repository.discard();
  if (auto shown = files.place(young.name); !shown) {
    // The row has it; who misses it writes it then.
    log::error("the files of a commit can't be shown",
               {{"repo", publication.repo.name.id()}, {"why", shown.error().message()}});
  }
  return published;
}

}  // namespace

Result<Published> publish(Services& services, rt::Blocking blocking, git::Repository& repository,
                          Publication publication) {
  auto prepared = prepare(services, blocking, repository, publication);
  if (!prepared)
    return fail(std::move(prepared).error().while_doing("publish " + publication.repo.name.id()));
  bool wakes_worker = false;
  const auto transaction = [&](db::Session& session) {
    return write(services, session, publication, *prepared, wakes_worker);
  };
  auto published = prepared->young ? publish_young(services, blocking, repository, publication,
                                                   *prepared->young, transaction)
                                   : services.database.write(blocking, transaction);
  if (!published && published.error().code() == Code::Conflict && prepared->wrote_pack) {
    // The next attempt builds on the objects in this pack, so it must be known even though no ref
    // needs it yet.
    EMB_DO(services.database.write(blocking, [&](db::Session& session) {
      return add_pack(session, publication.repo.id, *publication.pack);
    }));
  }
  if (published && wakes_worker) services.jobs.wake();
  return published;
}

Status request_fold(Services& services, db::Session& session, std::int64_t repo_id) {
  EMB_TRY(auto packs, meta::repos::packs(session, repo_id));
  if (packs.size() <= services.settings.packs_before_fold) return Done{};
  meta::jobs::Job job;
  job.kind = "git.fold";
  job.dedupe = cat(repo_id);
  job.json = json::Writer().begin_object().field("repo", repo_id).end_object().take();
  job.run_after_ms = job.created_ms = services.clock.now_ms();
  return meta::jobs::add(session, job);
}

git::Person signature_of(const auth::Caller& caller) {
  // Not the account's own address: commits are public, addresses are not.
  const auto name = caller.is_anonymous() ? std::string("anonymous") : caller.name();
  return {name, name + "@users.noreply.embrace"};
}

}  // namespace embrace::hub
