#pragma once
// ChunkedIngest: one file on its way into xorbs. Blocks of a megabyte go to a thread that computes
// the sha256 (hash_behind.h) and are cut, hashed, compared with what is there, compressed and
// written on the caller's thread, so that an upload costs the slower of the two.
//
//   bytes -> block -> chunks -> known?  yes: the open term grows, or a new one begins
//                               no:     the open xorb gets it; a full xorb is stored
//
// Xorbs are durable as soon as they are full; the catalog hears of them at finish(), or every
// gigabyte.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/time.h"
#include "cas/catalog.h"
#include "cas/chunker.h"
#include "cas/hash_behind.h"
#include "cas/object_store.h"
#include "cas/xorb.h"
#include "cas/xorb_indexes.h"

namespace embrace::cas {

// What the catalog shall know of a xorb that was stored under `key`.
NewXorb describe_xorb(const XorbIndex& index, const blob::Key& key);

// Removes blobs that no row names; what can't be removed now is left to the collection.
void remove_spare_xorbs(rt::Blocking, blob::Backend& backend, const std::vector<std::string>& keys);

class ChunkedIngest : public Ingest {
 public:
  ChunkedIngest(blob::Backend& backend, Catalog& catalog, XorbIndexes& indexes, Clock& clock);

  Status write(rt::Blocking, std::string_view bytes) override;
  Result<ObjectInfo> finish(rt::Blocking, std::optional<ObjectInfo> expected) override;

 private:
  // A xorb that terms of this file name: one of the catalog's, or one of our own, whose hash is
  // known when it is full.
  struct Source {
    XetHash hash;
    std::shared_ptr<const XorbIndex> index;  // the catalog's only
  };
  struct Place {
    std::uint32_t source = 0;
    std::uint32_t position = 0;
  };
  struct OpenTerm {
    std::uint32_t source = 0;
    std::uint32_t chunk_first = 0;
    std::uint32_t chunk_last = 0;
    std::uint64_t unpacked_bytes = 0;
  };

  void begin_block(std::size_t bytes_now);
  Status end_block(rt::Blocking, bool is_last);
  void cut(bool is_last);
  Status take_chunks(rt::Blocking);
  Status learn_neighbours(rt::Blocking);
  Status learn(rt::Blocking, const ChunkPlace& place, const XetHash& chunk);
  void forget_known();
  std::optional<Place> find_known(const XetHash& chunk) const;
  void add_to_terms(Place place, std::uint64_t bytes);
  Result<Place> store_chunk(rt::Blocking, std::string_view chunk, const XetHash& hash);
  Status write_pending(rt::Blocking);
  Status end_xorb(rt::Blocking);
  Status add_xorbs(rt::Blocking);
  Status add(rt::Blocking, Addition addition);
  Status put_into_catalog(rt::Blocking, const ObjectInfo& info);
  void drop_stored(rt::Blocking);

  blob::Backend& backend_;
  Catalog& catalog_;
  XorbIndexes& indexes_;
  Clock& clock_;
  const Millis begun_ms_;

  Piece block_;
  std::string open_chunk_;
  std::size_t carried_ = 0;  // bytes at its front that belong to the chunk that is still open
  std::uint64_t size_bytes_ = 0;
  HashBehind sha256_;
  Chunker chunker_;
  MerkleRoot root_;
  std::vector<std::string_view> chunks_;  // of the block
  std::vector<XetHash> hashes_;
  std::optional<XetHash> first_chunk_;  // of the file
  bool is_first_block_ = true;
  bool is_finished_ = false;

  std::vector<Source> sources_;
  std::unordered_set<XetHash> learned_;  // xorbs of the catalog whose chunks are in known_
  std::unordered_map<XetHash, Place> known_;
  std::vector<OpenTerm> terms_;

  std::unique_ptr<blob::Writer> writer_;  // of the open xorb; null before its first chunk
  std::uint32_t own_source_ = 0;
  XorbWriter xorb_;
  Addition addition_;
};

}  // namespace embrace::cas
