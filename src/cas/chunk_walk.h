#pragma once
// ChunkWalk reads a file's bytes out of its xorbs, in order, a few megabytes at a time: parts of
// files where a chunk is stored as it is on a local disk, decoded text everywhere else.
//
// Threads: one at a time. Ownership: backend, indexes and the terms' feed outlive it.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/block.h"
#include "blob/backend.h"
#include "cas/catalog.h"
#include "cas/xorb_indexes.h"
#include "rt/content.h"
#include "rt/pool.h"

namespace embrace::cas {

class ChunkWalk {
 public:
  using Piece = rt::PieceSource::Piece;
  // Terms that hold bytes at or after an offset, some of them; none means that there are none.
  using Terms = std::function<Result<std::vector<Term>>(rt::Blocking, std::uint64_t offset)>;

  ChunkWalk(blob::Backend& backend, XorbIndexes& indexes, Terms terms, std::uint64_t offset,
            std::uint64_t length);

  // The next pieces; none at the end. Corrupt when the terms or xorbs do not hold what they should.
  Result<std::vector<Piece>> next(rt::Blocking);

 private:
  struct OpenXorb {
    std::string key;
    std::shared_ptr<const XorbIndex> index;
    std::shared_ptr<const File> file;  // null when the backend is not a local folder
    std::uint64_t file_offset = 0;     // where the xorb begins in it
  };

  Status move_to_term(rt::Blocking);
  Result<OpenXorb> open(rt::Blocking, const XorbRow& row);
  bool is_sliceable(std::uint32_t chunk) const;
  void add_slice(std::vector<Piece>& pieces);
  Status add_decoded(rt::Blocking, std::vector<Piece>& pieces, std::uint64_t bytes_max);
  void step_over_chunk();
  std::uint64_t chunk_begin(std::uint32_t chunk) const;  // in the file
  std::uint64_t chunk_end(std::uint32_t chunk) const;

  blob::Backend& backend_;
  XorbIndexes& indexes_;
  Terms feed_;
  std::uint64_t at_;
  const std::uint64_t end_;

  std::vector<Term> terms_;  // fetched, from term_ on still to be read
  std::size_t term_ = 0;
  bool is_in_term_ = false;
  std::uint32_t chunk_ = 0;  // of the current term's xorb
  OpenXorb xorb_;
  std::vector<OpenXorb> recent_;  // files jump between a few xorbs
  std::size_t opened_ = 0;        // in this step
  Decoder decoder_;
  std::string stored_;  // records to be decoded
};

// The walk as the body of a response.
class WalkSource final : public rt::PieceSource {
 public:
  // `first`: what the walk has given already.
  WalkSource(rt::Pool& pool, std::unique_ptr<ChunkWalk> walk, std::vector<Piece> first)
      : pool_(pool), walk_(std::move(walk)), first_(std::move(first)) {}
  Task<Result<std::vector<Piece>>> next() override;

 private:
  rt::Pool& pool_;
  std::unique_ptr<ChunkWalk> walk_;
  std::vector<Piece> first_;
};

// All bytes of the walk on this thread, in order; stops at the first error of `take`. The second
// one reads into full blocks (the last may be short), for who hands them on.
Status read_walk(rt::Blocking, ChunkWalk& walk,
                 const std::function<Status(std::string_view)>& take);
Status read_walk_in_blocks(rt::Blocking, ChunkWalk& walk,
                           const std::function<Status(BlockPtr)>& take);

}  // namespace embrace::cas
