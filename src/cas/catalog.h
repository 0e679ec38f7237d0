#pragma once
// Catalog: what the chunked store knows about its xorbs and files, and which chunks it can find
// again. The bytes are in blobs; this is everything else, and every change to it is one
// transaction. meta/ keeps it in SQL; cas/ is below SQL and speaks to this face.
//
//   file --terms--> ranges of xorbs --key--> blobs
//   chunk (some of them) --> xorb and position
//
// A xorb that no term names stays until the collection has condemned it, waited, and removed it
// (collection.h). A term that comes to name it meanwhile reprieves it.
//
// Not every chunk is remembered: those whose hash says so (is_landmark), and the first of each
// file. Whoever finds one reads the whole list of its xorb and so knows the neighbours.
//
// Threads: any pool thread, any time. Errors: as a database's.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "cas/xet_hash.h"
#include "rt/blocking.h"

namespace embrace::cas {

// One chunk in sixteen, about one in a megabyte: the memory of a store of 100 TB stays small, and
// what two files share is found after a megabyte at the latest. The protocol's own choice, one in
// 1024, is among them.
inline bool is_landmark(const XetHash& chunk) { return chunk.last_word() % 16 == 0; }

struct XorbRow {
  std::int64_t id = 0;
  XetHash hash;
  std::string key;  // of the blob: records, then the footer
  std::uint32_t chunk_count = 0;
  std::uint64_t stored_bytes = 0;  // records alone
  std::uint64_t unpacked_bytes = 0;
  Millis created_ms = 0;
  Millis used_ms = 0;                  // when a term or a client was last given it
  std::optional<Millis> condemned_ms;  // by the collection
};

// Before somebody is given the xorb: one that was given today needs no row written for it.
inline bool needs_touch(const XorbRow& xorb, Millis now_ms) {
  constexpr Millis kDayMs = 24ll * 3600 * 1000;
  return xorb.condemned_ms || xorb.used_ms < now_ms - kDayMs;
}

struct FileRow {
  std::int64_t id = 0;
  XetHash hash;
  Digest sha256;
  std::uint64_t size_bytes = 0;
  Millis created_ms = 0;
  Millis used_ms = 0;  // when somebody last sent it, or made it part of a repository
};

struct Term {
  XorbRow xorb;  // the whole row: readers need its key and sizes, writers its used_ms
  std::uint32_t chunk_first = 0;
  std::uint32_t chunk_last = 0;  // exclusive
  std::uint64_t file_offset = 0;
  std::uint64_t unpacked_bytes = 0;
};

struct ChunkPlace {
  XorbRow xorb;  // the whole row: readers need its key and sizes, writers its used_ms
  std::uint32_t position = 0;
};

struct Landmark {
  XetHash chunk;
  std::uint32_t position = 0;
};

struct NewXorb {
  XetHash hash;
  std::string key;
  std::uint32_t chunk_count = 0;
  std::uint64_t stored_bytes = 0;
  std::uint64_t unpacked_bytes = 0;
  std::vector<Landmark> landmarks = {};
};

struct NewTerm {
  XetHash xorb;
  std::uint32_t chunk_first = 0;
  std::uint32_t chunk_last = 0;
  std::uint64_t unpacked_bytes = 0;
};

struct NewFile {
  XetHash hash;
  Digest sha256;  // verified by the caller
  std::uint64_t size_bytes = 0;
  std::vector<NewTerm> terms = {};
};

struct Addition {
  std::vector<NewXorb> xorbs = {};
  std::vector<NewFile> files = {};
  // Further chunks worth finding: of xorbs that are there or among `xorbs`.
  struct Extra {
    XetHash xorb;
    Landmark landmark;
  };
  std::vector<Extra> extras = {};
};

// What no catalog takes, whatever it holds: InvalidArgument names the xorb or file and says why.
// Terms are not empty and add up to their file; landmarks lie in their xorb.
Status check_addition(const Addition& addition);
// Why an addition is Unusable: a xorb that it names is not there, or has fewer chunks than named.
Error unknown_xorb(const XetHash& xorb);
Error short_xorb(const XetHash& xorb, std::uint64_t chunk_count, std::uint64_t chunks_named);

struct Added {
  std::vector<FileRow> files;  // as they are in the catalog now, in the order of the addition
  std::vector<std::string>
      spare_keys;  // of xorbs that were there before: these blobs serve nothing
};

struct StorageFigures {
  std::uint64_t files = 0;
  std::uint64_t logical_bytes = 0;  // sum of the files' sizes
  std::uint64_t xorbs = 0;
  std::uint64_t unpacked_bytes = 0;  // of all chunks
  std::uint64_t stored_bytes = 0;    // of all xorbs
};

class Catalog {
 public:
  virtual ~Catalog() = default;

