#pragma once
// ChunkedStore keeps every large file as chunks in xorbs, whichever door it came through, and each
// chunk once. Files are found by sha256 (ObjectStore) and by Xet hash.
//
//   xorbs/ab/cd/<hash>.<nonce>     records and footer (xorb.h); the nonce makes a key that comes
//                                  back after a collection a new key
//   parts/<upload>/<number>        parts of an LFS upload, as they came (upload_parts.h)
//   lfs/ab/cd/<sha256>             files of data folders from before this store: adopted at start
//
// Bytes become durable before the catalog names them, and the catalog changes in one transaction:
// a crash leaves blobs that nothing names, which the collection removes.
//
// Threads and errors: as in object_store.h. Ownership: backend, catalog and clock outlive it.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "blob/backend.h"
#include "cas/catalog.h"
#include "cas/collection.h"
#include "cas/object_store.h"
#include "cas/shard.h"
#include "cas/upload_parts.h"
#include "cas/xorb.h"
#include "rt/pool.h"

namespace embrace::cas {

class ChunkWalk;
class XorbIndexes;  // indexes read from footers, the latest ones kept

// A xorb on its way in, from a client that names it. Destroying it unfinished drops the bytes.
// Threads: one at a time.
class XorbUpload {
 public:
  virtual ~XorbUpload() = default;
  virtual Status write(rt::Blocking, std::string_view bytes) = 0;
  // true: it is new. Unusable when the bytes are no xorb or not the one that was named.
  virtual Result<bool> finish(rt::Blocking) = 0;
};

// How a client puts a range of a file together (Xet's reconstruction).
struct Reconstruction {
  struct Term {
    XetHash xorb;
    std::uint32_t chunk_first = 0;
    std::uint32_t chunk_last = 0;  // exclusive
    std::uint64_t unpacked_bytes = 0;
  };
  struct Fetch {  // of one xorb, ascending, neither touching nor overlapping
    std::uint32_t chunk_first = 0;
    std::uint32_t chunk_last = 0;
    ByteSpan bytes;  // in the stored xorb
  };
  struct Xorb {
    XetHash hash;
    std::string key;  // of its blob
    std::vector<Fetch> fetches;
  };
  std::uint64_t offset_into_first = 0;
  std::vector<Term> terms;
  std::vector<Xorb> xorbs;  // in order of first use
};

class ChunkedStore : public ObjectStore {
 public:
  ChunkedStore(blob::Backend& backend, Catalog& catalog, Clock& clock);
  ~ChunkedStore() override;

  // ObjectStore: everything by sha256.
  Result<ObjectInfo> find(rt::Blocking, const Digest& sha256) override;
  Result<rt::Content> open(rt::Blocking, const Digest& sha256, std::uint64_t offset,
                           std::uint64_t length) override;
  Result<std::unique_ptr<Ingest>> create(rt::Blocking) override;
  Result<std::unique_ptr<Ingest>> create_part(rt::Blocking, std::string_view upload,
                                              unsigned number) override;
  Result<ObjectInfo> complete_parts(rt::Blocking, std::string_view upload, unsigned count,
                                    ObjectInfo expected) override;
  Status drop_parts(rt::Blocking, std::string_view upload) override;
  Result<std::uint64_t> part_size(rt::Blocking, std::string_view upload, unsigned number) override;
  Result<std::size_t> drop_stale_parts(rt::Blocking, Millis since_ms) override;
  Result<std::vector<ObjectInfo>> list(rt::Blocking, std::optional<Digest> after,
                                       std::size_t limit) override;
  Status remove(rt::Blocking, const Digest& sha256) override;
  Status verify(rt::Blocking, const Digest& sha256) override;

  // The same range at once, on this thread: for small ones that are looked into here.
  Result<std::string> read(rt::Blocking, const Digest& sha256, std::uint64_t offset,
                           std::uint64_t length);

