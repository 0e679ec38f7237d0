#pragma once
// ChunkedIngest: one file on its way into xorbs. It comes in blocks of a megabyte, and each goes
// down four lanes at once, so that an upload runs at the speed of the slowest and not of their sum:
//
//   caller's thread  cuts a block into chunks, hashes and looks them up, compresses, and lays the
//                    new ones into the open xorb
//   hashers          the sha256 of the same block (hash_behind.h)
//   the backend      writes what was laid down, a block at a time (blob/write_behind.h)
//   committers       makes a full xorb durable while the next one is being filled
//
//   block -> chunks -> known?  yes: the open term grows, or a new one begins
//                      no:     the open xorb gets it; a full xorb is committed
//
// The bytes of a block are copied once: from where they were received to where they are written
// from. The catalog hears of xorbs at finish(), or every gigabyte, and only of durable ones.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/block.h"
#include "base/sync.h"
#include "base/time.h"
#include "cas/catalog.h"
#include "cas/chunker.h"
#include "cas/hash_behind.h"
#include "cas/object_store.h"
#include "cas/xorb.h"
#include "cas/xorb_indexes.h"
#include "rt/behind.h"

namespace embrace::cas {

// What the catalog shall know of a xorb that was stored under `key`.
NewXorb describe_xorb(const XorbIndex& index, const blob::Key& key);

// Where the lanes of all uploads run. Neither waits for the other, nor for itself.
struct IngestPools {
  rt::Pool& hashers;
  rt::Pool& committers;
};

class ChunkedIngest : public Ingest {
 public:
  ChunkedIngest(blob::Backend& backend, Catalog& catalog, XorbIndexes& indexes, IngestPools pools,
                Clock& clock);

  Status write(rt::Blocking, std::string_view bytes) override;
  Status take(rt::Blocking, BlockPtr block) override;
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

  Status take_gathered(rt::Blocking);
  Status take_last(rt::Blocking);
  void cut(std::string_view bytes);
  Status take_chunks(rt::Blocking);
  Status learn_neighbours(rt::Blocking);
  Status learn(rt::Blocking, const ChunkPlace& place, const XetHash& chunk);
  void forget_known();
  std::optional<Place> find_known(const XetHash& chunk) const;
  void add_to_terms(Place place, std::uint64_t bytes);
  Result<Place> store_chunk(rt::Blocking, std::string_view chunk, const XetHash& hash);
  Status end_xorb(rt::Blocking);
  Status wait_for_commits(rt::Blocking);
  Status add_xorbs(rt::Blocking);
  Status add(rt::Blocking, Addition addition);
  Status put_into_catalog(rt::Blocking, const ObjectInfo& info);
  void drop_stored(rt::Blocking);

  blob::Backend& backend_;
  Catalog& catalog_;
  XorbIndexes& indexes_;
  Clock& clock_;
  const Millis begun_ms_;

  BlockPtr gathered_;            // by write()
  BlockPtr last_;                // where open_chunk_ is
  std::string_view open_chunk_;  // the end of the last block: its chunk goes on in the next one
  std::uint64_t size_bytes_ = 0;
  HashBehind sha256_;
  Chunker chunker_;
  MerkleRoot root_;
  std::vector<std::string_view> chunks_;  // of the block
  std::vector<XetHash> hashes_;
  std::optional<XetHash> first_chunk_;  // of the file
  bool is_finished_ = false;

  std::vector<Source> sources_;
  std::unordered_set<XetHash> learned_;  // xorbs of the catalog whose chunks are in known_
  std::unordered_map<XetHash, Place> known_;
  std::vector<OpenTerm> terms_;

  std::shared_ptr<blob::Writer> writer_;  // of the open xorb; null before its first chunk
  std::uint32_t own_source_ = 0;
  XorbWriter xorb_;
  Addition addition_;  // its xorbs may still be on their way to the disk
  rt::Behind commits_;
  std::shared_ptr<Sync<Status>> committed_ = std::make_shared<Sync<Status>>(Done{});
};

}  // namespace embrace::cas
