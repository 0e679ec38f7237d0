#include "cas/chunked_ingest.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "cas/collection.h"
#include "cas/expectation.h"
#include "cas/healing.h"
#include "cas/xorb_key.h"

namespace embrace::cas {

namespace {

// A block is large enough that a look into the catalog costs nothing beside it and that neighbours
// before a landmark are found, and small enough to stay in a core's cache from cutting to writing.
static_assert(Block::kFrontBytes >= kChunkBytesMax);
// Of what one file's chunks are compared with: about 80 bytes each.
constexpr std::size_t kKnownChunksMax = 128 << 10;
constexpr std::size_t kXorbsPerAddition = 16;  // 1 GiB
constexpr std::size_t kCommitsHeld = 2;
// A file this large rests after its upload more often than not, and whoever reads it soon reads it
// from the disk once.
constexpr std::uint64_t kCachedBytesMax = 64 << 20;

}  // namespace

NewXorb describe_xorb(const XorbIndex& index, const blob::Key& key) {
  NewXorb xorb{.hash = index.hash,
               .key = key.text(),
               .chunk_count = index.count(),
               .stored_bytes = index.stored_bytes(),
               .unpacked_bytes = index.unpacked_bytes(),
               .landmarks = {}};
  for (std::uint32_t position = 0; position < index.count(); ++position) {
    const XetHash& hash = index.chunks[position].hash;
    if (is_landmark(hash)) xorb.landmarks.push_back({.chunk = hash, .position = position});
  }
  return xorb;
}

ChunkedIngest::ChunkedIngest(blob::Backend& backend, Catalog& catalog, XorbIndexes& indexes,
                             IngestPools pools, Clock& clock)
    : backend_(backend),
      catalog_(catalog),
      indexes_(indexes),
      clock_(clock),
      begun_ms_(clock.now_ms()),
      sha256_(pools.hashers),
      commits_(pools.committers, kCommitsHeld) {}

Status ChunkedIngest::write(rt::Blocking blocking, std::string_view bytes) {
  EMB_CHECK(!is_finished_, "nothing is written after finish");
  while (!bytes.empty()) {
    if (!gathered_) gathered_ = Block::make();
    bytes.remove_prefix(gathered_->append(bytes));
    if (gathered_->is_full()) EMB_DO(take_gathered(blocking));
  }
  return Done{};
}

Status ChunkedIngest::take_gathered(rt::Blocking blocking) {
  if (!gathered_) return Done{};
  return take(blocking, std::exchange(gathered_, nullptr));
}

Status ChunkedIngest::take(rt::Blocking blocking, BlockPtr block) {
  EMB_CHECK(!is_finished_, "nothing is taken after finish");
  EMB_DO(take_gathered(blocking));
  size_bytes_ += block->bytes().size();
  sha256_.add(blocking, block);
  cut(block->behind(open_chunk_));
  last_ = std::move(block);
  EMB_DO(take_chunks(blocking));
  return Done{};
}

// Into the chunks that end in these bytes, which begin with the open one.
void ChunkedIngest::cut(std::string_view bytes) {
  chunks_.clear();
  std::size_t begin = 0;
  std::size_t at = open_chunk_.size();
  while (at < bytes.size()) {
    const Chunker::Step step = chunker_.next(bytes.substr(at));
    at += step.taken;
    if (!step.is_cut) continue;
    chunks_.push_back(bytes.substr(begin, at - begin));
    begin = at;
  }
  open_chunk_ = bytes.substr(begin);
}

Status ChunkedIngest::take_chunks(rt::Blocking blocking) {
  hashes_.resize(chunks_.size());
  hash_chunks(chunks_, hashes_);
  EMB_DO(learn_neighbours(blocking));
  if (!first_chunk_ && !hashes_.empty()) first_chunk_ = hashes_.front();
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    root_.add(hashes_[i], chunks_[i].size());
    auto place = find_known(hashes_[i]);
    if (!place) {
      EMB_TRY(place, store_chunk(blocking, chunks_[i], hashes_[i]));
    }
    add_to_terms(*place, chunks_[i].size());
  }
  return Done{};
}

// Looks the block's landmarks up, and reads the lists of the xorbs that hold them.
Status ChunkedIngest::learn_neighbours(rt::Blocking blocking) {
  std::vector<XetHash> asked;
  for (std::size_t i = 0; i < hashes_.size(); ++i) {
    const bool is_first_of_file = !first_chunk_ && i == 0;
    if ((is_landmark(hashes_[i]) || is_first_of_file) && !known_.contains(hashes_[i]))
      asked.push_back(hashes_[i]);
  }
  if (asked.empty()) return Done{};
  EMB_TRY(const auto places, catalog_.find_chunks(blocking, asked));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (places[i]) EMB_DO(learn(blocking, *places[i], asked[i]));
  }
  return Done{};
}

