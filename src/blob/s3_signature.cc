#include "blob/s3_signature.h"

#include <algorithm>

#include "base/strings.h"
#include "crypto/sha256.h"

namespace embrace::blob {

namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes().data()), digest.bytes().size()};
}

// "20130524T000000Z"
std::string compact_time(Millis now_ms) {
  std::string out;
  for (const char c : to_iso8601(now_ms).substr(0, 19)) {
    if (c != '-' && c != ':') out += c;
  }
  return out + 'Z';
}

// "20130524/us-east-1/s3/aws4_request"
std::string scope_of(std::string_view time, std::string_view region) {
  return cat(time.substr(0, 8), "/", region, "/s3/aws4_request");
}

struct Canonical {
  std::string names;  // "host;range;x-amz-date"
  std::string lines;
};

Canonical canonical_fields(const S3Request& request) {
  Rows rows = {{"host", request.host}};
  for (const auto& [name, value] : request.fields) {
    rows.emplace_back(to_lower(name), std::string(trim(value)));
  }
  std::ranges::sort(rows);
  Canonical out;
  for (const auto& [name, value] : rows) {
    out.names += cat(out.names.empty() ? "" : ";", name);
    out.lines += cat(name, ":", value, "\n");
  }
  return out;
}

std::string signature_of(const S3Request& request, const Canonical& fields,
                         std::string_view payload_sha256_hex, std::string_view time,
                         const S3Signing& signing) {
  const std::string canonical =
      cat(request.method, "\n", request.path, "\n", render_s3_query(request), "\n", fields.lines,
          "\n", fields.names, "\n", payload_sha256_hex);
  const std::string to_sign = cat(kAlgorithm, "\n", time, "\n", scope_of(time, signing.region),
                                  "\n", crypto::sha256(canonical).hex());
  Digest key = crypto::hmac_sha256(cat("AWS4", signing.keys.secret_access_key), time.substr(0, 8));
  for (const std::string_view step :
       {signing.region, std::string_view("s3"), std::string_view("aws4_request")}) {
    key = crypto::hmac_sha256(bytes_of(key), step);
  }
  return crypto::hmac_sha256(bytes_of(key), to_sign).hex();
}

}  // namespace

std::string render_s3_query(const S3Request& request) {
  Rows encoded;
  for (const auto& [name, value] : request.query) {
    encoded.emplace_back(percent_encode(name), percent_encode(value));
  }
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) {
    out += cat(out.empty() ? "" : "&", name, "=", value);
  }
  return out;
}

void sign_s3_request(S3Request& request, std::string_view payload_sha256_hex,
                     const S3Signing& signing) {
  const std::string time = compact_time(signing.now_ms);
  request.fields.emplace_back("x-amz-date", time);
  request.fields.emplace_back("x-amz-content-sha256", payload_sha256_hex);
  if (!signing.keys.session_token.empty()) {
    request.fields.emplace_back("x-amz-security-token", signing.keys.session_token);
  }
  const Canonical fields = canonical_fields(request);
  const std::string signature = signature_of(request, fields, payload_sha256_hex, time, signing);
  request.fields.emplace_back("Authorization",
                              cat(kAlgorithm, " Credential=", signing.keys.access_key_id, "/",
                                  scope_of(time, signing.region), ",SignedHeaders=", fields.names,
                                  ",Signature=", signature));
}

std::string presign_s3_query(S3Request request, unsigned lifetime_s, const S3Signing& signing) {
  const std::string time = compact_time(signing.now_ms);
  const Canonical fields = canonical_fields(request);
  request.query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  request.query.emplace_back("X-Amz-Credential",
                             cat(signing.keys.access_key_id, "/", scope_of(time, signing.region)));
  request.query.emplace_back("X-Amz-Date", time);
  request.query.emplace_back("X-Amz-Expires", cat(lifetime_s));
  request.query.emplace_back("X-Amz-SignedHeaders", fields.names);
  if (!signing.keys.session_token.empty()) {
    request.query.emplace_back("X-Amz-Security-Token", signing.keys.session_token);
  }
  const std::string signature = signature_of(request, fields, "UNSIGNED-PAYLOAD", time, signing);
  return cat(render_s3_query(request), "&X-Amz-Signature=", signature);
}

}  // namespace embrace::blob
