#pragma once
// Large files by the Xet protocol: who may speak to the chunk store, which files they see there,
// and what becomes part of a repository (docs/formats/xet.md has the protocol itself).
//
//   Hub credentials --grant_xet--> XetToken --+--> reconstruct: a plan and XetFetches --> bytes
//                                             +--> xorbs, then a shard --> files, linked
//
// Chunks are shared by all repositories, files are not: a token opens the files that are linked to
// its repository (lfs_links.h), and a fetch opens the byte ranges that a plan named, for a xorb
// holds chunks of many owners. Registering a shard is what links: the store has checked that its
// sender knows the bytes.

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "auth/access.h"
#include "cas/chunked_store.h"
#include "git/types.h"
#include "hub/services.h"
#include "hub/xet_grants.h"

namespace embrace::hub {

// Read: whoever may read the repository. Write: for a branch whoever may write, for a pull request
// (also one that is yet to be opened: `create_pull`, or the revision "None") whoever may propose.
// As with LFS, an upload gives no right to commit: that is asked again when the commit comes.
Result<XetToken> grant_xet(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                           XetToken::Scope scope, std::string_view rev, bool create_pull);
// The same for a repository that was found and checked.
XetToken make_xet_token(const Services&, const auth::Caller&, const meta::Repo& repo,
                        XetToken::Scope scope);

// A file that is linked to the token's repository; NotFound otherwise. The file without bytes (the
// zero hash) is everybody's.
Result<cas::FileRow> find_xet_file(Services&, rt::Blocking, const XetToken& token,
                                   const cas::XetHash& hash);

// A xorb on its way in, of `announced_bytes` if its sender says how many. Denied when the storage
// of who pays for it is full. It counts there until a shard names it.
Result<std::unique_ptr<cas::XorbUpload>> begin_xorb(Services&, rt::Blocking, const XetToken& token,
                                                    const cas::XetHash& named,
                                                    std::uint64_t announced_bytes);
// true: it is new. Errors as those of XorbUpload::finish.
Result<bool> finish_xorb(Services&, rt::Blocking, const XetToken& token, const cas::XetHash& named,
                         cas::XorbUpload& upload);

// Registers the files of a shard and links those that say their sha256 to the token's repository.
// Unusable says which claim of the shard is false. Takes as long as reading the files once.
Status register_shard(Services&, rt::Blocking, const XetToken& token, std::string_view shard,
                      const cas::ChunkedStore::Progress& progress);

// What xorb holds this chunk, with all of its neighbours, for a client that is about to upload.
// Only xorbs are shown that a file of a public repository or of the token's namespace is made of:
// an answer lets guesses of the neighbours be tried. NotFound otherwise.
Result<std::string> answer_dedupe(Services&, rt::Blocking, const XetToken& token,
                                  const cas::XetHash& chunk);

// The Xet hash of each large file, in the order asked; zero for what no client can get by Xet: it
// is not linked to the repository, or the store does not keep it in chunks.
Result<std::vector<cas::XetHash>> xet_hashes(Services&, rt::Blocking, const meta::Repo& repo,
                                             std::span<const git::LfsPointer> pointers);
// The same for one file from memory alone, so io threads may ask; nullopt when it is not there.
std::optional<cas::XetHash> known_xet_hash(Services&, const meta::Repo& repo,
                                           const git::LfsPointer& pointer);

}  // namespace embrace::hub
