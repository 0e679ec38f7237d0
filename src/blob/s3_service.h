#pragma once
// S3Service: the S3 operations that we need, one request each: signed, tried again where that may
// help, and its refusals in words that say what to do. Names are relative to the location's prefix.
//
// Errors: NotFound for what is not there; Unavailable for everything that the operator or time must
// mend (keys, rights, network), whatever status it came with: a reader of a file can't.
//
// Threads: any. Ownership: it outlives the downloads it hands out.

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "blob/backend.h"
#include "blob/s3_location.h"
#include "blob/s3_signature.h"
#include "http/client.h"

namespace embrace::blob {

class S3Service {
 public:
  S3Service(S3Location where, S3Keys keys, const Clock& clock, http::ClientSettings client);

  // -- objects

  struct Head {
    Stat stat;
    std::string etag;
  };
  Result<Head> head(rt::Blocking, std::string_view name);

  struct Part {
    std::unique_ptr<http::Download> download;
    std::uint64_t object_bytes = 0;
    std::string etag;  // of the whole object
  };
  // RangeInvalid, without a size, when `offset` is not inside the object. The download may be
  // shorter than `length`. With an `etag`, only of that object: Corrupt when it is another by now.
  Result<Part> get(rt::Blocking, std::string_view name, std::uint64_t offset, std::uint64_t length,
                   std::string_view etag);

  // What the store compares with the bytes that arrive: not every store looks at both.
  struct Hashes {
    Digest sha256;
    std::string md5;  // 16 bytes; "" where this system forbids it
  };
  static Hashes hashes_of(std::string_view bytes);

  enum class Stored : std::uint8_t { New, WasThere };
  // Never replaces an object, where the store knows conditional writes (the large ones do).
  // Conflict: somebody else is writing it now.
  Result<Stored> put(rt::Blocking, std::string_view name, http::Upload bytes, const Hashes& hashes);
  Status remove(rt::Blocking, std::string_view name);  // succeeds when absent
  // Of whoever sends exactly this Range header.
  std::string presign_get(std::string_view name, std::string_view range, unsigned lifetime_s) const;

  struct Page {
    std::vector<std::pair<std::string, Stat>> objects;  // in the store's order
    std::vector<std::string> folders;                   // "a/b/", with a delimiter only
    std::string next;                                   // "": this was the last
  };
  struct Question {
    std::string_view prefix = {};
    std::string_view after = {};  // names after this one
    bool by_folder = false;       // what lies under "prefix.../" counts as one folder
    std::size_t limit = 1000;
    std::string_view page = {};  // Page::next of the page before
  };
  Result<Page> list(rt::Blocking, const Question& question);

  // -- uploads in parts

  Result<std::string> start_upload(rt::Blocking, std::string_view name);
  Result<std::string> put_part(rt::Blocking, std::string_view name, std::string_view upload,
                               unsigned number, http::Upload bytes, const Hashes& hashes);
  // `etags` of the parts 1, 2, ... NotFound when there is no such upload (any more).
  Result<Stored> complete_upload(rt::Blocking, std::string_view name, std::string_view upload,
                                 const std::vector<std::string>& etags);
  Status abort_upload(rt::Blocking, std::string_view name, std::string_view upload);
  struct Pending {
    std::string name;
    std::string upload;
    Millis started_ms = 0;
  };
  // At most a few thousand.
  Result<std::vector<Pending>> list_uploads(rt::Blocking);

  const S3Location& where() const { return where_; }

 private:
  using Rows = std::vector<std::pair<std::string, std::string>>;

  http::ClientRequest signed_request(std::string method, std::string path, Rows query, Rows fields,
                                     std::string_view payload_sha256_hex) const;
  http::ClientRequest signed_request(std::string method, std::string path, Rows query,
                                     Rows fields = {}) const;
  static Rows integrity_fields(const Hashes& hashes);
  Result<http::ClientResponse> send_unless_there(rt::Blocking, std::string method,
                                                 std::string_view name, Rows query,
                                                 http::Upload bytes, const Hashes& hashes);
  std::string bucket_path() const;
  std::string name_of(std::string_view key) const;

  const S3Location where_;
  const S3Keys keys_;
  const Clock& clock_;
  http::Client client_;
  std::atomic<bool> knows_conditions_{true};  // until the store says otherwise
};

// What a response that is no success means. For s3_*.cc.
Error s3_failure(const http::ClientResponse& response, const S3Location& where,
                 std::string_view doing);
Millis parse_http_date(std::string_view text);  // 0 when it is none
Millis parse_iso8601(std::string_view text);    // 0 when it is none

}  // namespace embrace::blob
