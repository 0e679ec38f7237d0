#include "http/gzip.h"

#include <zlib.h>

#include <optional>
#include <string>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::http {
namespace {

// Above this the compression would hold up the other connections of the thread for too long.
constexpr std::size_t kGzipBytesMax = 4 << 20;

// A deflate state is a quarter of a megabyte; each thread keeps one.
class Deflater {
 public:
  Deflater() {
    ready_ =
        deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~Deflater() {
    if (ready_) deflateEnd(&stream_);
  }
  Deflater(const Deflater&) = delete;

  // nullopt when zlib fails: the text then travels as it is.
  std::optional<std::string> run(std::string& text) {
    if (!ready_ || deflateReset(&stream_) != Z_OK) return std::nullopt;
    std::string out(deflateBound(&stream_, text.size()), '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(text.data());
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    if (deflate(&stream_, Z_FINISH) != Z_STREAM_END) return std::nullopt;
    out.resize(out.size() - stream_.avail_out);
    return out;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

bool is_weightless(std::string_view parameters) {
  const auto q = parameters.find("q=");
  if (q == std::string_view::npos) return false;
  return trim(parameters.substr(q + 2)).find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

bool accepts_encoding(std::string_view accept_encoding, std::string_view wanted) {
  std::optional<bool> any;
  for (const auto piece : split(accept_encoding, ',')) {
    const auto semicolon = std::min(piece.find(';'), piece.size());
    const auto coding = trim(piece.substr(0, semicolon));
    const bool allowed = !is_weightless(piece.substr(semicolon));
    if (equal_ignoring_case(coding, wanted) ||
        (wanted == "gzip" && equal_ignoring_case(coding, "x-gzip")))
      return allowed;
    if (coding == "*") any = allowed;
  }
  return any.value_or(false);
}

bool accepts_gzip(std::string_view accept_encoding) {
  return accepts_encoding(accept_encoding, "gzip");
}

std::string gunzip(std::string_view packed, std::size_t plain_bytes) {
  z_stream stream{};
  EMB_CHECK(inflateInit2(&stream, 15 + 16) == Z_OK, "zlib can unpack");
  std::string out(plain_bytes, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  EMB_CHECK(ended == Z_STREAM_END && stream.avail_out == 0, "what was packed has the size it says");
  return out;
}

void compress_if_wanted(const Fields& request_fields, Response& response, std::uint32_t bytes_min) {
  auto* text = std::get_if<std::string>(&response.body.bytes);
  if (!response.may_compress || text == nullptr || text->size() < bytes_min ||
      text->size() > kGzipBytesMax || response.status == 206 ||
      response.fields.find("Content-Encoding")) {
    return;
  }
  response.fields.add("Vary", "Accept-Encoding");
  const auto accepted = request_fields.find("Accept-Encoding");
  if (!accepted || !accepts_gzip(*accepted)) return;
  thread_local Deflater deflater;
  auto packed = deflater.run(*text);
  if (!packed || packed->size() >= text->size()) return;
  *text = *std::move(packed);
  response.fields.set("Content-Encoding", "gzip");
  // The bytes are no longer those that a strong tag promises.
  if (const auto etag = response.fields.find("ETag"); etag && !etag->starts_with("W/")) {
    response.fields.set("ETag", cat("W/", *etag));
  }
}

}  // namespace embrace::http
