#pragma once
// S3Backend: objects of an S3 bucket, each under the location's prefix and its key. A folder of
// LocalBackend copied there name by name is the same store.
//
// Bytes gather in a nameless local file until commit() (s3_writer.h). Reads are ranged GETs that
// are pulled, so a slow reader holds back the store and not our memory; one that breaks is taken up
// where it ended. open() reads up to a megabyte at once, and asks for more when the first byte is
// read: whoever opens to learn what kind of Content it is costs no transfer.
//
// Durability, and whether a started download survives the removal of its object, are the store's.
// docs/design/0011.
//
// Threads: any. Ownership: it outlives its Writers and the Contents it hands out; the service and
// the pool that reads hop to are its own.

#include <chrono>
#include <memory>
#include <string>

#include "base/time.h"
#include "blob/backend.h"
#include "blob/s3_location.h"
#include "blob/s3_signature.h"
#include "blob/s3_writer.h"
#include "http/client.h"

namespace embrace::rt {
class Pool;
}

namespace embrace::blob {

class S3Listing;

struct S3Settings {
  S3Location where;
  S3Keys keys;
  S3UploadSettings uploads;
  http::ClientSettings client;
  unsigned reading_threads = 16;  // downloads that wait for the store at the same moment
};

class S3Backend : public Backend {
 public:
  // Asks the store for a first name, so that a wrong key or bucket shows now, and drops what
  // uploads that died a day ago or more have left.
  static Result<std::unique_ptr<S3Backend>> open(rt::Blocking, S3Settings settings,
                                                 const Clock& clock);
  ~S3Backend() override;

  Result<Stat> stat(rt::Blocking, const Key& key) override;
  Result<rt::Content> open(rt::Blocking, const Key& key, std::uint64_t offset,
                           std::uint64_t length) override;
  Status read(rt::Blocking, const Key& key, std::uint64_t offset, std::uint64_t length,
              const std::function<Status(std::string_view)>& take) override;
  Result<std::unique_ptr<Writer>> create(rt::Blocking) override;
  Status remove(rt::Blocking, const Key& key) override;
  Result<Listing> list(rt::Blocking, std::string_view prefix, std::string_view after,
                       std::size_t limit) override;
  std::optional<std::string> direct_url(const Key& key, std::uint64_t offset, std::uint64_t length,
                                        std::chrono::seconds lifetime) override;

  // How many uploads that began at least `age` ago were dropped, with the parts they have.
  Result<std::size_t> abort_stale_uploads(rt::Blocking, std::chrono::seconds age);

 private:
  S3Backend(S3Settings settings, const Clock& clock);

  const S3Settings settings_;
  const Clock& clock_;
  const std::unique_ptr<S3Service> service_;
  const std::unique_ptr<S3Listing> listing_;
  const std::unique_ptr<rt::Pool> pool_;
};

}  // namespace embrace::blob
