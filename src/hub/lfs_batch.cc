// The batch call: what to upload where, and what to download from where.

#include <algorithm>

#include "base/strings.h"
#include "crypto/sha256.h"
#include "hub/lfs.h"
#include "hub/lfs_links.h"
#include "hub/quota.h"
#include "hub/repos.h"
#include "hub/write_target.h"
#include "hub/xet.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

using Action = SignedGrant::Action;

// Every part is a signed URL in the answer, so a batch has a budget of them that its objects share:
// a small request must not buy an answer of hundreds of megabytes.
constexpr std::uint64_t kBatchPartsMax = 20'000;

// How an object is cut. Parts grow when there would be too many, and parts_count is ceil(size /
// part_bytes) exactly, which is what clients compute (hub-api 8.4).
struct Cut {
  std::uint64_t part_bytes = 0;
  std::uint32_t parts_count = 0;
};
Cut cut_into_parts(std::uint64_t size_bytes, std::uint64_t part_bytes, std::uint64_t parts_max) {
  constexpr std::uint64_t kMiB = 1 << 20;
  const auto ceil_div = [](std::uint64_t a, std::uint64_t b) { return a / b + (a % b != 0); };
  if (ceil_div(size_bytes, part_bytes) > parts_max) {
    part_bytes = ceil_div(ceil_div(size_bytes, parts_max), kMiB) * kMiB;
  }
  return {.part_bytes = part_bytes,
          .parts_count = static_cast<std::uint32_t>(ceil_div(size_bytes, part_bytes))};
}

void refuse(LfsAnswer& answer, int code, std::string why) {
  answer.error_code = code;
  answer.error = std::move(why);
}

class Batch {
 public:
  Batch(Services& services, const auth::Caller& caller, const meta::Repo& repo, LfsLinks links,
        const LfsBatch& asked)
      : services_(services),
        links_(std::move(links)),
        in_small_parts_(asked.in_small_parts),
        parts_max_(std::clamp<std::uint64_t>(
            kBatchPartsMax / std::max<std::size_t>(asked.objects.size(), 1), 1,
            services.settings.lfs_parts_max)),
        repo_id_(repo.id),
        payer_id_(payer_of(caller, repo).value_or(0)),
        caller_id_(caller.id()),
        expires_ms_(services.clock.now_ms() + services.settings.signed_url_ms) {}

  LfsAnswer upload(const LfsObject& object, std::string_view transfer) const {
    LfsAnswer answer;
    answer.object = object;
    if (object.size_bytes > services_.settings.lfs_object_bytes_max) {
      refuse(answer, 413,
             cat("The file is larger than this server takes (",
                 services_.settings.lfs_object_bytes_max, " bytes)."));
      return answer;
    }
    // Present means linked to this repository. An object that only others have is asked for all the
    // same: sending the bytes is the proof of knowing more than their hash.
    if (const auto link = links_.find(object.sha256); link != links_.end()) {
      answer.present = link->second.size_bytes == object.size_bytes;
      if (!answer.present)
        refuse(answer, 422,
               cat("The file with this hash has ", link->second.size_bytes, " bytes."));
      return answer;
    }
    if (transfer == "xet") return answer;
    const bool is_small =
        in_small_parts_ && object.size_bytes <= services_.settings.lfs_small_part_bytes;
    if (transfer == "multipart" && object.size_bytes > 0 && !is_small) {
      add_parts(answer);
    } else {
      answer.action = grant(Action::Upload, object);
    }
    answer.verify = grant(Action::Verify, object);
    return answer;
  }

  LfsAnswer download(const LfsObject& object) const {
    LfsAnswer answer;
    answer.object = object;
    const auto link = links_.find(object.sha256);
    if (link == links_.end()) {
      refuse(answer, 404,
             "The object does not exist on the server, or you don't have permission to access it.");
    } else if (link->second.size_bytes != object.size_bytes) {
      refuse(answer, 422, cat("The file with this hash has ", link->second.size_bytes, " bytes."));
    } else {
      answer.action = grant(Action::Download, object);
    }
    return answer;
  }

 private:
  SignedGrant grant(Action action, const LfsObject& object) const {
    SignedGrant grant;
    grant.action = action;
    grant.repo_id = repo_id_;
    grant.payer_id = payer_id_;
    grant.object = object;
    grant.expires_ms = expires_ms_;
    return grant;
  }

