// S3Service's uploads in parts. Nothing is visible before the last step, which names the parts.
#include "base/strings.h"
#include "blob/s3_service.h"
#include "blob/s3_xml.h"

namespace embrace::blob {

namespace {

constexpr unsigned kUploadPagesMax = 10;

bool is_success(const http::ClientResponse& response) {
  return response.status >= 200 && response.status < 300;
}

// Some stores compare nothing with a part, but name it by its MD5. With encryption under a key of
// the customer's, the name has the same shape and means nothing.
bool is_another_md5(const http::Fields& fields, std::string_view etag, std::string_view md5) {
  const bool is_encrypted =
      fields.find("x-amz-server-side-encryption").value_or("AES256") != "AES256" ||
      fields.find("x-amz-server-side-encryption-customer-algorithm").has_value();
  if (is_encrypted || md5.empty()) return false;
  if (etag.size() >= 2 && etag.starts_with('"')) etag = etag.substr(1, etag.size() - 2);
  const auto named = etag.size() == 2 * md5.size() ? from_hex(etag) : std::nullopt;
  return named && *named != md5;
}

}  // namespace

Result<std::string> S3Service::start_upload(rt::Blocking blocking, std::string_view name) {
  http::ClientRequest request = signed_request("POST", where_.path_of(name), {{"uploads", ""}});
  request.body = http::Upload::of_text("");
  EMB_TRY(const auto response, client_.send(blocking, request));
  if (!is_success(response)) return fail(s3_failure(response, where_, cat("store ", name)));
  EMB_TRY(const XmlElement root, parse_xml(response.body));
  std::string upload(root.text_of("UploadId"));
  if (upload.empty()) return fail(Code::Unavailable, "the S3 store began an upload without an id");
  return upload;
}

Result<std::string> S3Service::put_part(rt::Blocking blocking, std::string_view name,
                                        std::string_view upload, unsigned number,
                                        http::Upload bytes, const Hashes& hashes) {
  http::ClientRequest request = signed_request(
      "PUT", where_.path_of(name), {{"partNumber", cat(number)}, {"uploadId", std::string(upload)}},
      {}, hashes.sha256.hex());
  request.body = std::move(bytes);
  EMB_TRY(const auto response, client_.send(blocking, request));
  const auto etag = response.fields.find("ETag");
  if (!is_success(response) || !etag) {
    return fail(s3_failure(response, where_, cat("store part ", number, " of ", name)));
  }
  if (is_another_md5(response.fields, *etag, hashes.md5)) {
    return fail(Code::Unavailable, cat("store part ", number, " of ", name, " in ", where_.shown(),
                                       ": it arrived damaged"));
  }
  return std::string(*etag);
}

Result<S3Service::Stored> S3Service::complete_upload(rt::Blocking blocking, std::string_view name,
                                                     std::string_view upload,
                                                     const std::vector<std::string>& etags) {
  std::string body = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < etags.size(); ++i) {
    body += cat("<Part><PartNumber>", i + 1, "</PartNumber><ETag>", escape_xml(etags[i]),
                "</ETag></Part>");
  }
  body += "</CompleteMultipartUpload>";
  const Hashes hashes = hashes_of(body);
  EMB_TRY(auto response,
          send_unless_there(blocking, "POST", name, {{"uploadId", std::string(upload)}},
                            http::Upload::of_text(std::move(body)), hashes));
  if (response.status == 412) return Stored::WasThere;
  // The store may find out that it can't after it has said 200.
  if (is_success(response)) {
    EMB_TRY(const XmlElement root, parse_xml(response.body));
    if (root.name != "Error") return Stored::New;
    response.status = 500;
  }
  return fail(s3_failure(response, where_, cat("store ", name)));
}

Status S3Service::abort_upload(rt::Blocking blocking, std::string_view name,
                               std::string_view upload) {
  EMB_TRY(const auto response,
          client_.send(blocking, signed_request("DELETE", where_.path_of(name),
                                                {{"uploadId", std::string(upload)}})));
  if (is_success(response) || response.status == 404) return Done{};
  return fail(s3_failure(response, where_, cat("abort an upload of ", name)));
}

Result<std::vector<S3Service::Pending>> S3Service::list_uploads(rt::Blocking blocking) {
  std::vector<Pending> out;
  std::string key_marker, upload_marker;
  for (unsigned page = 0; page < kUploadPagesMax; ++page) {
    Rows query = {{"uploads", ""}, {"prefix", where_.prefix}};
    if (page > 0) {
      query.emplace_back("key-marker", key_marker);
      query.emplace_back("upload-id-marker", upload_marker);
    }
    EMB_TRY(const auto response,
            client_.send(blocking, signed_request("GET", bucket_path(), std::move(query))));
    if (!is_success(response)) return fail(s3_failure(response, where_, "list uploads"));
    EMB_TRY(const XmlElement root, parse_xml(response.body));
    for (const XmlElement& child : root.children) {
      if (child.name != "Upload") continue;
      const std::string_view key = child.text_of("Key");
      if (!key.starts_with(where_.prefix)) continue;
      out.push_back({std::string(key.substr(where_.prefix.size())),
                     std::string(child.text_of("UploadId")),
                     parse_iso8601(child.text_of("Initiated"))});
    }
    key_marker = std::string(root.text_of("NextKeyMarker"));
    upload_marker = std::string(root.text_of("NextUploadIdMarker"));
    if (root.text_of("IsTruncated") != "true" || key_marker.empty()) break;
  }
  return out;
}

}  // namespace embrace::blob
