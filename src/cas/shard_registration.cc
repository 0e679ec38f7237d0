// ChunkedStore's door for shards. Nothing that a shard says is believed: ranges have to be proven
// by the hash of their chunk hashes (so nobody refers to bytes that they never held), hashes are
// computed again from our own lists, and the sha256 from the bytes.

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/strings.h"
#include "cas/chunk_walk.h"
#include "cas/chunked_store.h"
#include "cas/hash_behind.h"
#include "cas/healing.h"

namespace embrace::cas {

namespace {

// A shard of 64 MiB can name the same xorb a million times. What clients send has a chunk for every
// 8 KiB at least, and this many are half a terabyte of those.
constexpr std::uint64_t kShardFileChunksMax = 1 << 26;
// A plan for a file takes memory with every term. Chunks of 8 KiB and more can't come below this.
constexpr std::size_t kTermsOfAnyLength = 1024;
constexpr std::uint64_t kMeanTermBytesMin = 4096;
// What one shard may make us read and hash, in files of the largest size. Files that are known
// already cost nothing, however many there are.
constexpr std::uint64_t kLargestFilesHashedMax = 4;

struct KnownXorb {
  XorbRow row;
  std::shared_ptr<const XorbIndex> index;
};

class Registration {
 public:
  Registration(blob::Backend& backend, Catalog& catalog, XorbIndexes& indexes, rt::Pool& hashers,
               std::uint64_t bytes_max, const ChunkedStore::Progress& progress)
      : backend_(backend),
        catalog_(catalog),
        indexes_(indexes),
        hashers_(hashers),
        bytes_max_(bytes_max),
        progress_(progress) {}

  Result<Addition> check(rt::Blocking blocking, const Shard& shard) {
    EMB_DO(check_effort(shard));
    for (const ShardXorb& xorb : shard.xorbs) EMB_DO(check_xorb(blocking, xorb));
    std::vector<std::vector<Term>> terms;
    for (const ShardFile& file : shard.files) {
      EMB_TRY(auto checked, check_file(blocking, file));
      EMB_DO(find_sha256(blocking, file.hash, size_of(checked)));
      terms.push_back(std::move(checked));
    }
    if (total_ > kLargestFilesHashedMax * bytes_max_)
      return fail(Code::TooLarge, cat("the new files of one shard may have ",
                                      kLargestFilesHashedMax * bytes_max_, " bytes, not ", total_));
    for (std::size_t i = 0; i < shard.files.size(); ++i)
      EMB_DO(add_file(blocking, shard.files[i], terms[i]));
    return std::move(addition_);
  }

 private:
  // Before anything is read or hashed. That lengths are what is claimed is checked later.
  Status check_effort(const Shard& shard) const {
    std::uint64_t chunks = 0;
    for (const ShardFile& file : shard.files) {
      std::uint64_t bytes = 0;
      for (const ShardSegment& segment : file.segments) {
        bytes += segment.unpacked_bytes;
        chunks += segment.chunk_last - std::min(segment.chunk_first, segment.chunk_last);
      }
      if (bytes > bytes_max_)
        return fail(Code::TooLarge, cat("a file of ", bytes,
                                        " bytes is larger than this server "
                                        "takes (",
                                        bytes_max_, " bytes)"));
    }
    if (chunks <= kShardFileChunksMax) return Done{};
    return fail(Code::TooLarge, cat("the files of one shard may have ", kShardFileChunksMax,
                                    " chunks, not ", chunks));
  }

  // Of a file that is known; what has to be computed is counted, once for each file.
  Status find_sha256(rt::Blocking blocking, const XetHash& file, std::uint64_t size) {
    const auto [at, is_first] = sha256s_.try_emplace(file);
    if (!is_first) return Done{};
    EMB_TRY(const auto there, catalog_.find_file(blocking, file));
    if (there) {
      at->second = there->sha256;
    } else {
      total_ += size;
    }
    return Done{};
  }

  // Rows are kept, indexes are not: those of a shard that names very many xorbs are read again.
  Result<KnownXorb> find(rt::Blocking blocking, const XetHash& hash) {
    auto found = rows_.find(hash);
    if (found == rows_.end()) {
      EMB_TRY(auto row, catalog_.find_xorb(blocking, hash));
      if (!row || !is_whole(blocking, backend_, *row))
        return fail(Code::Unusable, cat("the xorb ", hash.text(),
                                        " is not here; upload it before the shard. A client that "
                                        "remembers it from earlier has to forget its Xet cache"));
      found = rows_.emplace(hash, *std::move(row)).first;
    }
    EMB_TRY(auto index, indexes_.get(blocking, found->second));
    return KnownXorb{.row = found->second, .index = std::move(index)};
  }

  Status check_xorb(rt::Blocking blocking, const ShardXorb& claimed) {
    EMB_TRY(const KnownXorb known, find(blocking, claimed.hash));
    const auto& stored = known.index->chunks;
    bool is_same = claimed.chunks.size() == stored.size();
    // Each is a row for weeks; tiny chunks buy none.
    std::uint64_t marks_left = 1 + known.index->unpacked_bytes() / kChunkBytesMin;
    for (std::uint32_t i = 0; is_same && i < stored.size(); ++i) {
      const ByteSpan span = known.index->unpacked_span(i, i + 1);
      is_same = claimed.chunks[i].hash == stored[i].hash &&
                claimed.chunks[i].unpacked_offset == span.offset &&
                claimed.chunks[i].unpacked_bytes == span.length;
      if (is_same && claimed.chunks[i].is_for_dedupe && !is_landmark(stored[i].hash) &&
          marks_left > 0) {
        --marks_left;
        addition_.extras.push_back({claimed.hash, {stored[i].hash, i}});
      }
    }
    if (is_same) return Done{};
    return fail(Code::Unusable,
                cat("the shard lists other chunks for xorb ", claimed.hash.text(), " than it has"));
  }