  void add_parts(LfsAnswer& answer) const {
    const Settings& settings = services_.settings;
    const auto cut = cut_into_parts(
        answer.object.size_bytes,
        in_small_parts_ ? settings.lfs_small_part_bytes : settings.lfs_part_bytes, parts_max_);
    const auto upload = name_upload(answer.object, cut.part_bytes);
    answer.part_bytes = cut.part_bytes;
    answer.action = grant(Action::Complete, answer.object);
    answer.action->upload = upload;
    answer.action->part = cut.parts_count;
    for (std::uint32_t number = 1; number <= cut.parts_count; ++number) {
      auto& part = answer.parts.emplace_back(grant(Action::Part, answer.object));
      part.upload = upload;
      part.part = number;
      const std::uint64_t before = (number - 1) * cut.part_bytes;
      part.part_bytes = std::min(cut.part_bytes, answer.object.size_bytes - before);
    }
  }

  // The same for who asks again, and nobody else's: parts are believed to be the caller's own.
  std::string name_upload(const LfsObject& object, std::uint64_t part_bytes) const {
    const auto digest = crypto::hmac_sha256(
        services_.signing_key, cat("embrace lfs upload\n", repo_id_, '.', caller_id_, '.',
                                   object.sha256.hex(), '.', object.size_bytes, '.', part_bytes));
    return digest.hex().substr(0, 32);
  }

  Services& services_;
  LfsLinks links_;
  bool in_small_parts_;
  std::uint64_t parts_max_;  // of one object
  std::int64_t repo_id_;
  std::int64_t payer_id_;
  std::int64_t caller_id_;
  Millis expires_ms_;
};

bool offers(const LfsBatch& batch, std::string_view transfer) {
  return std::ranges::find(batch.transfers, transfer) != batch.transfers.end();
}

// One answer is given to all objects: the git agents read nothing else. Xet is for uploads only:
// its agent for git downloads nothing.
std::string_view choose_transfer(const LfsBatch& batch, const Settings& settings) {
  if (batch.upload && offers(batch, "xet")) return "xet";
  const std::uint64_t above =
      batch.in_small_parts ? settings.lfs_small_part_bytes : settings.lfs_multipart_above_bytes;
  const bool is_large =
      std::ranges::any_of(batch.objects, [&](const LfsObject& o) { return o.size_bytes > above; });
  return batch.upload && is_large && offers(batch, "multipart") ? "multipart" : "basic";
}

// Who is told that a file is there may rely on it; and the others must fit.
Status admit(Services& services, rt::Blocking blocking, const auth::Caller& caller,
             const meta::Repo& repo, const std::vector<LfsObject>& objects, const LfsLinks& links) {
  std::vector<Digest> there;
  std::vector<meta::LfsLink> others;
  for (const auto& object : objects) {
    if (links.contains(object.sha256))
      there.push_back(object.sha256);
    else
      others.push_back({.sha256 = object.sha256, .size_bytes = object.size_bytes});
  }
  EMB_DO(keep_lfs_links(services, blocking, repo.id, there));
  const auto payer = payer_of(caller, repo);
  if (!payer) EMB_DO(adopt_lfs_links(services, blocking, repo.id, there));
  return check_room(services, blocking, payer.value_or(repo.namespace_id), others);
}

}  // namespace

Result<LfsBatchResult> lfs_batch(Services& services, rt::Blocking blocking,
                                 const auth::Caller& caller, const RepoName& name,
                                 const LfsBatch& batch) {
  LfsBatchResult result;
  EMB_TRY(result.repo, find_repo(services, blocking, caller, name, auth::Right::Read));
  // The ref that a client names is not asked about: git-lfs names the branch it is on, also when it
  // pushes to a pull request. An upload gives no right to commit; that is asked when the pointer
  // arrives.
  if (batch.upload) EMB_DO(check_propose(caller, result.repo));
  if (batch.objects.size() > services.settings.lfs_batch_max) {
    return fail(Code::TooLarge, cat("At most ", services.settings.lfs_batch_max,
                                    " objects may be asked for at once."));
  }
  std::vector<Digest> wanted;
  for (const auto& object : batch.objects) wanted.push_back(object.sha256);
  EMB_TRY(auto links, find_lfs_links(services, blocking, result.repo.id, wanted));
  if (batch.upload) EMB_DO(admit(services, blocking, caller, result.repo, batch.objects, links));

  result.transfer = choose_transfer(batch, services.settings);
  if (result.transfer == "xet") {
    const bool is_writer = auth::may(caller, result.repo, auth::Right::Write);
    result.xet = make_xet_token(services, caller, result.repo, XetToken::Scope::Write);
    if (is_writer) result.xet_rev = result.repo.default_branch;
  }
  const Batch answers(services, caller, result.repo, std::move(links), batch);
  for (const auto& object : batch.objects) {
    result.answers.push_back(batch.upload ? answers.upload(object, result.transfer)
                                          : answers.download(object));
  }
  return result;
}

}  // namespace embrace::hub