Status ChunkedIngest::learn(rt::Blocking blocking, const ChunkPlace& place, const XetHash& chunk) {
  if (learned_.contains(place.xorb.hash)) return Done{};
  // An upload must not fail because an older xorb is damaged: its chunks are stored again.
  if (!is_whole(blocking, backend_, place.xorb)) {
    log::warn("a xorb is lost: its blob is gone, or has another length", {{"key", place.xorb.key}});
    learned_.insert(place.xorb.hash);  // and is not asked about again
    return forget_if_unused(blocking, backend_, catalog_, place.xorb);
  }
  auto index = indexes_.get(blocking, place.xorb);
  if (!index) {
    log::warn("a xorb can't be used for deduplication",
              {{"key", place.xorb.key}, {"error", index.error().message()}});
    return Done{};
  }
  if (place.position >= (*index)->count() || (*index)->chunks[place.position].hash != chunk)
    return Done{};  // another chunk whose hash begins alike
  const Millis now = clock_.now_ms();
  if (needs_touch(place.xorb, now)) {
    auto touched = catalog_.touch_xorb(blocking, place.xorb.id, now);
    if (!touched && touched.error().code() == Code::NotFound) return Done{};  // collected just now
    EMB_DO(touched);
  }
  if (known_.size() + (*index)->count() > kKnownChunksMax) forget_known();
  const auto source = static_cast<std::uint32_t>(sources_.size());
  sources_.push_back({.hash = place.xorb.hash, .index = *index});
  learned_.insert(place.xorb.hash);
  for (std::uint32_t position = 0; position < (*index)->count(); ++position)
    known_.try_emplace((*index)->chunks[position].hash, Place{source, position});
  return Done{};
}

void ChunkedIngest::forget_known() {
  known_.clear();
  learned_.clear();
  // A list of chunks can be as large as 8000 of them, and only find_known() asks for one again.
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (terms_.empty() || i != terms_.back().source) sources_[i].index = nullptr;
  }
}

