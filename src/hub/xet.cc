#include "hub/xet.h"

#include "base/immutable_cache.h"
#include "base/strings.h"
#include "hub/lfs_links.h"
#include "hub/quota.h"
#include "hub/repos.h"
#include "hub/write_target.h"
#include "meta/repos.h"
#include "meta/storage.h"

namespace embrace::hub {
namespace {

Error no_file() { return Error(Code::NotFound, "No such file in this repository."); }

// Anybody who may propose may send bytes for a pull request that is not there yet.
Status check_write(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                   const meta::Repo& repo, std::string_view rev, bool create_pull) {
  if (create_pull || rev == "None") return check_propose(caller, repo);
  if (parse_pull_ref(rev)) return check_ref_write(services, blocking, caller, repo, rev);
  return auth::check(caller, repo, auth::Right::Write);
}

struct Payer {
  std::int64_t account_id = 0;
  std::optional<std::int64_t> of_link;  // nullopt: the repository's namespace
};
// RepoNotFound when the token's repository is gone.
Result<Payer> payer_of(db::Session& session, const XetToken& token) {
  EMB_TRY(const auto repo, meta::repos::find_by_id(session, token.repo_id));
  if (!repo || repo->created_ms != token.repo_created_ms)
    return fail(Code::NotFound, "Repository not found", Tag::RepoNotFound);
  if (!token.is_proposal) return Payer{.account_id = repo->namespace_id, .of_link = std::nullopt};
  return Payer{.account_id = token.user_id, .of_link = token.user_id};
}

// Which chunking a file has is asked for on every download and changes only when the file was
// collected and came again, cut in another way. So answers hold for a few minutes.
constexpr Millis kHashesKeptMs = 5 * 60 * 1000;
struct HashKey {
  Digest sha256;
  Millis period = 0;
  const void* store = nullptr;  // tests have several
  bool operator==(const HashKey&) const = default;
};
struct HashKeyHash {
  std::size_t operator()(const HashKey& key) const {
    return std::hash<Digest>{}(key.sha256) ^
           (static_cast<std::size_t>(key.period) * 0x9e3779b97f4a7c15);
  }
};
ImmutableCache<HashKey, cas::XetHash, HashKeyHash>& hashes() {
  static ImmutableCache<HashKey, cas::XetHash, HashKeyHash> cache(50'000);
  return cache;
}
HashKey key_of(const Services& services, const Digest& sha256) {
  return {sha256, services.clock.now_ms() / kHashesKeptMs, &services.chunks};
}

}  // namespace

XetToken make_xet_token(const Services& services, const auth::Caller& caller,
                        const meta::Repo& repo, XetToken::Scope scope) {
  return {.scope = scope,
          .repo_id = repo.id,
          .repo_created_ms = repo.created_ms,
          .user_id = caller.id(),
          .is_proposal = scope == XetToken::Scope::Write && payer_of(caller, repo).has_value(),
          .expires_ms = services.clock.now_ms() + services.settings.xet_token_ms};
}

Result<XetToken> grant_xet(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                           const RepoName& name, XetToken::Scope scope, std::string_view rev,
                           bool create_pull) {
  EMB_TRY(const auto repo, find_repo(services, blocking, caller, name, auth::Right::Read));
  if (scope == XetToken::Scope::Write)
    EMB_DO(check_write(services, blocking, caller, repo, rev, create_pull));
  if (scope == XetToken::Scope::Write)
    EMB_DO(check_not_full(services, blocking, payer_of(caller, repo).value_or(repo.namespace_id)));
  return make_xet_token(services, caller, repo, scope);
}

Result<cas::FileRow> find_xet_file(Services& services, rt::Blocking blocking, const XetToken& token,
                                   const cas::XetHash& hash) {
  if (hash.is_zero()) return cas::FileRow{};
  auto file = services.chunks.find_file(blocking, hash);
  if (!file) return fail(file.error().code() == Code::NotFound ? no_file() : file.error());
  EMB_TRY(const bool is_linked,
          services.database.read(blocking, [&](db::Session& s) -> Result<bool> {
            EMB_TRY(const auto repo, meta::repos::find_by_id(s, token.repo_id));
            if (!repo || repo->created_ms != token.repo_created_ms) return false;
            EMB_TRY(const auto link, meta::repos::find_lfs(s, token.repo_id, file->sha256));
            return link && link->size_bytes == file->size_bytes;
          }));
  if (!is_linked) return fail(no_file());
  return file;
}

Result<std::unique_ptr<cas::XorbUpload>> begin_xorb(Services& services, rt::Blocking blocking,
                                                    const XetToken& token,
                                                    const cas::XetHash& named,
                                                    std::uint64_t announced_bytes) {
  EMB_TRY(const Payer payer,
          services.database.read(blocking, [&](db::Session& s) { return payer_of(s, token); }));
  EMB_DO(check_not_full(services, blocking, payer.account_id, announced_bytes));
  return services.chunks.create_xorb(blocking, named);
}

Result<bool> finish_xorb(Services& services, rt::Blocking blocking, const XetToken& token,
                         const cas::XetHash& named, cas::XorbUpload& upload) {
  EMB_TRY(const bool is_new, upload.finish(blocking));
  if (!is_new) return false;
  EMB_DO(services.database.write(blocking, [&](db::Session& s) -> Status {
    EMB_TRY(const Payer payer, payer_of(s, token));
    return meta::storage::note_sent_xorb(s, named.text(), payer.account_id);
  }));
  return true;
}

Status register_shard(Services& services, rt::Blocking blocking, const XetToken& token,
                      std::string_view shard, const cas::ChunkedStore::Progress& progress) {
  EMB_TRY(const auto files, services.chunks.register_shard(
                                blocking, shard, services.settings.lfs_object_bytes_max, progress));
  std::vector<meta::LfsLink> links;
  for (const auto& file : files)
    links.push_back({.sha256 = file.sha256, .size_bytes = file.size_bytes});
  return services.database.write(blocking, [&](db::Session& s) -> Status {
    EMB_TRY(const Payer payer, payer_of(s, token));
    EMB_TRY(const auto added, meta::storage::added_bytes(s, payer.account_id, links));
    EMB_DO(meta::repos::link_lfs(s, token.repo_id, links, services.clock.now_ms(), payer.of_link));
    // The chunks counted as sent until now. When this is refused they go on doing so.
    EMB_DO(meta::storage::settle_sent_xorbs(s, payer.account_id));
    return check_quota_kept(services, s, payer.account_id, added);
  });
}

Result<std::string> answer_dedupe(Services& services, rt::Blocking blocking, const XetToken& token,
                                  const cas::XetHash& chunk) {
  const auto may_show = [&](const cas::XorbRow& xorb) {
    return services.database.read(blocking, [&](db::Session& s) {
      return meta::storage::is_xorb_shown_to(s, xorb.id, token.repo_id);
    });
  };
  return services.chunks.dedupe_answer(blocking, chunk, may_show);
}

Result<std::vector<cas::XetHash>> xet_hashes(Services& services, rt::Blocking blocking,
                                             const meta::Repo& repo,
                                             std::span<const git::LfsPointer> pointers) {
  std::vector<cas::XetHash> out(pointers.size());
  std::vector<std::size_t> unknown;
  std::vector<Digest> asked;
  for (std::size_t i = 0; i < pointers.size(); ++i) {
    const auto linked = require_lfs_link(services, blocking, repo, pointers[i]);
    if (!linked && linked.error().code() != Code::NotFound) return fail(linked.error());
    if (!linked) continue;
    if (const auto known = hashes().find(key_of(services, pointers[i].sha256))) {
      out[i] = *known;
    } else {
      unknown.push_back(i);
      asked.push_back(pointers[i].sha256);
    }
  }
  if (asked.empty()) return out;
  EMB_TRY(const auto answers, services.chunks.xet_hashes(blocking, asked));
  for (std::size_t k = 0; k < unknown.size(); ++k) {
    out[unknown[k]] = answers[k];
    hashes().put(key_of(services, asked[k]), answers[k]);
  }
  return out;
}

std::optional<cas::XetHash> known_xet_hash(Services& services, const meta::Repo& repo,
                                           const git::LfsPointer& pointer) {
  if (!is_known_lfs_link(repo, pointer)) return std::nullopt;
  return hashes().find(key_of(services, pointer.sha256));
}

}  // namespace embrace::hub