  virtual Result<std::optional<XorbRow>> find_xorb(rt::Blocking, const XetHash& hash) = 0;
  virtual Result<std::optional<FileRow>> find_file(rt::Blocking, const XetHash& hash) = 0;
  // Of several files of these bytes (chunked differently), the first one.
  virtual Result<std::optional<FileRow>> find_sha256(rt::Blocking, const Digest& sha256) = 0;
  // Xet hashes of many files at once, in the order asked; zero for what is unknown or empty.
  virtual Result<std::vector<XetHash>> hashes_of(rt::Blocking, std::span<const Digest> sha256s) = 0;
  // Terms that hold bytes at or after `offset`, in order, at most `limit`.
  virtual Result<std::vector<Term>> terms(rt::Blocking, std::int64_t file_id, std::uint64_t offset,
                                          std::size_t limit) = 0;
  // In the order asked. The catalog compares the first word of a hash: the caller compares the
  // rest, in the xorb's own list.
  virtual Result<std::vector<std::optional<ChunkPlace>>> find_chunks(
      rt::Blocking, std::span<const XetHash> chunks) = 0;

  // All or nothing. A xorb or file that is there already stays as it is, but every xorb and file
  // that the addition names is used now, and no longer condemned. Unusable when a term or an extra
  // names a xorb that is neither there nor in the addition, or chunks that it does not have.
  virtual Result<Added> add(rt::Blocking, const Addition& addition, Millis now_ms) = 0;
  // Clients were told of these xorbs and may refer to them for weeks. Reprieves a condemned one;
  // NotFound when it is gone.
  virtual Status touch_xorb(rt::Blocking, std::int64_t xorb_id, Millis now_ms) = 0;
  // The file (of every chunking) was sent again, and is used now. false: it is not there.
  virtual Result<bool> touch_sha256(rt::Blocking, const Digest& sha256, Millis now_ms) = 0;
  // Drops the file (of every chunking) and its terms; its xorbs count as used until now.
  virtual Status remove_sha256(rt::Blocking, const Digest& sha256, Millis now_ms) = 0;
  virtual Result<std::vector<FileRow>> list_files(rt::Blocking, std::optional<Digest> after,
                                                  std::size_t limit) = 0;  // one per sha256

  // The xorb has lost its blob `lost_key`, and its bytes came again under xorb.key, maybe
  // compressed in another way. false: it has another blob by now, or is gone.
  virtual Result<bool> replace_blob(rt::Blocking, std::int64_t xorb_id, std::string_view lost_key,
                                    const NewXorb& xorb) = 0;
  // Removes the row and the landmarks of a xorb whose blob is lost, if no term names it.
  virtual Result<bool> forget_lost(rt::Blocking, std::int64_t xorb_id,
                                   std::string_view lost_key) = 0;

  // For the collection and the doctor.
  virtual Result<std::vector<XorbRow>> list_xorbs(rt::Blocking, std::int64_t after_id,
                                                  std::size_t limit) = 0;
  virtual Result<std::vector<FileRow>> list_chunkings(rt::Blocking, std::int64_t after_id,
                                                      std::size_t limit) = 0;  // every file row
  virtual Result<std::vector<XorbRow>> unused_xorbs(rt::Blocking, Millis used_before_ms,
                                                    std::int64_t after_id, std::size_t limit) = 0;
  // Condemns it if no term names it and nobody used it since; once condemned, the time stays.
  // false: it is in use after all, or gone.
  virtual Result<bool> condemn_xorb(rt::Blocking, std::int64_t xorb_id, Millis used_before_ms,
                                    Millis now_ms) = 0;
  // Removes the row and its landmarks if it was condemned before `condemned_before_ms` and is still
  // unused. false: reprieved, or gone. The blob is the caller's to remove, afterwards.
  virtual Result<bool> remove_condemned(rt::Blocking, std::int64_t xorb_id,
                                        Millis condemned_before_ms) = 0;
  virtual Result<StorageFigures> figures(rt::Blocking) = 0;  // counts every row: seldom, please
};

}  // namespace embrace::cas
