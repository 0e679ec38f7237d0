// What an S3 store's refusals mean, in words for the person who set it up.
#include <time.h>

#include <algorithm>

#include "base/strings.h"
#include "blob/s3_service.h"
#include "blob/s3_xml.h"

namespace embrace::blob {

namespace {

constexpr std::size_t kMessageBytesMax = 300;

struct Advice {
  std::string_view code;
  std::string_view words;
};
constexpr Advice kAdvice[] = {
    {"InvalidAccessKeyId",
     "the store does not know this access key: check s3_access_key_id or AWS_ACCESS_KEY_ID"},
    {"SignatureDoesNotMatch",
     "the secret does not belong to the access key: check s3_secret_access_key or "
     "AWS_SECRET_ACCESS_KEY"},
    {"AccessDenied",
     "the access key may not do this: it needs to list the bucket and its uploads, and to get, put "
     "and delete objects"},
    {"InvalidToken", "the session token is wrong: check AWS_SESSION_TOKEN"},
    {"ExpiredToken", "the session token has expired: get new keys and restart"},
    {"NoSuchBucket", "there is no such bucket: make it, or correct the setting blobs"},
    {"AuthorizationHeaderMalformed", "the region is wrong: add ?region=NAME to the setting blobs"},
    {"PermanentRedirect", "the bucket is elsewhere: correct endpoint and region in blobs"},
    {"TemporaryRedirect", "the bucket is elsewhere: correct endpoint and region in blobs"},
    {"RequestTimeTooSkewed", "the clocks differ: set this machine's"},
};

struct Refusal {
  std::string code;
  std::string message;
};

// A HEAD has no body, and a proxy's page is no XML.
Refusal read_refusal(const http::ClientResponse& response) {
  Refusal out;
  if (const auto root = parse_xml(response.body)) {
    out.code = std::string(root->text_of("Code"));
    out.message = std::string(root->text_of("Message").substr(0, kMessageBytesMax));
    std::ranges::replace_if(out.message, [](unsigned char c) { return c < ' '; }, ' ');
  }
  return out;
}

std::string_view advice_for(const Refusal& refusal, unsigned status) {
  for (const Advice& advice : kAdvice) {
    if (refusal.code == advice.code) return advice.words;
  }
  if (!refusal.code.empty()) return {};
  if (status == 403) return "refused without a reason: check the keys and what they may do";
  if (status == 301 || status == 307) return "the bucket is elsewhere: correct blobs";
  return {};
}

Code code_for(const Refusal& refusal, unsigned status) {
  if (refusal.code == "NoSuchBucket") return Code::Unavailable;
  switch (status) {
    case 404:
      return Code::NotFound;
    case 409:
    case 412:
      return Code::Conflict;
    case 416:
      return Code::RangeInvalid;
    default:
      return Code::Unavailable;
  }
}

Millis parse_time(std::string_view text, const char* format) {
  struct tm parts = {};
  const std::string copy(text);
  if (::strptime(copy.c_str(), format, &parts) == nullptr) return 0;
  return static_cast<Millis>(::timegm(&parts)) * 1000;
}

}  // namespace

Error s3_failure(const http::ClientResponse& response, const S3Location& where,
                 std::string_view doing) {
  const Refusal refusal = read_refusal(response);
  std::string words = cat(doing, " in ", where.shown(), ": status ", response.status);
  if (!refusal.code.empty()) words += cat(" ", refusal.code);
  const std::string_view advice = advice_for(refusal, response.status);
  if (!advice.empty()) {
    words += cat(": ", advice);
  } else if (!refusal.message.empty()) {
    words += cat(": ", refusal.message);
  }
  return Error(code_for(refusal, response.status), std::move(words));
}

Millis parse_http_date(std::string_view text) {
  return parse_time(text, "%a, %d %b %Y %H:%M:%S GMT");
}

Millis parse_iso8601(std::string_view text) { return parse_time(text, "%Y-%m-%dT%H:%M:%S"); }

}  // namespace embrace::blob
