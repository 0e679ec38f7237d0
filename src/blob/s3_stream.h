#pragma once
// S3Stream: a range of one object, pulled. A connection that breaks is replaced by one that asks
// for the rest, of the same object and no other.
//
// Threads: used by one at a time. Ownership: the service outlives it.

#include <span>
#include <string>

#include "blob/backend.h"
#include "blob/s3_service.h"

namespace embrace::blob {

class S3Stream {
 public:
  // NotFound, and RangeInvalid as Backend::open says. The store begins to send.
  static Result<S3Stream> open(rt::Blocking, S3Service& service, const Key& key,
                               std::uint64_t offset, std::uint64_t length);
  // The same, but nothing is sent before the first read().
  static Result<S3Stream> prepare(rt::Blocking, S3Service& service, const Key& key,
                                  std::uint64_t offset, std::uint64_t length);

  // At most into.size() bytes; 0 after the last.
  Result<std::size_t> read(rt::Blocking, std::span<char> into);
  // Fills `into`, less only at the end.
  Result<std::size_t> read_full(rt::Blocking, std::span<char> into);

 private:
  S3Stream(S3Service& service, std::string name, std::uint64_t offset, std::uint64_t length)
      : service_(&service), name_(std::move(name)), at_(offset), left_(length) {}

  S3Service* service_;
  std::string name_;
  std::unique_ptr<http::Download> download_;
  std::string etag_;
  std::uint64_t at_;
  std::uint64_t left_;
  unsigned breaks_ = 0;  // since the last byte
};

}  // namespace embrace::blob