// A chunk may be in several xorbs: the one that goes on from the last chunk keeps terms long.
std::optional<ChunkedIngest::Place> ChunkedIngest::find_known(const XetHash& chunk) const {
  if (!terms_.empty()) {
    const OpenTerm& last = terms_.back();
    const auto& index = sources_[last.source].index;
    if (index && last.chunk_last < index->count() && index->chunks[last.chunk_last].hash == chunk)
      return Place{last.source, last.chunk_last};
  }
  const auto found = known_.find(chunk);
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

void ChunkedIngest::add_to_terms(Place place, std::uint64_t bytes) {
  constexpr std::uint64_t kTermBytesMax = UINT32_MAX;  // the protocol's field for it
  if (!terms_.empty() && terms_.back().source == place.source &&
      terms_.back().chunk_last == place.position &&
      terms_.back().unpacked_bytes + bytes <= kTermBytesMax) {
    ++terms_.back().chunk_last;
    terms_.back().unpacked_bytes += bytes;
    return;
  }
  terms_.push_back({place.source, place.position, place.position + 1, bytes});
}

Result<ChunkedIngest::Place> ChunkedIngest::store_chunk(rt::Blocking blocking,
                                                        std::string_view chunk,
                                                        const XetHash& hash) {
  if (writer_ && !xorb_.has_room_for(chunk.size())) EMB_DO(end_xorb(blocking));
  if (!writer_) {
    EMB_TRY(writer_, backend_.create(blocking));
    if (size_bytes_ > kCachedBytesMax) writer_->expect_no_reader();
    own_source_ = static_cast<std::uint32_t>(sources_.size());
    sources_.emplace_back();
  }
  const Place place{own_source_, xorb_.count()};
  const XorbWriter::Record record = xorb_.add(chunk, hash);
  EMB_DO(writer_->write(blocking, record.header_text()));
  EMB_DO(writer_->write(blocking, record.payload));
  if (known_.size() >= kKnownChunksMax) forget_known();
  known_.emplace(hash, place);
  return place;
}

Status ChunkedIngest::end_xorb(rt::Blocking blocking) {
  const XorbIndex index = xorb_.finish();
  EMB_DO(writer_->write(blocking, serialize_footer(index)));
  const blob::Key key = new_xorb_key(index.hash);
  sources_[own_source_].hash = index.hash;
  addition_.xorbs.push_back(describe_xorb(index, key));
  commits_.add(blocking, [writer = std::exchange(writer_, nullptr), done = committed_,
                          key](rt::Blocking committing) {
    // After a failure nothing more is kept: the upload has failed.
    if (!done->with([](const Status& earlier) { return earlier.has_value(); })) return;
    Status now = writer->commit(committing, key);
    if (!now) done->with([&](Status& status) { status = std::move(now); });
  });
  return addition_.xorbs.size() < kXorbsPerAddition ? Status(Done{}) : add_xorbs(blocking);
}

Status ChunkedIngest::wait_for_commits(rt::Blocking blocking) {
  commits_.wait(blocking);
  return committed_->with([](const Status& done) { return done; });
}

// Of a very large file: one transaction for all of its xorbs would keep every other writer waiting.
// Should the upload fail, the collection finds that no file uses them.
Status ChunkedIngest::add_xorbs(rt::Blocking blocking) {
  EMB_DO(wait_for_commits(blocking));
  return add(blocking, std::exchange(addition_, {}));
}

// Ours no more, also when this fails: the answer to a commit can be lost after the commit was done,
// and then rows name these blobs.
Status ChunkedIngest::add(rt::Blocking blocking, Addition addition) {
  EMB_DO(add_and_heal(blocking, backend_, catalog_, addition, clock_.now_ms()));
  return Done{};
}

// The chunk that is open at the end ends there.
Status ChunkedIngest::take_last(rt::Blocking blocking) {
  EMB_DO(take_gathered(blocking));
  chunks_.clear();
  if (!open_chunk_.empty()) chunks_.push_back(std::exchange(open_chunk_, {}));
  return take_chunks(blocking);
}

Result<ObjectInfo> ChunkedIngest::finish(rt::Blocking blocking,
                                         std::optional<ObjectInfo> expected) {
  EMB_CHECK(!is_finished_, "an Ingest is finished once");
  Status done = take_last(blocking);
  is_finished_ = true;
  const ObjectInfo info{.sha256 = sha256_.finish(blocking), .size_bytes = size_bytes_};
  if (done && expected) done = check_expectation(info, *expected);
  if (done) done = put_into_catalog(blocking, info);
  if (!done) {
    drop_stored(blocking);
    return fail(std::move(done).error());
  }
  return info;
}

Status ChunkedIngest::put_into_catalog(rt::Blocking blocking, const ObjectInfo& info) {
  EMB_TRY(const auto there, catalog_.find_sha256(blocking, info.sha256));
  if (there) {
    EMB_TRY(const bool whole, is_whole(blocking, backend_, catalog_, *there));
    if (!whole) EMB_DO(drop_damaged(blocking, backend_, catalog_, *there, clock_.now_ms()));
    EMB_TRY(const bool is_kept, catalog_.touch_sha256(blocking, info.sha256, clock_.now_ms()));
    if (is_kept) {
      drop_stored(blocking);
      return Done{};
    }
  }
  if (clock_.now_ms() - begun_ms_ > kUploadLastsMax)
    return fail(Code::Unusable, "The upload took longer than five days: send the file again.");
  if (writer_) EMB_DO(end_xorb(blocking));
  EMB_DO(wait_for_commits(blocking));
  NewFile file{.hash = file_hash_of(root_.finish()),
               .sha256 = info.sha256,
               .size_bytes = info.size_bytes,
               .terms = {}};
  for (const OpenTerm& term : terms_) {
    file.terms.push_back({.xorb = sources_[term.source].hash,
                          .chunk_first = term.chunk_first,
                          .chunk_last = term.chunk_last,
                          .unpacked_bytes = term.unpacked_bytes});
  }
  if (first_chunk_) {
    addition_.extras.push_back(
        {.xorb = file.terms.front().xorb,
         .landmark = {.chunk = *first_chunk_, .position = file.terms.front().chunk_first}});
  }
  addition_.files.push_back(std::move(file));
  return add(blocking, std::exchange(addition_, {}));
}

// Best effort: what stays is named by nothing, and the collection removes it.
void ChunkedIngest::drop_stored(rt::Blocking blocking) {
  writer_ = nullptr;
  (void)wait_for_commits(blocking);
  std::vector<std::string> keys;
  for (auto& xorb : addition_.xorbs) keys.push_back(std::move(xorb.key));
  addition_.xorbs.clear();
  remove_spare_xorbs(blocking, backend_, keys);
}

}  // namespace embrace::cas
