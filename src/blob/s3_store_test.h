#pragma once
// An S3 store for the tests of this room: the shared server, a bucket on it, and a prefix of one's
// own.

#include <memory>
#include <string>

#include "blob/s3_backend.h"
#include "testing/s3_server.h"

namespace embrace::blob {

const Clock& system_clock();

// Everything below throws when it can't.
::testing::S3Server& shared_server();  // with the bucket
// Under a prefix that nobody used before. Parts are as small, and tries as quick, as they may be.
S3Settings settings_for(const ::testing::S3Server& server, const std::string& folder);
std::unique_ptr<S3Backend> open_or_throw(S3Settings settings);
// A fresh, empty store on the shared server.
std::unique_ptr<Backend> make_s3(const std::string& folder);

}  // namespace embrace::blob
