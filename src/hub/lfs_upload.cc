// Bytes under a grant, coming in and going out. A grant was signed for somebody who had the right
// then; that the object belongs to the repository is written down only after the bytes hashed to
// its name.

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "hub/lfs.h"
#include "hub/lfs_links.h"
#include "hub/repos.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

using Action = SignedGrant::Action;

// Stops a sender at the size that was granted, instead of filling the disk first and hashing later.
class BoundedIngest final : public cas::Ingest {
 public:
  BoundedIngest(std::unique_ptr<cas::Ingest> inner, std::uint64_t bytes_max)
      : inner_(std::move(inner)), left_(bytes_max) {}

  Status write(rt::Blocking blocking, std::string_view bytes) override {
    if (bytes.size() > left_) return too_many();
    left_ -= bytes.size();
    return inner_->write(blocking, bytes);
  }
  Status take(rt::Blocking blocking, BlockPtr block) override {
    if (block->bytes().size() > left_) return too_many();
    left_ -= block->bytes().size();
    return inner_->take(blocking, std::move(block));
  }
  Result<cas::ObjectInfo> finish(rt::Blocking blocking,
                                 std::optional<cas::ObjectInfo> expected) override {
    if (left_ > 0)
      return fail(Code::Unusable,
                  cat(left_, " bytes are missing: the upload was announced with more."));
    return inner_->finish(blocking, expected);
  }

 private:
  static std::unexpected<Error> too_many() {
    return fail(Code::Unusable, "More bytes arrived than the upload was announced with.");
  }

  std::unique_ptr<cas::Ingest> inner_;
  std::uint64_t left_;
};

cas::ObjectInfo info_of(const LfsObject& object) {
  return {.sha256 = object.sha256, .size_bytes = object.size_bytes};
}

meta::LfsLink link_of(const SignedGrant& grant) {
  return {.sha256 = grant.object.sha256, .size_bytes = grant.object.size_bytes};
}

std::optional<std::int64_t> payer_of(const SignedGrant& grant) {
  return grant.payer_id == 0 ? std::nullopt : std::optional(grant.payer_id);
}

Status link(Services& services, rt::Blocking blocking, const SignedGrant& grant) {
  return link_lfs_object(services, blocking, grant.repo_id, link_of(grant), payer_of(grant));
}

Result<bool> is_linked(Services& services, rt::Blocking blocking, std::int64_t repo_id,
                       const LfsObject& object) {
  EMB_TRY(const auto links, find_lfs_links(services, blocking, repo_id, {object.sha256}));
  const auto found = links.find(object.sha256);
  return found != links.end() && found->second.size_bytes == object.size_bytes;
}

// 1..count in any order, each once.
Status check_parts(std::vector<std::uint32_t> parts, std::uint32_t count) {
  std::ranges::sort(parts);
  bool complete = parts.size() == count;
  for (std::uint32_t i = 0; complete && i < count; ++i) complete = parts[i] == i + 1;
  if (!complete)
    return fail(Code::InvalidArgument,
                cat("The parts must be numbered 1 to ", count, ", each named once."));
  return Done{};
}

Status check_arrived(Services& services, rt::Blocking blocking, std::int64_t repo_id,
                     const LfsObject& object) {
  EMB_TRY(const auto links, find_lfs_links(services, blocking, repo_id, {object.sha256}));
  const auto found = links.find(object.sha256);
  if (found == links.end())
    return fail(Code::NotFound, "The object was not uploaded to this repository.");
  if (found->second.size_bytes != object.size_bytes) {
    return fail(Code::Unusable, cat("The uploaded file has ", found->second.size_bytes,
                                    " bytes, not ", object.size_bytes, "."));
  }
  return Done{};
}

}  // namespace

std::uint64_t bytes_granted(const SignedGrant& grant) {
  return grant.action == Action::Part ? grant.part_bytes : grant.object.size_bytes;
}

