#pragma once
// AWS Signature Version 4: what proves to an S3 store who asks, in a header or in the URL itself.
// Written from Amazon's description; its published examples are the test. libcurl can sign requests
// as well, but neither URLs nor, in the releases that distributions have, queries as S3 wants them.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"

namespace embrace::blob {

struct S3Keys {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // of temporary keys; empty otherwise
};

// What a signature covers.
struct S3Request {
  std::string method;
  std::string host;
  std::string path;                                         // percent-encoded
  std::vector<std::pair<std::string, std::string>> query;   // not encoded, any order
  std::vector<std::pair<std::string, std::string>> fields;  // without Host; all are signed
};

struct S3Signing {
  const S3Keys& keys;
  std::string_view region;
  Millis now_ms = 0;
};

// The query as it is sent and signed: encoded, sorted by name; "" or "a=1&uploads=".
std::string render_s3_query(const S3Request& request);

// Adds x-amz-date, x-amz-content-sha256, x-amz-security-token where there is one, and
// Authorization.
void sign_s3_request(S3Request& request, std::string_view payload_sha256_hex,
                     const S3Signing& signing);

// The query of a URL that may do `request` for `lifetime_s` seconds, at most a week, with the
// headers it names and any others.
std::string presign_s3_query(S3Request request, unsigned lifetime_s, const S3Signing& signing);

}  // namespace embrace::blob
