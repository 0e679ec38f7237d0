#include "cas/chunked_store.h"

#include <algorithm>
#include <iterator>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "cas/chunk_walk.h"
#include "cas/chunked_ingest.h"
#include "cas/hash_behind.h"
#include "cas/xorb_indexes.h"

namespace embrace::cas {

namespace {

constexpr std::size_t kTermsPerLook = 64;
constexpr std::size_t kTermsHeldMax = 16'384;

// They wait for a disk or for S3.
constexpr unsigned kCommittersMax = 8;

unsigned cores() { return std::max(2u, std::thread::hardware_concurrency()); }

Error no_object(const Digest& sha256) {
  return Error(Code::NotFound, cat("there is no object ", sha256.hex()));
}

}  // namespace

ChunkedStore::ChunkedStore(blob::Backend& backend, Catalog& catalog, Clock& clock)
    : backend_(backend),
      catalog_(catalog),
      clock_(clock),
      parts_(backend, *this),
      indexes_(std::make_unique<XorbIndexes>(backend)),
      readers_("readers", cores()),
      hashers_("hashers", cores()),
      committers_("committers", kCommittersMax) {}

ChunkedStore::~ChunkedStore() = default;

Result<FileRow> ChunkedStore::find_row(rt::Blocking blocking, const Digest& sha256) {
  EMB_TRY(auto row, catalog_.find_sha256(blocking, sha256));
  if (!row) return fail(no_object(sha256));
  return *std::move(row);
}

Result<ObjectInfo> ChunkedStore::find(rt::Blocking blocking, const Digest& sha256) {
  EMB_TRY(const FileRow row, find_row(blocking, sha256));
  return ObjectInfo{.sha256 = row.sha256, .size_bytes = row.size_bytes};
}

Result<std::unique_ptr<ChunkWalk>> ChunkedStore::walk(rt::Blocking blocking, const Digest& sha256,
                                                      std::uint64_t offset, std::uint64_t length) {
  EMB_TRY(const FileRow row, find_row(blocking, sha256));
  if (offset > row.size_bytes || length > row.size_bytes - offset) {
    return fail(Error(Code::RangeInvalid, cat("the object has ", row.size_bytes, " bytes"))
                    .with("size", cat(row.size_bytes)));
  }
  EMB_TRY(auto terms, terms_for(blocking, row.id, offset, length));
  return std::make_unique<ChunkWalk>(backend_, *indexes_, std::move(terms), offset, length);
}

Result<rt::Content> ChunkedStore::open(rt::Blocking blocking, const Digest& sha256,
                                       std::uint64_t offset, std::uint64_t length) {
  EMB_TRY(auto opened, walk(blocking, sha256, offset, length));
  // The first pieces are taken now: what is missing becomes an error, not a response that breaks
  // off, and what was opened stays readable.
  EMB_TRY(auto first, opened->next(blocking));
  return rt::Content(std::make_unique<WalkSource>(readers_, std::move(opened), std::move(first)),
                     length);
}

Result<std::string> ChunkedStore::read(rt::Blocking blocking, const Digest& sha256,
                                       std::uint64_t offset, std::uint64_t length) {
  EMB_TRY(const auto opened, walk(blocking, sha256, offset, length));
  std::string bytes;
  EMB_DO(read_walk(blocking, *opened, [&](std::string_view piece) -> Status {
    bytes += piece;
    return Done{};
  }));
  return bytes;
}

ChunkedStore::Terms ChunkedStore::terms_of(std::int64_t file_id) {
  return [this, file_id](rt::Blocking blocking, std::uint64_t offset) {
    return catalog_.terms(blocking, file_id, offset, kTermsPerLook);
  };
}

// The terms of the range are fetched now, so that the bytes stay readable when the file is removed
// meanwhile (its xorbs live for weeks more). Only a file in very many pieces is looked up later.
Result<ChunkedStore::Terms> ChunkedStore::terms_for(rt::Blocking blocking, std::int64_t file_id,
                                                    std::uint64_t offset, std::uint64_t length) {
  std::vector<Term> terms;
  std::uint64_t covered = offset;
  while (covered < offset + length && terms.size() < kTermsHeldMax) {
    EMB_TRY(auto more, catalog_.terms(blocking, file_id, covered, kTermsPerLook));
    if (more.empty()) break;
    covered = more.back().file_offset + more.back().unpacked_bytes;
    std::ranges::move(more, std::back_inserter(terms));
  }
  return Terms(
      [later = terms_of(file_id), covered, held = std::move(terms)](
          rt::Blocking later_blocking, std::uint64_t at) mutable -> Result<std::vector<Term>> {
        if (at >= covered) return later(later_blocking, at);
        return std::exchange(held, {});
      });
}

Result<std::unique_ptr<Ingest>> ChunkedStore::create(rt::Blocking) {
  return std::make_unique<ChunkedIngest>(
      backend_, catalog_, *indexes_, IngestPools{.hashers = hashers_, .committers = committers_},
      clock_);
}

Result<std::unique_ptr<Ingest>> ChunkedStore::create_part(rt::Blocking blocking,
                                                          std::string_view upload,
                                                          unsigned number) {
  return parts_.create(blocking, upload, number);
}

Result<ObjectInfo> ChunkedStore::complete_parts(rt::Blocking blocking, std::string_view upload,
                                                unsigned count, ObjectInfo expected) {
  return parts_.complete(blocking, upload, count, expected);
}

Status ChunkedStore::drop_parts(rt::Blocking blocking, std::string_view upload) {
  return parts_.drop(blocking, upload);
}

Result<std::uint64_t> ChunkedStore::part_size(rt::Blocking blocking, std::string_view upload,
                                              unsigned number) {
  return parts_.size(blocking, upload, number);
}

Result<std::size_t> ChunkedStore::drop_stale_parts(rt::Blocking blocking, Millis since_ms) {
  return parts_.drop_stale(blocking, since_ms);
}

Result<std::vector<ObjectInfo>> ChunkedStore::list(rt::Blocking blocking,
                                                   std::optional<Digest> after, std::size_t limit) {
  EMB_TRY(const auto rows, catalog_.list_files(blocking, after, limit));
  std::vector<ObjectInfo> out;
  out.reserve(rows.size());
  for (const FileRow& row : rows)
    out.push_back({.sha256 = row.sha256, .size_bytes = row.size_bytes});
  return out;
}

Status ChunkedStore::remove(rt::Blocking blocking, const Digest& sha256) {
  return catalog_.remove_sha256(blocking, sha256, clock_.now_ms());
}

Status ChunkedStore::verify(rt::Blocking blocking, const Digest& sha256) {
  EMB_TRY(const FileRow row, find_row(blocking, sha256));
  ChunkWalk walk(backend_, *indexes_, terms_of(row.id), 0, row.size_bytes);
  HashBehind hash(hashers_);
  auto read = read_walk_in_blocks(blocking, walk, [&](BlockPtr block) -> Status {
    hash.add(blocking, std::move(block));
    return Done{};
  });
  if (!read) return fail(std::move(read).error().while_doing(cat("read ", sha256.hex())));
  const Digest got = hash.finish(blocking);
  if (got == sha256) return Done{};
  return fail(Code::Corrupt, cat("the object ", sha256.hex(), " hashes to ", got.hex()));
}

Result<XorbRow> ChunkedStore::find_xorb(rt::Blocking blocking, const XetHash& hash) {
  EMB_TRY(auto row, catalog_.find_xorb(blocking, hash));
  if (!row) return fail(Code::NotFound, cat("there is no xorb ", hash.text()));
  return *std::move(row);
}

Result<FileRow> ChunkedStore::find_file(rt::Blocking blocking, const XetHash& hash) {
  EMB_TRY(auto row, catalog_.find_file(blocking, hash));
  if (!row) return fail(Code::NotFound, cat("there is no file ", hash.text()));
  return *std::move(row);
}

Result<std::vector<XetHash>> ChunkedStore::xet_hashes(rt::Blocking blocking,
                                                      std::span<const Digest> sha256s) {
  return catalog_.hashes_of(blocking, sha256s);
}

Result<rt::Content> ChunkedStore::open_xorb(rt::Blocking blocking, const XetHash& hash,
                                            std::uint64_t offset, std::uint64_t length) {
  EMB_TRY(const XorbRow row, find_xorb(blocking, hash));
  if (offset > row.stored_bytes || length > row.stored_bytes - offset) {
    return fail(Error(Code::RangeInvalid, cat("the xorb has ", row.stored_bytes, " bytes"))
                    .with("size", cat(row.stored_bytes)));
  }
  EMB_TRY(const auto key, blob::Key::parse(row.key));
  return backend_.open(blocking, key, offset, length);
}

Result<std::size_t> ChunkedStore::adopt_whole_objects(rt::Blocking blocking) {
  std::size_t adopted = 0;
  for (;;) {
    EMB_TRY(const blob::Listing page, backend_.list(blocking, "lfs/", "", 100));
    for (const auto& item : page.items) {
      const std::string_view text = item.key.text();
      const auto sha256 = Digest::parse(text.substr(text.rfind('/') + 1));
      if (!sha256) return fail(Code::Corrupt, cat(text, " is no object: move it out of lfs/"));
      EMB_TRY(const auto ingest, create(blocking));
      EMB_DO(backend_.read(blocking, item.key, 0, item.stat.size_bytes,
                           [&](std::string_view piece) { return ingest->write(blocking, piece); }));
      EMB_DO(ingest->finish(blocking,
                            ObjectInfo{.sha256 = *sha256, .size_bytes = item.stat.size_bytes}));
      EMB_DO(backend_.remove(blocking, item.key));
      ++adopted;
    }
    if (page.items.empty()) return adopted;
    log::info("took whole files into the chunked store", {{"files", adopted}});
  }
}

}  // namespace embrace::cas
