// GET and HEAD of /{P}{id}/resolve/{rev}/{path} (the file) and /raw/ (git's blob): the most watched
// headers of the whole contract (hub-api 7.2, 7.3).
#include "api/endpoints.h"
#include "api/hf/media_type.h"
#include "api/xet/xet_call.h"
#include "base/strings.h"
#include "http/range.h"
#include "hub/files.h"

namespace embrace::api {
namespace {

enum class View : std::uint8_t { File, Blob };

// Python reads the progress name out of filename="...";  with the semicolon, so it stays.
std::string content_disposition(std::string_view path, bool attachment) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  std::string ascii;
  for (char c : name) ascii += (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') ? '_' : c;
  return cat(attachment ? "attachment" : "inline", "; filename*=UTF-8''", percent_encode(name),
             "; filename=\"", ascii, "\";");
}

// Opens byte ranges of the found file; lives on the endpoint's frame while the response is made.
class Opener {
 public:
  Opener(Call& call, const hub::FoundFile& file, View view)
      : call_(call), file_(file), view_(view) {}

  Task<Result<rt::Content>> open(http::ByteRange range) {
    co_return co_await on_pool(call_, [&](rt::Blocking blocking) {
      return view_ == View::File
                 ? hub::open_file(call_.services(), blocking, file_, range.first, range.length)
                 : hub::open_blob(call_.services(), blocking, file_, range.first, range.length);
    });
  }

 private:
  Call& call_;
  const hub::FoundFile& file_;
  View view_;
};

void add_file_headers(const Call& call, const hub::FoundFile& file, View view,
                      http::Response& response) {
  response.fields.set("X-Repo-Commit", file.commit.hex());
  response.fields.set("Vary", "Origin, Accept");
  // A commit's file never changes; a branch's may at any moment.
  response.fields.set("Cache-Control", "private, no-cache, no-transform");
  if (view == View::File && file.entry.lfs) {
    response.fields.set("X-Linked-Etag", file.etag());
    response.fields.set("X-Linked-Size", cat(file.entry.lfs->size_bytes));
  }
  if (!call.request.query.flag("noContentDisposition")) {
    response.fields.set("Content-Disposition",
                        content_disposition(file.entry.path, call.request.query.flag("download")));
  }
  // What a stranger uploaded may not script our origin, whatever its type.
  response.fields.set("Content-Security-Policy",
                      "default-src 'none'; style-src 'unsafe-inline'; sandbox");
}

// By which hash the file can be had by Xet; zero: it can not.
Task<Result<cas::XetHash>> xet_hash_of(Call& call, const hub::FoundFile& file) {
  if (!file.entry.lfs) co_return cas::XetHash{};
  const git::LfsPointer pointer = *file.entry.lfs;
  if (auto known = hub::known_xet_hash(call.services(), *file.repo, pointer)) co_return *known;
  EMB_CO_TRY(const auto hashes, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::xet_hashes(call.services(), blocking, *file.repo,
                                      std::span(&pointer, 1));
             }));
  co_return hashes.front();
}

// Clients that know Xet go on from here to the chunk store; all others see nothing new.
void add_xet_headers(const Call& call, const hub::FoundFile& file, const cas::XetHash& hash,
                     http::Response& response) {
  const XetLinks links = xet_links(call, file.commit.hex(), hash);
  response.fields.set("X-Xet-Hash", hash.text());
  response.fields.set("X-Xet-Refresh-Route", links.auth);
  response.fields.set("Link", cat("<", links.auth, ">; rel=\"xet-auth\", <", links.reconstruction,
                                  ">; rel=\"xet-reconstruction-info\""));
}

constexpr std::string_view kXetFileInfo = "application/vnd.xet-fileinfo+json";

// The JavaScript client asks for this instead of the file. It reads only the headers.
http::Response file_info_reply(const Call& call, const hub::FoundFile& file,
                               const cas::XetHash& hash) {
  const XetLinks links = xet_links(call, file.commit.hex(), hash);
  json::Writer w;
  w.begin_object()
      .field("hash", hash.text())
      .field("refreshUrl", links.auth)
      .field("reconstructionUrl", links.reconstruction)
      .field("etag", file.etag())
      .field("size", file.entry.size_bytes())
      .field("fileType", media_type(file.entry.path))
      .end_object();
  http::Response response = json_reply(w);
  response.fields.set("Content-Type", kXetFileInfo);
  response.fields.set("ETag", file.etag());
  response.may_compress = false;
  return response;
}

Task<Result<http::Response>> send(Call& call, View view) {
  if (call.target.rest.size() < 1)
    co_return fail(Code::NotFound, "Entry not found", Tag::EntryNotFound);
  // The busiest question of all is answered here and now when memory knows.
  auto known = hub::known_file(call.services(), call.caller, call.target.repo, call.target.rest);
  if (!known) {
    known = co_await on_pool(call, [&](rt::Blocking blocking) {
      return hub::find_file(call.services(), blocking, call.caller, call.target.repo,
                            call.target.rest);
    });
  }
  EMB_CO_TRY(auto file, *std::move(known));
  cas::XetHash xet;
  if (view == View::File) {
    EMB_CO_TRY(xet, co_await xet_hash_of(call, file));
  }
  if (!xet.is_zero() && call.request.fields.find("Accept").value_or("").find(kXetFileInfo) !=
                            std::string_view::npos) {
    http::Response response = file_info_reply(call, file, xet);
    add_file_headers(call, file, view, response);
    add_xet_headers(call, file, xet, response);
    co_return response;
  }
  http::Entity entity;
  if (view == View::File) {
    entity.size_bytes = file.entry.size_bytes();
    entity.etag = file.etag();
    entity.content_type = media_type(file.entry.path);
  } else {
    entity.size_bytes = file.entry.blob_bytes;
    entity.etag = cat("\"", file.entry.oid.hex(), "\"");
    entity.content_type = "text/plain; charset=utf-8";
  }
  Opener opener(call, file, view);
  EMB_CO_TRY(auto response, co_await http::respond_with_entity(
                                call.request, std::move(entity),
                                [&opener](http::ByteRange range) { return opener.open(range); }));
  add_file_headers(call, file, view, response);
  if (!xet.is_zero()) add_xet_headers(call, file, xet, response);
  if (view == View::File && call.request.method == http::Method::Get)
    hub::count_download(call.services(), file);
  co_return response;
}

}  // namespace

Task<Result<http::Response>> resolve(Call& call) { co_return co_await send(call, View::File); }

Task<Result<http::Response>> raw(Call& call) { co_return co_await send(call, View::Blob); }

}  // namespace embrace::api
