#include "cas/whole_ingest.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "cas/expectation.h"

namespace embrace::cas {

namespace {

// Large enough that waking the hashing thread costs nothing beside hashing, small enough to be
// written from a warm cache and for an upload to hold about a megabyte.
constexpr std::size_t kPieceBytes = 256 << 10;

}  // namespace

blob::Key object_key(const Digest& sha256) {
  const std::string hex = sha256.hex();
  const std::string_view digits = hex;
  auto key = blob::Key::parse(cat("lfs/", digits.substr(0, 2), "/", digits.substr(2, 2), "/", hex));
  EMB_CHECK(key.has_value(), "hex digits make a key");
  return *std::move(key);
}

WholeIngest::WholeIngest(blob::Backend& backend, std::unique_ptr<blob::Writer> writer,
                         std::optional<blob::Key> part_key)
    : backend_(backend), writer_(std::move(writer)), part_key_(std::move(part_key)) {}

Status WholeIngest::write(rt::Blocking blocking, std::string_view bytes) {
  EMB_CHECK(!is_finished_, "nothing is written after finish");
  while (!bytes.empty()) {
    if (!filling_) filling_ = next_piece(bytes.size());
    const std::string_view fits = bytes.substr(0, kPieceBytes - filling_->size());
    filling_->append(fits);
    bytes.remove_prefix(fits.size());
    if (filling_->size() == kPieceBytes) EMB_DO(pass_on(blocking));
  }
  return Done{};
}

Piece WholeIngest::next_piece(std::size_t bytes_now) {
  if (Piece spent = hash_.take_spent()) {
    spent->clear();
    return spent;
  }
  auto fresh = std::make_shared<std::string>();
  // A small file asks for what it needs.
  fresh->reserve(writer_->written_bytes() > 0 ? kPieceBytes : std::min(bytes_now, kPieceBytes));
  return fresh;
}

Status WholeIngest::pass_on(rt::Blocking blocking) {
  const Piece piece = std::exchange(filling_, nullptr);
  hash_.add(piece);
  return writer_->write(blocking, *piece);
}

Result<ObjectInfo> WholeIngest::finish(rt::Blocking blocking, std::optional<ObjectInfo> expected) {
  EMB_CHECK(!std::exchange(is_finished_, true), "an Ingest is finished once");
  if (filling_) EMB_DO(pass_on(blocking));
  const ObjectInfo info{.sha256 = hash_.finish(), .size_bytes = writer_->written_bytes()};
  if (expected) EMB_DO(check_expectation(info, *expected));
  EMB_DO(part_key_ ? commit_part(blocking) : commit_object(blocking, info));
  return info;
}

// A backend keeps old bytes under a key that exists. Here they are known to be wrong when their
// number is, which happens to disks; a fresh upload is the chance to mend it.
Status WholeIngest::commit_object(rt::Blocking blocking, const ObjectInfo& info) {
  const blob::Key key = object_key(info.sha256);
  auto there = backend_.stat(blocking, key);
  if (!there && there.error().code() != Code::NotFound) return fail(std::move(there).error());
  if (there && there->size_bytes != info.size_bytes) {
    log::warn("a stored object had the wrong size and is replaced",
              {{"key", key.text()}, {"size", there->size_bytes}, {"expected", info.size_bytes}});
    EMB_DO(backend_.remove(blocking, key));
  }
  return writer_->commit(blocking, key);
}

Status WholeIngest::commit_part(rt::Blocking blocking) {
  EMB_DO(backend_.remove(blocking, *part_key_));
  return writer_->commit(blocking, *part_key_);
}

}  // namespace embrace::cas
