#include "blob/s3_stream.h"

#include <algorithm>
#include <limits>

#include "base/strings.h"

namespace embrace::blob {

namespace {

constexpr unsigned kBreaksMax = 3;

// For ranges that can't be asked for: empty ones, and those outside.
Status check_range_by_size(rt::Blocking blocking, S3Service& service, const Key& key,
                           std::uint64_t offset, std::uint64_t length) {
  auto stat = service.head(blocking, key.text());
  if (!stat && stat.error().code() == Code::NotFound) return fail(no_such_object(key));
  if (!stat) return fail(std::move(stat).error());
  return check_range(key, stat->size_bytes, offset, length);
}

}  // namespace

Result<S3Stream> S3Stream::open(rt::Blocking blocking, S3Service& service, const Key& key,
                                std::uint64_t offset, std::uint64_t length) {
  S3Stream stream(service, key.text());
  if (length == 0 || length > std::numeric_limits<std::uint64_t>::max() - offset) {
    EMB_DO(check_range_by_size(blocking, service, key, offset, length));
    return stream;
  }
  auto part = service.get(blocking, key.text(), offset, length, "");
  if (!part && part.error().code() == Code::NotFound) return fail(no_such_object(key));
  if (!part && part.error().code() == Code::RangeInvalid) {
    EMB_DO(check_range_by_size(blocking, service, key, offset, length));
  }
  if (!part) return fail(std::move(part).error());
  EMB_DO(check_range(key, part->object_bytes, offset, length));
  stream.download_ = std::move(part->download);
  stream.etag_ = std::move(part->etag);
  stream.at_ = offset;
  stream.left_ = length;
  return stream;
}

Result<std::size_t> S3Stream::read(rt::Blocking blocking, std::span<char> into) {
  if (left_ == 0 || into.empty()) return 0;
  into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_)));
  for (;;) {
    if (!download_) {
      EMB_TRY(auto part, service_->get(blocking, name_, at_, left_, etag_));
      download_ = std::move(part.download);
    }
    auto count = download_->read(blocking, into);
    if (count && *count > 0) {
      breaks_ = 0;
      at_ += *count;
      left_ -= *count;
      if (left_ == 0) download_.reset();  // its connection is free for others
      return count;
    }
    download_.reset();
    if (++breaks_ > kBreaksMax) {
      if (!count) return fail(std::move(count).error().while_doing(cat("read ", name_)));
      return fail(Code::Corrupt, cat(name_, " was cut short while it was read"));
    }
  }
}

Result<std::size_t> S3Stream::read_full(rt::Blocking blocking, std::span<char> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    EMB_TRY(const std::size_t count, read(blocking, into.subspan(filled)));
    if (count == 0) break;
    filled += count;
  }
  return filled;
}

}  // namespace embrace::blob
