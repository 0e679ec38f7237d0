#include "web/pages.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/strings.h"
#include "http/gzip.h"
#include "http/range.h"

namespace embrace::web {
namespace {

constexpr std::string_view kNamedByContents = "/_app/immutable/";

constexpr auto kTypes = std::to_array<std::pair<std::string_view, std::string_view>>({
    {".css", "text/css; charset=utf-8"},
    {".gif", "image/gif"},
    {".html", "text/html; charset=utf-8"},
    {".ico", "image/x-icon"},
    {".jpg", "image/jpeg"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".png", "image/png"},
    {".svg", "image/svg+xml"},
    {".ttf", "font/ttf"},
    {".txt", "text/plain; charset=utf-8"},
    {".wasm", "application/wasm"},
    {".webmanifest", "application/manifest+json"},
    {".webp", "image/webp"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
    {".xml", "application/xml; charset=utf-8"},
});

std::string_view type_of(std::string_view path) {
  for (const auto& [ending, type] : kTypes) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

struct Form {
  std::string_view bytes;
  std::string_view encoding;  // empty: none
};

Form form_for(const Asset& asset, const http::Fields& request) {
  const auto accepted = request.find("Accept-Encoding").value_or("");
  if (!asset.brotli.empty() && http::accepts_encoding(accepted, "br")) return {asset.brotli, "br"};
  if (!asset.gzip.empty() && http::accepts_encoding(accepted, "gzip")) return {asset.gzip, "gzip"};
  return {asset.plain, ""};
}

}  // namespace

Pages::Pages(const Site& site) : site_(site), shell_(site.shell, site.script_sources) {}

const Asset* Pages::find(std::string_view path) const {
  const auto found = std::ranges::lower_bound(site_.assets, path, {}, &Asset::path);
  return found != site_.assets.end() && found->path == path ? &*found : nullptr;
}

http::Response Pages::send(const Asset& asset, const http::Fields& request) {
  const Form form = form_for(asset, request);
  const std::string etag =
      cat("\"", asset.tag, form.encoding.empty() ? "" : "-", form.encoding, "\"");
  http::Response response;
  response.fields.add("ETag", etag);
  response.fields.add("Cache-Control", asset.path.starts_with(kNamedByContents)
                                           ? "public, max-age=31536000, immutable"
                                           : "no-cache");
  if (!asset.gzip.empty()) response.fields.add("Vary", "Accept-Encoding");
  if (const auto seen = request.find("If-None-Match"); seen && http::etag_matches(*seen, etag)) {
    response.status = 304;
    return response;
  }
  response.fields.add("Content-Type", type_of(asset.path));
  // A worker brings its own policy: it may compute, and speak to nobody but us.
  response.fields.add("Content-Security-Policy",
                      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src "
                      "'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'");
  if (!form.encoding.empty()) response.fields.add("Content-Encoding", form.encoding);
  if (form.encoding.empty() && asset.plain.empty())
    response.body = http::gunzip(asset.gzip, asset.plain_bytes);
  else
    response.body = std::string(form.bytes);
  return response;
}

}  // namespace embrace::web
