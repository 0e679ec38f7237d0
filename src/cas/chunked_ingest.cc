#include "cas/chunked_ingest.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "cas/collection.h"
#include "cas/expectation.h"
#include "cas/xorb_key.h"

namespace embrace::cas {

namespace {

// Large enough that a look into the catalog costs nothing beside it and that neighbours before a
// landmark are found, small enough to stay in a core's cache from cutting to writing.
constexpr std::size_t kBlockBytes = 1 << 20;
// Of what one file's chunks are compared with: about 80 bytes each.
constexpr std::size_t kKnownChunksMax = 128 << 10;
constexpr std::size_t kXorbsPerAddition = 16;  // 1 GiB

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
                             Clock& clock)
    : backend_(backend),
      catalog_(catalog),
      indexes_(indexes),
      clock_(clock),
      begun_ms_(clock.now_ms()) {}

Status ChunkedIngest::write(rt::Blocking blocking, std::string_view bytes) {
  EMB_CHECK(!is_finished_, "nothing is written after finish");
  size_bytes_ += bytes.size();
  while (!bytes.empty()) {
    if (!block_) begin_block(bytes.size());
    const std::string_view fits = bytes.substr(0, kBlockBytes - block_->size());
    block_->append(fits);
    bytes.remove_prefix(fits.size());
    if (block_->size() == kBlockBytes) EMB_DO(end_block(blocking, false));
  }
  return Done{};
}

void ChunkedIngest::begin_block(std::size_t bytes_now) {
  if (Piece spent = sha256_.take_spent()) {
    spent->clear();
    block_ = std::move(spent);
    return;
  }
  block_ = std::make_shared<std::string>();
  // A small file asks for what it needs.
  block_->reserve(is_first_block_ ? std::min(bytes_now, kBlockBytes) : kBlockBytes);
}

// The open chunk's bytes move to the front of the next block.
Status ChunkedIngest::end_block(rt::Blocking blocking, bool is_last) {
  sha256_.add(block_, carried_);
  cut(is_last);
  EMB_DO(take_chunks(blocking));
  is_first_block_ = false;
  std::size_t cut_bytes = 0;
  for (const auto chunk : chunks_) cut_bytes += chunk.size();
  // By way of a text of its own: begin_block may hand out this very block again.
  open_chunk_.assign(*block_, cut_bytes);
  block_ = nullptr;
  carried_ = open_chunk_.size();
  if (carried_ > 0) {
    begin_block(kBlockBytes);
    block_->append(open_chunk_);
  }
  return Done{};
}

void ChunkedIngest::cut(bool is_last) {
  chunks_.clear();
  const std::string_view block = *block_;
  std::size_t begin = 0;
  std::size_t at = carried_;
  while (at < block.size()) {
    const Chunker::Step step = chunker_.next(block.substr(at));
    at += step.taken;
    if (!step.is_cut) continue;
    chunks_.push_back(block.substr(begin, at - begin));
    begin = at;
  }
  if (is_last && begin < block.size()) chunks_.push_back(block.substr(begin));
}

Status ChunkedIngest::take_chunks(rt::Blocking blocking) {
  hashes_.resize(chunks_.size());
  hash_chunks(chunks_, hashes_);
  if (!first_chunk_ && !hashes_.empty()) first_chunk_ = hashes_.front();
  EMB_DO(learn_neighbours(blocking));
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
    const bool is_first_of_file = is_first_block_ && i == 0;
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
  auto index = indexes_.get(blocking, place.xorb);
  if (!index) {
    // An upload must not fail because an older xorb is damaged: its chunks are stored again.
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
  constexpr std::size_t kPendingBytes = 512 << 10;
  if (writer_ && !xorb_.has_room_for(chunk.size())) EMB_DO(end_xorb(blocking));
  if (!writer_) {
    EMB_TRY(writer_, backend_.create(blocking));
    own_source_ = static_cast<std::uint32_t>(sources_.size());
    sources_.emplace_back();
  }
  const Place place{own_source_, xorb_.count()};
  xorb_.add(chunk, hash);
  if (known_.size() >= kKnownChunksMax) forget_known();
  known_.emplace(hash, place);
  if (xorb_.pending().size() >= kPendingBytes) EMB_DO(write_pending(blocking));
  return place;
}

Status ChunkedIngest::write_pending(rt::Blocking blocking) {
  EMB_DO(writer_->write(blocking, xorb_.pending()));
  xorb_.clear_pending();
  return Done{};
}

Status ChunkedIngest::end_xorb(rt::Blocking blocking) {
  EMB_DO(write_pending(blocking));
  const XorbIndex index = xorb_.finish();
  EMB_DO(writer_->write(blocking, serialize_footer(index)));
  const blob::Key key = new_xorb_key(index.hash);
  EMB_DO(writer_->commit(blocking, key));
  writer_ = nullptr;
  sources_[own_source_].hash = index.hash;
  addition_.xorbs.push_back(describe_xorb(index, key));
  return addition_.xorbs.size() < kXorbsPerAddition ? Status(Done{}) : add_xorbs(blocking);
}

// Of a very large file: one transaction for all of its xorbs would keep every other writer waiting.
// Should the upload fail, the collection finds that no file uses them.
Status ChunkedIngest::add_xorbs(rt::Blocking blocking) {
  return add(blocking, std::exchange(addition_, {}));
}

// Ours no more, also when this fails: the answer to a commit can be lost after the commit was done,
// and then rows name these blobs.
Status ChunkedIngest::add(rt::Blocking blocking, Addition addition) {
  EMB_TRY(const Added added, catalog_.add(blocking, addition, clock_.now_ms()));
  remove_spare_xorbs(blocking, backend_, added.spare_keys);
  return Done{};
}

Result<ObjectInfo> ChunkedIngest::finish(rt::Blocking blocking,
                                         std::optional<ObjectInfo> expected) {
  EMB_CHECK(!std::exchange(is_finished_, true), "an Ingest is finished once");
  if (block_) EMB_DO(end_block(blocking, true));
  const ObjectInfo info{.sha256 = sha256_.finish(), .size_bytes = size_bytes_};
  Status done = expected ? check_expectation(info, *expected) : Done{};
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
    EMB_TRY(const bool is_kept, catalog_.touch_sha256(blocking, info.sha256, clock_.now_ms()));
    if (is_kept) {
      drop_stored(blocking);
      return Done{};
    }
  }
  if (clock_.now_ms() - begun_ms_ > kUploadLastsMax)
    return fail(Code::Unusable, "The upload took longer than five days: send the file again.");
  if (writer_) EMB_DO(end_xorb(blocking));
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
  std::vector<std::string> keys;
  for (auto& xorb : addition_.xorbs) keys.push_back(std::move(xorb.key));
  addition_.xorbs.clear();
  remove_spare_xorbs(blocking, backend_, keys);
}

void remove_spare_xorbs(rt::Blocking blocking, blob::Backend& backend,
                        const std::vector<std::string>& keys) {
  for (const std::string& text : keys) {
    const auto key = blob::Key::parse(text);
    EMB_CHECK(key.has_value(), "keys of xorbs were made as keys");
    if (auto removed = backend.remove(blocking, *key); !removed) {
      log::warn("a xorb that nothing names was left behind",
                {{"key", text}, {"error", removed.error().message()}});
    }
  }
}

}  // namespace embrace::cas
