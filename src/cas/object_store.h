#pragma once
// cas::ObjectStore is the one home of large files. Callers know a file by its sha256 and its size; how
// the bytes are laid out below (whole, today; as chunks in xorbs, next) is this room's secret, and
// every door (LFS, commit, git push, resolve) goes through this interface.
//
// Threads: every method may be called from any pool thread at any time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "rt/blocking.h"
#include "rt/content.h"

namespace embrace::cas {

struct ObjectInfo {
  Digest sha256;
  std::uint64_t size_bytes = 0;
};

// One file on its way in. Destroying it unfinished drops the bytes.
class Ingest {
 public:
  virtual ~Ingest() = default;
  virtual Status write(rt::Blocking, std::string_view bytes) = 0;
  // Makes the object durable and visible, and says what it was. With an expectation, a different
  // sha256 or size is Unusable ("... hash to X, not Y") and nothing is stored.
  virtual Result<ObjectInfo> finish(rt::Blocking, std::optional<ObjectInfo> expected) = 0;
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  virtual Result<ObjectInfo> find(rt::Blocking, const Digest& sha256) = 0;  // NotFound
  virtual Result<rt::Content> open(rt::Blocking, const Digest& sha256, std::uint64_t offset, std::uint64_t length) = 0;
  virtual Result<std::unique_ptr<Ingest>> create(rt::Blocking) = 0;

  // Parts of one upload that arrive in any order, each retried at will (LFS multipart). `upload` names
  // it: [a-z0-9]{16,64}. A part is durable when put_part returns. complete() reads parts 1..count in order,
  // checks the expectation, stores the object and drops the parts.
  virtual Result<std::unique_ptr<Ingest>> create_part(rt::Blocking, std::string_view upload, unsigned number) = 0;
  virtual Result<ObjectInfo> complete_parts(rt::Blocking, std::string_view upload, unsigned count, ObjectInfo expected) = 0;
  virtual Status drop_parts(rt::Blocking, std::string_view upload) = 0;

  virtual Status remove(rt::Blocking, const Digest& sha256) = 0;
  // Reads the whole object and hashes it: Corrupt when it is not what its name says.
  virtual Status verify(rt::Blocking, const Digest& sha256) = 0;
};

}  // namespace embrace::cas
