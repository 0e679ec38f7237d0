#include "cas/chunker.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "cas/gear_hash.h"

namespace embrace::cas {

Chunker Chunker::with_target(std::size_t target_bytes) {
  EMB_CHECK(std::has_single_bit(target_bytes) && target_bytes >= 16, "a target is a power of two");
  Chunker chunker;
  chunker.min_ = target_bytes / 8;
  chunker.max_ = target_bytes * 2;
  // As many ones on top as the target has zeros below.
  chunker.mask_ = ~std::uint64_t{0} << (64 - std::countr_zero(target_bytes));
  return chunker;
}

Chunker::Step Chunker::next(std::string_view data) {
  std::size_t taken = 0;
  const auto advance = [&](std::size_t bytes) {
    taken += bytes;
    open_bytes_ += bytes;
  };
  const auto cut = [&] {
    open_bytes_ = 0;
    hash_ = 0;
    return Step{taken, true};
  };

  // No cut is possible before the minimum, and the hash there knows only its last window: bytes
  // before that window need not be read. Within it the hash is not whole yet, and what looks like a
  // match is none: those bytes are absorbed without looking.
  const std::size_t watched_from = min_ - 1;
  const std::size_t hashed_from = watched_from - std::min(watched_from, kGearWindow);
  if (open_bytes_ < hashed_from) advance(std::min(hashed_from - open_bytes_, data.size()));
  if (open_bytes_ < watched_from) {
    const std::string_view warm = data.substr(taken, watched_from - open_bytes_);
    hash_ = absorb_gear(hash_, warm);
    advance(warm.size());
  }

  const std::string_view watched = data.substr(taken, max_ - open_bytes_);
  const std::size_t match = find_gear_match(hash_, watched, mask_);
  advance(std::min(match, watched.size()));
  if (match != kNoGearMatch || open_bytes_ == max_) return cut();
  return {taken, false};
}

}  // namespace embrace::cas
