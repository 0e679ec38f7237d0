#pragma once
// MemoryBackend: objects in a map. For tests, and for trying things out without a disk.
//
// Threads and errors: as in backend.h.

#include <map>
#include <memory>
#include <string>

#include "base/sync.h"
#include "base/time.h"
#include "blob/backend.h"

namespace embrace::blob {

class MemoryBackend : public Backend {
 public:
  explicit MemoryBackend(const Clock& clock) : clock_(clock) {}

  Result<Stat> stat(rt::Blocking, const Key& key) override;
  Result<rt::Content> open(rt::Blocking, const Key& key, std::uint64_t offset,
                           std::uint64_t length) override;
  Status read(rt::Blocking, const Key& key, std::uint64_t offset, std::uint64_t length,
              const std::function<Status(std::string_view)>& take) override;
  Result<std::unique_ptr<Writer>> create(rt::Blocking) override;
  Status remove(rt::Blocking, const Key& key) override;
  Result<Listing> list(rt::Blocking, std::string_view prefix, std::string_view after,
                       std::size_t limit) override;

 private:
  friend class MemoryWriter;

  struct Object {
    std::shared_ptr<const std::string>
        bytes;  // shared with readers that a removal must not disturb
    Millis modified_ms = 0;
  };
  using Objects = std::map<Key, Object>;

  Result<Object> find(const Key& key) const;

  const Clock& clock_;
  Sync<Objects> objects_;
};

}  // namespace embrace::blob