  // What the file is made of, proven.
  Result<std::vector<Term>> check_file(rt::Blocking blocking, const ShardFile& file) {
    const auto refuse = [&](std::string_view why) {
      return fail(Code::Unusable, cat("file ", file.hash.text(), ": ", why));
    };
    if (file.range_hashes.size() != file.segments.size())
      return refuse("every segment needs its verification hash");
    std::vector<Term> terms;
    MerkleRoot root;
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i < file.segments.size(); ++i) {
      const ShardSegment& segment = file.segments[i];
      EMB_TRY(const KnownXorb known, find(blocking, segment.xorb));
      if (segment.chunk_first >= segment.chunk_last || segment.chunk_last > known.index->count())
        return refuse("a segment names chunks that its xorb does not have");
      const std::uint64_t bytes =
          known.index->unpacked_span(segment.chunk_first, segment.chunk_last).length;
      if (bytes != segment.unpacked_bytes)
        return refuse("a segment's length is not that of its chunks");
      if (known.index->range_hash(segment.chunk_first, segment.chunk_last) != file.range_hashes[i])
        return refuse("a verification hash is not that of its chunks");
      for (std::uint32_t chunk = segment.chunk_first; chunk < segment.chunk_last; ++chunk)
        root.add(known.index->chunks[chunk].hash,
                 known.index->unpacked_span(chunk, chunk + 1).length);
      terms.push_back({.xorb = known.row,
                       .chunk_first = segment.chunk_first,
                       .chunk_last = segment.chunk_last,
                       .file_offset = offset,
                       .unpacked_bytes = bytes});
      offset += bytes;
    }
    if (terms.size() > kTermsOfAnyLength && offset / terms.size() < kMeanTermBytesMin)
      return refuse("it is cut into too many pieces that are too small");
    if (file_hash_of(root.finish()) != file.hash)
      return refuse("its segments do not make a file of this hash");
    return terms;
  }

  static std::uint64_t size_of(const std::vector<Term>& terms) {
    return terms.empty() ? 0 : terms.back().file_offset + terms.back().unpacked_bytes;
  }

  Status add_file(rt::Blocking blocking, const ShardFile& file, const std::vector<Term>& terms) {
    const std::uint64_t size = size_of(terms);
    std::optional<Digest>& known = sha256s_.at(file.hash);
    if (!known) {
      EMB_TRY(known, compute_sha256(blocking, terms, size));
      verified_ += size;
      if (progress_) progress_(verified_, total_);
    }
    const Digest sha256 = *known;
    // The empty file may come with a sha256 of zeros.
    if (file.sha256 && *file.sha256 != sha256 && size > 0) {
      return fail(Code::Unusable, cat("file ", file.hash.text(), " hashes to ", sha256.hex(),
                                      ", not ", file.sha256->hex()));
    }
    if (!added_.insert(file.hash).second) return Done{};  // named twice
    NewFile added{.hash = file.hash, .sha256 = sha256, .size_bytes = size, .terms = {}};
    for (const Term& term : terms)
      added.terms.push_back(
          {term.xorb.hash, term.chunk_first, term.chunk_last, term.unpacked_bytes});
    if (!terms.empty()) {
      const auto& first = terms.front();
      EMB_TRY(const auto index, indexes_.get(blocking, first.xorb));
      addition_.extras.push_back(
          {first.xorb.hash, {index->chunks[first.chunk_first].hash, first.chunk_first}});
    }
    addition_.files.push_back(std::move(added));
    return Done{};
  }

  // Reading and decoding on this thread, hashing on another.
  Result<Digest> compute_sha256(rt::Blocking blocking, const std::vector<Term>& terms,
                                std::uint64_t size) {
    ChunkWalk walk(
        backend_, indexes_,
        [&terms](rt::Blocking, std::uint64_t offset) -> Result<std::vector<Term>> {
          const auto found = std::ranges::upper_bound(terms, offset, {}, [](const Term& term) {
            return term.file_offset + term.unpacked_bytes;
          });
          return std::vector<Term>(found, std::min(found + 64, terms.end()));
        },
        0, size);
    HashBehind hash(hashers_);
    std::uint64_t done = 0;
    EMB_DO(read_walk_in_blocks(blocking, walk, [&](BlockPtr block) -> Status {
      done += block->bytes().size();
      hash.add(blocking, std::move(block));
      if (progress_) progress_(verified_ + done, total_);
      return Done{};
    }));
    return hash.finish(blocking);
  }

  blob::Backend& backend_;
  Catalog& catalog_;
  XorbIndexes& indexes_;
  rt::Pool& hashers_;
  const std::uint64_t bytes_max_;
  const ChunkedStore::Progress& progress_;
  std::unordered_map<XetHash, XorbRow> rows_;
  std::unordered_map<XetHash, std::optional<Digest>> sha256s_;  // of the files
  std::unordered_set<XetHash> added_;
  Addition addition_;
  std::uint64_t total_ = 0;  // to be hashed
  std::uint64_t verified_ = 0;
};

}  // namespace

Result<std::vector<FileRow>> ChunkedStore::register_shard(rt::Blocking blocking,
                                                          std::string_view bytes,
                                                          std::uint64_t bytes_max,
                                                          const Progress& progress) {
  EMB_TRY(const Shard shard, parse_shard(bytes));
  Registration registration(backend_, catalog_, *indexes_, hashers_, bytes_max, progress);
  EMB_TRY(const Addition addition, registration.check(blocking, shard));
  EMB_TRY(Added added, catalog_.add(blocking, addition, clock_.now_ms()));
  return std::move(added.files);
}

}  // namespace embrace::cas