  // Xet's doors.
  Result<XorbRow> find_xorb(rt::Blocking, const XetHash& hash);  // NotFound
  Result<FileRow> find_file(rt::Blocking, const XetHash& hash);  // NotFound
  // Zero for files that are not chunked (or have no bytes). In the order asked.
  Result<std::vector<XetHash>> xet_hashes(rt::Blocking, std::span<const Digest> sha256s);
  Result<std::unique_ptr<XorbUpload>> create_xorb(rt::Blocking, const XetHash& named);
  // Stored bytes [offset, offset + length) of a xorb's records. RangeInvalid outside.
  Result<rt::Content> open_xorb(rt::Blocking, const XetHash& hash, std::uint64_t offset,
                                std::uint64_t length);
  // Checks everything a shard claims (xorbs there, ranges proven, hashes right, sha256 of every new
  // file by reading it once) and registers its files, all or none. `progress` may be empty; it is
  // called between files with (bytes verified, bytes in all). Unusable says which claim is false;
  // TooLarge, before anything is hashed, when a file has more than `bytes_max` bytes, or the new
  // ones together more than a few such files.
  using Progress = std::function<void(std::uint64_t verified, std::uint64_t total)>;
  Result<std::vector<FileRow>> register_shard(rt::Blocking, std::string_view shard,
                                              std::uint64_t bytes_max, const Progress& progress);
  // Bytes [offset, offset + length) of the file, which the caller has checked to lie inside.
  // InvalidArgument when they are in more than `terms_max` pieces.
  Result<Reconstruction> reconstruct(rt::Blocking, const FileRow& file, std::uint64_t offset,
                                     std::uint64_t length, std::size_t terms_max = SIZE_MAX);
  // Where those bytes of a plan's xorb, and no others, can be had without this server; nullopt
  // where the backend has no such place.
  std::optional<std::string> direct_url(std::string_view xorb_key, ByteSpan bytes,
                                        std::chrono::seconds lifetime) const;
  // A shard that lists the xorb which holds the chunk, keyed. NotFound when nobody knows it, or
  // `may_show` says no: the answer tells how many chunks its neighbours are and how long each is,
  // and lets guesses of their bytes be tried.
  using MayShow = std::function<Result<bool>(const XorbRow& xorb)>;
  Result<std::string> dedupe_answer(rt::Blocking, const XetHash& chunk, const MayShow& may_show);

  // Housekeeping: removes what nobody needs (collection.h).
  Result<Collected> collect(rt::Blocking, const CollectionRules& rules);
  Result<StorageFigures> figures(rt::Blocking);  // counts every row: seldom, please
  // Holds the catalog against the blobs: every xorb has its blob, with a footer that fits; every
  // term lies in its xorb and names as many bytes as it says. Reads footers, not chunks: verify()
  // does. Calls `found` with what is wrong, and where. May run beside uploads and a collection.
  struct Examined {
    std::uint64_t xorbs = 0;
    std::uint64_t files = 0;
    Collected::Count unnamed;  // blobs that no row names: left by crashes, or of uploads under way
  };
  using Found = std::function<void(std::string_view where, std::string_view what)>;
  Result<Examined> examine(rt::Blocking, const Found& found);

  // Cuts the files of an older data folder into chunks, and says how many there were. Removes each
  // after it is stored, so that it goes on where it was interrupted.
  Result<std::size_t> adopt_whole_objects(rt::Blocking);

 private:
  using Terms = std::function<Result<std::vector<Term>>(rt::Blocking, std::uint64_t offset)>;

  Result<FileRow> find_row(rt::Blocking, const Digest& sha256);
  Result<std::unique_ptr<ChunkWalk>> walk(rt::Blocking, const Digest& sha256, std::uint64_t offset,
                                          std::uint64_t length);
  Terms terms_of(std::int64_t file_id);
  Result<Terms> terms_for(rt::Blocking, std::int64_t file_id, std::uint64_t offset,
                          std::uint64_t length);

  blob::Backend& backend_;
  Catalog& catalog_;
  Clock& clock_;
  UploadParts parts_;
  std::unique_ptr<XorbIndexes> indexes_;
  rt::Pool readers_;     // for contents on their way out
  rt::Pool hashers_;     // sha256 of contents on their way in
  rt::Pool committers_;  // xorbs that are full
};

}  // namespace embrace::cas
