#include "blob/s3_service.h"

#include <algorithm>

#include "base/strings.h"
#include "blob/s3_xml.h"
#include "crypto/md5.h"
#include "crypto/sha256.h"

namespace embrace::blob {

namespace {

constexpr std::uint64_t kRefusalBytesMax = 64 << 10;
constexpr std::size_t kPageMax = 1000;  // S3's own

std::uint64_t number_of(std::optional<std::string_view> text) {
  return text ? parse_uint(trim(*text)).value_or(0) : 0;
}

// "bytes 0-9/100"
std::uint64_t total_of(std::string_view content_range) {
  const std::size_t slash = content_range.rfind('/');
  return slash == content_range.npos ? 0 : number_of(content_range.substr(slash + 1));
}

bool is_success(const http::ClientResponse& response) {
  return response.status >= 200 && response.status < 300;
}

}  // namespace

S3Service::S3Service(S3Location where, S3Keys keys, const Clock& clock, http::ClientSettings client)
    : where_(std::move(where)), keys_(std::move(keys)), clock_(clock), client_(client) {}

http::ClientRequest S3Service::signed_request(std::string method, std::string path, Rows query,
                                              Rows fields,
                                              std::string_view payload_sha256_hex) const {
  S3Request request{std::move(method), where_.host, std::move(path), std::move(query),
                    std::move(fields)};
  sign_s3_request(request, payload_sha256_hex, {keys_, where_.region, clock_.now_ms()});
  http::ClientRequest out;
  out.method = request.method;
  out.url = where_.url_of(request.path);
  if (const std::string query_text = render_s3_query(request); !query_text.empty()) {
    out.url += cat("?", query_text);
  }
  for (const auto& [name, value] : request.fields) out.fields.add(name, value);
  return out;
}

http::ClientRequest S3Service::signed_request(std::string method, std::string path, Rows query,
                                              Rows fields) const {
  static const std::string kOfNothing = crypto::sha256("").hex();
  return signed_request(std::move(method), std::move(path), std::move(query), std::move(fields),
                        kOfNothing);
}

std::string S3Service::bucket_path() const {
  return where_.path_style ? cat("/", where_.bucket) : std::string("/");
}

// Listings ask for percent-encoded keys; ours look the same either way. "" for what is not ours.
std::string S3Service::name_of(std::string_view key) const {
  auto decoded = percent_decode(key);
  if (!decoded || !decoded->starts_with(where_.prefix)) return "";
  return decoded->substr(where_.prefix.size());
}

Result<S3Service::Head> S3Service::head(rt::Blocking blocking, std::string_view name) {
  EMB_TRY(const auto response,
          client_.send(blocking, signed_request("HEAD", where_.path_of(name), {})));
  if (!is_success(response)) return fail(s3_failure(response, where_, cat("find ", name)));
  Head head;
  head.stat.size_bytes = number_of(response.fields.find("Content-Length"));
  head.stat.modified_ms = parse_http_date(response.fields.find("Last-Modified").value_or(""));
  head.etag = response.fields.find("ETag").value_or("");
  return head;
}

Result<S3Service::Part> S3Service::get(rt::Blocking blocking, std::string_view name,
                                       std::uint64_t offset, std::uint64_t length,
                                       std::string_view etag) {
  Rows fields = {{"Range", cat("bytes=", offset, "-", offset + length - 1)}};
  if (!etag.empty()) fields.emplace_back("If-Match", etag);
  EMB_TRY(auto download, client_.open(blocking, signed_request("GET", where_.path_of(name), {},
                                                               std::move(fields))));
  const unsigned status = download->status();
  std::string found_etag(download->fields().find("ETag").value_or(""));
  if (status == 206) {
    const std::string range(download->fields().find("Content-Range").value_or(""));
    if (!range.starts_with(cat("bytes ", offset, "-"))) {
      return fail(Code::Unavailable, cat("read ", name, " in ", where_.shown(),
                                         ": the store sent another range than it was asked for"));
    }
    return Part{std::move(download), total_of(range), std::move(found_etag)};
  }
  if (status == 200 && offset == 0) {  // the whole of it, which a store may send instead
    const std::uint64_t total = number_of(download->fields().find("Content-Length"));
    return Part{std::move(download), total, std::move(found_etag)};
  }
  if (status == 412) return fail(Code::Corrupt, cat(name, " was replaced while it was read"));
  EMB_TRY(std::string body, download->read_all(blocking, kRefusalBytesMax));
  return fail(
      s3_failure({status, download->fields(), std::move(body)}, where_, cat("read ", name)));
}

S3Service::Hashes S3Service::hashes_of(std::string_view bytes) {
  return {crypto::sha256(bytes), crypto::md5(bytes)};
}

// The SHA-256 is part of the signature.
S3Service::Rows S3Service::integrity_fields(const Hashes& hashes) {
  if (hashes.md5.empty()) return {};
  return {{"Content-MD5", to_base64(hashes.md5)}};
}

// A store that does not know the condition refuses it once; from then on it is left out, and
// whoever stored a name last wins: with the same bytes, because names name content.
Result<http::ClientResponse> S3Service::send_unless_there(rt::Blocking blocking, std::string method,
                                                          std::string_view name, Rows query,
                                                          http::Upload bytes,
                                                          const Hashes& hashes) {
  for (;;) {
    const bool conditional = knows_conditions_;
    Rows fields = integrity_fields(hashes);
    if (conditional) fields.emplace_back("If-None-Match", "*");
    http::ClientRequest request =
        signed_request(method, where_.path_of(name), query, std::move(fields), hashes.sha256.hex());
    request.body = bytes;
    EMB_TRY(auto response, client_.send(blocking, request));
    if (response.status != 501 || !conditional) return response;
    knows_conditions_ = false;
  }
}

Result<S3Service::Stored> S3Service::put(rt::Blocking blocking, std::string_view name,
                                         http::Upload bytes, const Hashes& hashes) {
  EMB_TRY(const auto response,
          send_unless_there(blocking, "PUT", name, {}, std::move(bytes), hashes));
  if (response.status == 412) return Stored::WasThere;
  if (!is_success(response)) return fail(s3_failure(response, where_, cat("store ", name)));
  return Stored::New;
}

Status S3Service::remove(rt::Blocking blocking, std::string_view name) {
  EMB_TRY(const auto response,
          client_.send(blocking, signed_request("DELETE", where_.path_of(name), {})));
  if (is_success(response)) return Done{};
  Error error = s3_failure(response, where_, cat("remove ", name));
  if (error.code() == Code::NotFound) return Done{};
  return fail(std::move(error));
}

std::string S3Service::presign_get(std::string_view name, std::string_view range,
                                   unsigned lifetime_s) const {
  S3Request request{"GET", where_.host, where_.path_of(name), {}, {{"Range", std::string(range)}}};
  std::string url = where_.url_of(request.path);
  return cat(
      url, "?",
      presign_s3_query(std::move(request), lifetime_s, {keys_, where_.region, clock_.now_ms()}));
}

Result<S3Service::Page> S3Service::list(rt::Blocking blocking, const Question& question) {
  Rows query = {{"list-type", "2"},
                {"encoding-type", "url"},
                {"max-keys", cat(std::clamp<std::size_t>(question.limit, 1, kPageMax))},
                {"prefix", cat(where_.prefix, question.prefix)}};
  if (!question.page.empty()) {
    query.emplace_back("continuation-token", question.page);
  } else if (!question.after.empty()) {
    query.emplace_back("start-after", cat(where_.prefix, question.after));
  }
  if (question.by_folder) query.emplace_back("delimiter", "/");
  EMB_TRY(const auto response,
          client_.send(blocking, signed_request("GET", bucket_path(), std::move(query))));
  if (!is_success(response)) return fail(s3_failure(response, where_, "list objects"));
  EMB_TRY(const XmlElement root, parse_xml(response.body));
  Page page;
  for (const XmlElement& child : root.children) {
    if (child.name == "Contents") {
      page.objects.emplace_back(name_of(child.text_of("Key")),
                                Stat{.size_bytes = number_of(child.text_of("Size")),
                                     .modified_ms = parse_iso8601(child.text_of("LastModified"))});
    } else if (child.name == "CommonPrefixes") {
      page.folders.push_back(name_of(child.text_of("Prefix")));
    }
  }
  if (root.text_of("IsTruncated") == "true") {
    page.next = std::string(root.text_of("NextContinuationToken"));
  }
  return page;
}

}  // namespace embrace::blob
