#pragma once
// XorbIndexes: what lies where in stored xorbs, read from their footers. The latest used are kept,
// so that serving a file reads each footer once. Threads: any.

#include <memory>
#include <string>

#include "base/immutable_cache.h"
#include "blob/backend.h"
#include "cas/catalog.h"
#include "cas/xorb.h"

namespace embrace::cas {

class XorbIndexes {
 public:
  explicit XorbIndexes(blob::Backend& backend) : backend_(backend) {}

  // Corrupt when the footer is none, or of another xorb than the row says.
  Result<std::shared_ptr<const XorbIndex>> get(rt::Blocking, const XorbRow& row);

 private:
  static constexpr std::size_t kChunksKeptMax = 1 << 20;  // 40 bytes each: 64 GiB of chunks

  blob::Backend& backend_;
  ImmutableCache<std::string, std::shared_ptr<const XorbIndex>> kept_{kChunksKeptMax};  // by key
};

}  // namespace embrace::cas
