#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "cas/xorb.h"

namespace embrace::cas {

namespace {

constexpr std::string_view kFooterIdent = "XETBLOB";
// Chunks are hashed together when so many have gathered: enough to fill the lanes with small ones,
// and few enough bytes to be in the cache still.
constexpr std::size_t kBatchChunksMax = 32;
constexpr std::size_t kBatchBytes = 4 * kChunkBytesMax;

}  // namespace

struct XorbParser::Impl {
  Status feed(std::string_view bytes);
  Status take_head(std::string_view& bytes);
  Status take_payload(std::string_view& bytes);
  Status skip_footer(std::string_view bytes);
  Status add_chunk(std::string_view payload);
  void hash_batch();
  Status end(const XetHash& expected);
  std::unexpected<Error> bad_record(std::string_view what) const {
    return fail(Code::Unusable, cat("xorb, record ", started_records, ": ", what));
  }

  // The record that is arriving. Its payload is gathered only if it comes in several pieces.
  std::array<char, kRecordHeaderBytes> head;
  std::size_t head_bytes = 0;
  std::optional<RecordHeader> record;  // once the head is whole
  std::string gathered;
  std::uint32_t started_records = 0;

  // Chunks decoded and not hashed yet. Plain ones are views of the bytes being fed or gathered, so
  // no batch outlives either.
  Decoder decoder;
  std::unique_ptr<char[]> decoded = std::make_unique_for_overwrite<char[]>(kBatchBytes);
  std::size_t decoded_bytes = 0;
  std::vector<std::string_view> batch;
  bool batch_borrows = false;

  XorbIndex index;  // its newest batch.size() chunks have no hash yet
  MerkleRoot root;
  std::uint64_t record_bytes = 0;
  bool in_footer = false;
  std::uint64_t footer_bytes_seen = 0;
  std::optional<Error> failure;
};

XorbParser::XorbParser() : impl_(std::make_unique<Impl>()) {}
XorbParser::~XorbParser() = default;

std::uint64_t XorbParser::record_bytes() const { return impl_->record_bytes; }
bool XorbParser::is_in_footer() const { return impl_->in_footer; }

Status XorbParser::feed(std::string_view bytes) {
  if (impl_->failure) return fail(*impl_->failure);
  Status status = impl_->feed(bytes);
  if (!status) impl_->failure = status.error();
  return status;
}

Result<XorbIndex> XorbParser::finish(const XetHash& expected) {
  if (impl_->failure) return fail(*impl_->failure);
  if (Status status = impl_->end(expected); !status) {
    impl_->failure = status.error();
    return fail(*impl_->failure);
  }
  return std::move(impl_->index);
}

Status XorbParser::Impl::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (in_footer) return skip_footer(bytes);
    if (!record) {
      EMB_DO(take_head(bytes));
    } else {
      EMB_DO(take_payload(bytes));
    }
  }
  if (batch_borrows) hash_batch();
  return Done{};
}

Status XorbParser::Impl::take_head(std::string_view& bytes) {
  if (head_bytes == 0) ++started_records;
  const std::size_t taken = std::min(bytes.size(), kRecordHeaderBytes - head_bytes);
  std::copy_n(bytes.begin(), taken, head.begin() + static_cast<std::ptrdiff_t>(head_bytes));
  head_bytes += taken;
  bytes.remove_prefix(taken);
  if (head_bytes < kRecordHeaderBytes) return Done{};

  const std::string_view whole(head.data(), head.size());
  head_bytes = 0;
  if (whole.starts_with(kFooterIdent)) {
    in_footer = true;
    footer_bytes_seen = kRecordHeaderBytes;
    if (batch_borrows) hash_batch();
    return Done{};
  }
  if (started_records > kXorbChunksMax)
    return bad_record(cat("a xorb has at most ", kXorbChunksMax, " chunks"));
  auto parsed = parse_record_header(whole);
  if (!parsed) return bad_record(parsed.error().message());
  record_bytes += kRecordHeaderBytes + parsed->payload_bytes;
  if (record_bytes > kXorbStoredBytesMax) {
    return bad_record(cat("a xorb has at most ", kXorbStoredBytesMax, " bytes"));
  }
  record = *parsed;
  gathered.clear();
  return Done{};
}

Status XorbParser::Impl::take_payload(std::string_view& bytes) {
  const std::size_t wanted = record->payload_bytes - gathered.size();
  const std::string_view taken = bytes.substr(0, wanted);
  bytes.remove_prefix(taken.size());
  if (taken.size() == record->payload_bytes) return add_chunk(taken);

  gathered += taken;
  if (taken.size() < wanted) return Done{};
  EMB_DO(add_chunk(gathered));
  // The next record may be gathered in the same place.
  if (batch_borrows) hash_batch();
  return Done{};
}

Status XorbParser::Impl::add_chunk(std::string_view payload) {
  std::string_view chunk = payload;
  if (record->compression == Compression::None) {
    batch_borrows = true;
  } else {
    if (kBatchBytes - decoded_bytes < record->chunk_bytes) hash_batch();
    const std::span into(decoded.get() + decoded_bytes, record->chunk_bytes);
    Status status = decoder.decode(record->compression, payload, into);
    if (!status) return bad_record(status.error().message());
    decoded_bytes += into.size();
    chunk = {into.data(), into.size()};
    index.lengths_mislead |= record->payload_bytes == record->chunk_bytes;
  }
  batch.push_back(chunk);
  const auto unpacked_end = static_cast<std::uint32_t>(index.unpacked_bytes() + chunk.size());
  index.chunks.push_back({XetHash{}, static_cast<std::uint32_t>(record_bytes), unpacked_end});
  record.reset();
  if (batch.size() == kBatchChunksMax) hash_batch();
  return Done{};
}

void XorbParser::Impl::hash_batch() {
  std::array<XetHash, kBatchChunksMax> hashes;
  hash_chunks(batch, std::span(hashes).first(batch.size()));
  const std::size_t first = index.chunks.size() - batch.size();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    index.chunks[first + i].hash = hashes[i];
    root.add(hashes[i], batch[i].size());
  }
  batch.clear();
  batch_borrows = false;
  decoded_bytes = 0;
}

// What it says is not needed: every chunk has been seen. Its length is bounded all the same.
Status XorbParser::Impl::skip_footer(std::string_view bytes) {
  footer_bytes_seen += bytes.size();
  if (footer_bytes_seen > footer_bytes(kXorbChunksMax)) {
    return fail(Code::Unusable, "xorb: too many bytes behind its records");
  }
  return Done{};
}

Status XorbParser::Impl::end(const XetHash& expected) {
  if (record || head_bytes > 0) return bad_record("cut off");
  if (index.chunks.empty()) return fail(Code::Unusable, "xorb: no chunk in it");
  hash_batch();
  index.hash = root.finish();
  if (index.hash != expected) {
    return fail(Code::Unusable, cat("xorb: its chunks have the hash ", index.hash.text(),
                                    ", not the one it is named by, ", expected.text()));
  }
  return Done{};
}

}  // namespace embrace::cas
