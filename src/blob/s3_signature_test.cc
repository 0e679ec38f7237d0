#include "blob/s3_signature.h"

#include <gtest/gtest.h>

#include "crypto/sha256.h"

namespace embrace::blob {
namespace {

// Amazon's own examples: "Authenticating Requests", Signature Version 4, for S3.
const S3Keys kKeys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
const S3Signing kSigning{kKeys, "us-east-1", 1'369'353'600'000};  // 2013-05-24T00:00:00Z
constexpr std::string_view kHost = "examplebucket.s3.amazonaws.com";

S3Request request(std::string method, std::string path) {
  S3Request out;
  out.method = std::move(method);
  out.host = std::string(kHost);
  out.path = std::move(path);
  return out;
}

std::string authorization_of(S3Request signed_request, std::string_view payload) {
  sign_s3_request(signed_request, crypto::sha256(payload).hex(), kSigning);
  for (const auto& [name, value] : signed_request.fields) {
    if (name == "Authorization") return value;
  }
  return "";
}

TEST(S3Signature, GetOfARange) {
  S3Request get = request("GET", "/test.txt");
  get.fields.emplace_back("Range", "bytes=0-9");
  EXPECT_EQ(authorization_of(get, ""),
            "AWS4-HMAC-SHA256 "
            "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(S3Signature, PutWithABody) {
  S3Request put = request("PUT", "/test%24file.text");
  put.fields.emplace_back("Date", "Fri, 24 May 2013 00:00:00 GMT");
  put.fields.emplace_back("x-amz-storage-class", "REDUCED_REDUNDANCY");
  EXPECT_TRUE(authorization_of(put, "Welcome to Amazon S3.")
                  .ends_with("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST(S3Signature, AQueryWithoutAValue) {
  S3Request get = request("GET", "/");
  get.query.emplace_back("lifecycle", "");
  EXPECT_TRUE(authorization_of(get, "").ends_with(
      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST(S3Signature, AQueryIsSorted) {
  S3Request get = request("GET", "/");
  get.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_TRUE(authorization_of(get, "").ends_with(
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
  get.query = {{"b", "x y/z~"}, {"a", ""}};
  EXPECT_EQ(render_s3_query(get), "a=&b=x%20y%2Fz~");
}

TEST(S3Signature, AUrlThatNeedsNoHeader) {
  EXPECT_EQ(presign_s3_query(request("GET", "/test.txt"), 86400, kSigning),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(S3Signature, ASessionTokenIsSignedToo) {
  const S3Keys temporary{"id", "secret", "token"};
  S3Request get = request("GET", "/x");
  sign_s3_request(get, crypto::sha256("").hex(), {temporary, "us-east-1", 0});
  EXPECT_TRUE(get.fields.back().second.contains("x-amz-security-token"));
  EXPECT_TRUE(presign_s3_query(request("GET", "/x"), 60, {temporary, "us-east-1", 0})
                  .contains("&X-Amz-Security-Token=token&"));
}

}  // namespace
}  // namespace embrace::blob