Result<std::unique_ptr<cas::Ingest>> begin_upload(Services& services, rt::Blocking blocking,
                                                  const SignedGrant& grant) {
  std::unique_ptr<cas::Ingest> ingest;
  if (grant.action == Action::Upload || grant.action == Action::Part) {
    // The grant may be hours old, and others made since.
    EMB_DO(services.database.read(blocking, [&](db::Session& session) {
      return check_lfs_link(services, session, grant.repo_id, link_of(grant), payer_of(grant));
    }));
  }
  if (grant.action == Action::Upload) {
    EMB_TRY(ingest, services.objects.create(blocking));
  } else if (grant.action == Action::Part) {
    EMB_TRY(ingest, services.objects.create_part(blocking, grant.upload, grant.part));
  } else {
    return fail(Code::Denied, "This link is not for uploading.");
  }
  return std::make_unique<BoundedIngest>(std::move(ingest), bytes_granted(grant));
}

Status finish_upload(Services& services, rt::Blocking blocking, const SignedGrant& grant,
                     cas::Ingest& ingest) {
  if (grant.action ==
      Action::Part) {  // its hash is known to nobody; the whole is checked by complete_upload
    EMB_DO(ingest.finish(blocking, std::nullopt));
    return Done{};
  }
  if (grant.action != Action::Upload) return fail(Code::Denied, "This link is not for uploading.");
  EMB_DO(ingest.finish(blocking, info_of(grant.object)));
  return link(services, blocking, grant);
}

Result<bool> has_part(Services& services, rt::Blocking blocking, const SignedGrant& grant) {
  if (grant.action != Action::Part) return fail(Code::Denied, "This link is not for a part.");
  const auto size = services.objects.part_size(blocking, grant.upload, grant.part);
  if (size) return *size == grant.part_bytes;
  if (size.error().code() == Code::NotFound) return false;
  return fail(size.error());
}

Status complete_upload(Services& services, rt::Blocking blocking, const SignedGrant& grant,
                       const std::vector<std::uint32_t>& parts) {
  if (grant.action != Action::Complete)
    return fail(Code::Denied, "This link is not for completing an upload.");
  EMB_DO(check_parts(parts, grant.part));
  EMB_TRY(const bool is_done, is_linked(services, blocking, grant.repo_id, grant.object));
  if (is_done)
    return services.objects.drop_parts(blocking,
                                       grant.upload);  // a retry, or somebody else was quicker
  const auto whole =
      services.objects.complete_parts(blocking, grant.upload, grant.part, info_of(grant.object));
  if (whole) {
    EMB_DO(link(services, blocking, grant));
    return services.objects.drop_parts(blocking, grant.upload);
  }
  // A retry that ran beside the first request finds the parts gone and the work done.
  EMB_TRY(const bool was_done_meanwhile,
          is_linked(services, blocking, grant.repo_id, grant.object));
  if (was_done_meanwhile) return Done{};
  // Whoever asks for the same upload again must not find them and build on them.
  if (whole.error().code() == Code::Unusable)
    EMB_DO(services.objects.drop_parts(blocking, grant.upload));
  return fail(whole.error());
}

Status verify_upload(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                     const RepoName& name, LfsObject object) {
  EMB_TRY(const auto repo, find_repo(services, blocking, caller, name, auth::Right::Read));
  return check_arrived(services, blocking, repo.id, object);
}

Status verify_upload(Services& services, rt::Blocking blocking, const SignedGrant& grant,
                     LfsObject object) {
  if (grant.action != Action::Verify || grant.object.sha256 != object.sha256)
    return fail(Code::Denied, "This link is not for verifying that file.");
  return check_arrived(services, blocking, grant.repo_id, object);
}

Result<cas::ObjectInfo> find_download(Services& services, rt::Blocking blocking,
                                      const SignedGrant& grant) {
  if (grant.action != Action::Download)
    return fail(Code::Denied, "This link is not for downloading.");
  EMB_TRY(const bool is_there, is_linked(services, blocking, grant.repo_id, grant.object));
  if (!is_there) return fail(Code::NotFound, "The file is no longer part of the repository.");
  return info_of(grant.object);
}

}  // namespace embrace::hub
