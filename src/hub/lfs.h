#pragma once
// Large files by the LFS protocol (hub-api 8.4, 10, 23.2): batch, presigned uploads whole and in
// parts, verify, locks, and the administration of what a repository holds.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/access.h"
#include "hub/services.h"
#include "hub/xet_grants.h"
#include "rt/content.h"

namespace embrace::hub {

struct LfsObject {
  Digest sha256;
  std::uint64_t size_bytes = 0;
};

// What a signed URL allows. Rendered into the path and query of our own URLs by api/lfs; the
// signature is HMAC-SHA256 over every field with the server's signing key.
struct SignedGrant {
  enum class Action : std::uint8_t { Upload, Part, Complete, Download, Verify };
  Action action = Action::Upload;
  std::int64_t repo_id = 0;
  LfsObject object;
  std::string upload;            // Part, Complete: [a-z0-9]{32}
  std::uint32_t part = 0;        // Part: 1..; Complete: how many
  std::uint64_t part_bytes = 0;  // Part: what this one holds, exactly
  std::int64_t payer_id = 0;     // whose storage it counts for; 0: the repository's namespace
  Millis expires_ms = 0;

  std::string render(std::string_view signing_key) const;  // URL-safe text
  // Denied when forged or expired.
  static Result<SignedGrant> parse(std::string_view text, std::string_view signing_key,
                                   Millis now_ms);
};

struct LfsBatch {
  bool upload = false;
  std::vector<std::string> transfers;  // empty: basic
  std::vector<LfsObject> objects;
  // Whatever is larger than lfs_small_part_bytes comes in parts of that size: for browsers, which
  // can't go on in the middle of a request that broke off.
  bool in_small_parts = false;
};
struct LfsAnswer {
  LfsObject object;
  bool present = false;               // upload: nothing to do
  std::optional<SignedGrant> action;  // upload, download or complete; none with "xet"
  std::vector<SignedGrant> parts;     // multipart
  std::optional<SignedGrant> verify;  // upload: to ask afterwards whether it arrived
  std::uint64_t part_bytes = 0;
  int error_code = 0;  // 404, 413, 422
  std::string error;
};
struct LfsBatchResult {
  std::string transfer;  // "basic", "multipart" or "xet"
  meta::Repo repo;
  // With "xet": what opens the chunk store to whoever uploads the objects that are not present, and
  // for which revision a client asks for the next one ("": for a pull request that is yet to come).
  std::optional<XetToken> xet;
  std::string xet_rev;
  std::vector<LfsAnswer> answers;  // one for each object asked, in order
};
Result<LfsBatchResult> lfs_batch(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                                 const LfsBatch& batch);

// Bytes coming in under a grant, no more than it names (bytes_granted): begin, then write and
// finish on the returned Ingest with the grant's object as expectation, then (for a whole upload)
// link.
std::uint64_t bytes_granted(const SignedGrant& grant);
Result<std::unique_ptr<cas::Ingest>> begin_upload(Services&, rt::Blocking,
                                                  const SignedGrant& grant);
Status finish_upload(Services&, rt::Blocking, const SignedGrant& grant, cas::Ingest& ingest);
// Whether the part of this grant has arrived whole. An upload is named after repository, caller,
// file and size of parts, so one that broke off is found again by asking for the same file.
Result<bool> has_part(Services&, rt::Blocking, const SignedGrant& grant);
// Part numbers 1..count without gaps. Idempotent. Parts that are not the file are dropped.
Status complete_upload(Services&, rt::Blocking, const SignedGrant& grant,
                       const std::vector<std::uint32_t>& parts);
Status verify_upload(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                     LfsObject object);  // NotFound, Unusable
Status verify_upload(Services&, rt::Blocking, const SignedGrant& grant, LfsObject object);
Result<cas::ObjectInfo> find_download(Services&, rt::Blocking, const SignedGrant& grant);

// Locks.
Result<meta::LfsLock> create_lock(Services&, rt::Blocking, const auth::Caller&,
                                  const RepoName& name, std::string path, std::string ref);
struct LockPage {
  std::vector<meta::LfsLock> locks;
  std::optional<std::int64_t> next;
};
Result<LockPage> list_locks(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                            std::string_view path, std::optional<std::int64_t> id,
                            std::int64_t after, std::size_t limit, auth::Right right);
Result<meta::LfsLock> unlock(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                             std::int64_t id, bool force);

// Administration.
struct LfsFileRow {
  Digest sha256;
  std::uint64_t size_bytes = 0;
  std::string filename;
  std::string commit;  // that brought it
  Millis pushed_ms = 0;
  std::string ref;
};
struct LfsFilePage {
  std::vector<LfsFileRow> rows;
  std::optional<std::string> next;
};
Result<LfsFilePage> list_lfs_files(Services&, rt::Blocking, const auth::Caller&,
                                   const RepoName& name, std::string_view cursor,
                                   std::size_t limit);
Status delete_lfs_files(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                        const std::vector<Digest>& objects, bool rewrite_history);
struct LfsCopyFailure {
  Digest sha256;
  std::string error;
};
Result<std::vector<LfsCopyFailure>> duplicate_lfs_files(Services&, rt::Blocking,
                                                        const auth::Caller&, const RepoName& from,
                                                        const RepoName& to,
                                                        const std::vector<Digest>& objects);

}  // namespace embrace::hub
