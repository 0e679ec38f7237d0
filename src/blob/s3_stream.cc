#include "blob/s3_stream.h"

#include <algorithm>
#include <limits>

#include "base/strings.h"

namespace embrace::blob {

namespace {

constexpr unsigned kBreaksMax = 3;

}  // namespace

Result<S3Stream> S3Stream::prepare(rt::Blocking blocking, S3Service& service, const Key& key,
                                   std::uint64_t offset, std::uint64_t length) {
  auto head = service.head(blocking, key.text());
  if (!head && head.error().code() == Code::NotFound) return fail(no_such_object(key));
  if (!head) return fail(std::move(head).error());
  EMB_DO(check_range(key, head->stat.size_bytes, offset, length));
  S3Stream stream(service, key.text(), offset, length);
  stream.etag_ = std::move(head->etag);
  return stream;
}

Result<S3Stream> S3Stream::open(rt::Blocking blocking, S3Service& service, const Key& key,
                                std::uint64_t offset, std::uint64_t length) {
  // There is no asking for an empty range, nor for one that has no end.
  if (length == 0 || length > std::numeric_limits<std::uint64_t>::max() - offset) {
    return prepare(blocking, service, key, offset, length);
  }
  auto part = service.get(blocking, key.text(), offset, length, "");
  if (!part && part.error().code() == Code::NotFound) return fail(no_such_object(key));
  if (!part && part.error().code() == Code::RangeInvalid) {
    return prepare(blocking, service, key, offset, length);  // which knows the size
  }
  if (!part) return fail(std::move(part).error());
  EMB_DO(check_range(key, part->object_bytes, offset, length));
  S3Stream stream(service, key.text(), offset, length);
  stream.download_ = std::move(part->download);
  stream.etag_ = std::move(part->etag);
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
