#pragma once
// cas::ObjectStore is the one home of large files. Callers know a file by its sha256 and its size;
// how the bytes are laid out below (as chunks in xorbs) is this room's secret, and every door that
// thinks in whole files (LFS, commit, git push, resolve) goes through this interface.
//
// Implementation: chunked_store. object_store_contract.h is the real definition of this interface.
//
// Threads: every method may be called from any pool thread at any time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/block.h"
#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "rt/blocking.h"
#include "rt/content.h"

namespace embrace::cas {

struct ObjectInfo {
  Digest sha256;
  std::uint64_t size_bytes = 0;
};

// One file on its way in. Destroying it unfinished drops the bytes. Ownership: the store outlives
// it. Threads: used by one at a time.
class Ingest {
 public:
  virtual ~Ingest() = default;
  virtual Status write(rt::Blocking, std::string_view bytes) = 0;
  // The same without a copy, where the store can do without: the block is the store's from now on,
  // to be read and no more. Every one but the last should be full.
  virtual Status take(rt::Blocking blocking, BlockPtr block) {
    return write(blocking, block->bytes());
  }
  // Once, and last. Makes the object durable and visible, and says what it was. With an
  // expectation, a different sha256 or size is Unusable ("... hash to X, not Y") and nothing is
  // stored.
  virtual Result<ObjectInfo> finish(rt::Blocking, std::optional<ObjectInfo> expected) = 0;
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  virtual Result<ObjectInfo> find(rt::Blocking, const Digest& sha256) = 0;  // NotFound
  // RangeInvalid, with the fact "size", unless the range lies inside. The bytes stay readable when
  // the object is removed meanwhile.
  virtual Result<rt::Content> open(rt::Blocking, const Digest& sha256, std::uint64_t offset,
                                   std::uint64_t length) = 0;
  virtual Result<std::unique_ptr<Ingest>> create(rt::Blocking) = 0;

  // Parts of one upload that arrive in any order, each retried at will (LFS multipart). `upload`
  // names it: [a-z0-9]{16,64}. A part is durable when its finish() returns, and replaces the one
  // sent before under its number; what finish() says of it is its size alone. complete_parts()
  // reads parts 1..count in order, checks the expectation and stores the object. The parts stay
  // until drop_parts(). A missing part is InvalidArgument, also when the object is there: whoever
  // completes has to have sent it. Other bytes than expected are Unusable.
  virtual Result<std::unique_ptr<Ingest>> create_part(rt::Blocking, std::string_view upload,
                                                      unsigned number) = 0;
  virtual Result<ObjectInfo> complete_parts(rt::Blocking, std::string_view upload, unsigned count,
                                            ObjectInfo expected) = 0;
  virtual Status drop_parts(rt::Blocking, std::string_view upload) = 0;
  // How large the part is that was sent under this number; NotFound when none was.
  virtual Result<std::uint64_t> part_size(rt::Blocking, std::string_view upload,
                                          unsigned number) = 0;
  // Uploads that nobody sent a part to since `since_ms`: dropped, and counted.
  virtual Result<std::size_t> drop_stale_parts(rt::Blocking, Millis since_ms) = 0;

  // Objects in order of their digests, those above `after`, at most `limit`. Empty: that was all.
  virtual Result<std::vector<ObjectInfo>> list(rt::Blocking, std::optional<Digest> after,
                                               std::size_t limit) = 0;

  // Removing what is not there succeeds.
  virtual Status remove(rt::Blocking, const Digest& sha256) = 0;
  // Reads the whole object and hashes it: Corrupt when it is not what its name says.
  virtual Status verify(rt::Blocking, const Digest& sha256) = 0;
};

}  // namespace embrace::cas
