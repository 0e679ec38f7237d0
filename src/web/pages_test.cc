#include "web/pages.h"

#include <gtest/gtest.h>

#include <string>

#include "http/gzip.h"

namespace embrace::web {
namespace {

std::string gzipped(const std::string& text) {
  http::Fields request;
  request.add("Accept-Encoding", "gzip");
  http::Response response;
  response.body = text;
  response.may_compress = true;
  http::compress_if_wanted(request, response, 1);
  return std::get<std::string>(response.body.bytes);
}

const std::string kText(2000, 'x');
const std::string kPacked = gzipped(kText);
const Asset kAssets[] = {
    {"/_app/immutable/a.js", "aa", kText.size(), {}, kPacked, "brotli's bytes"},
    {"/_app/version.json", "bb", kText.size(), {}, kPacked, {}},
    {"/favicon.png", "cc", 3, "png", {}, {}},
};
const Site kSite{kAssets, "<head></head>", ""};

http::Response get(std::string_view path, std::string_view accepted,
                   std::string_view if_none_match = "") {
  const Pages pages(kSite);
  const Asset* asset = pages.find(path);
  if (!asset) return http::Response(404);
  http::Fields request;
  if (!accepted.empty()) request.add("Accept-Encoding", accepted);
  if (!if_none_match.empty()) request.add("If-None-Match", if_none_match);
  return Pages::send(*asset, request);
}

std::string text_of(const http::Response& response) {
  return std::get<std::string>(response.body.bytes);
}

TEST(Pages, AClientGetsTheEncodingThatItTakes) {
  const auto brotli = get("/_app/immutable/a.js", "gzip, deflate, br");
  EXPECT_EQ(brotli.fields.find("Content-Encoding"), "br");
  EXPECT_EQ(text_of(brotli), "brotli's bytes");
  EXPECT_EQ(brotli.fields.find("Vary"), "Accept-Encoding");
  EXPECT_EQ(brotli.fields.find("Content-Type"), "text/javascript; charset=utf-8");

  const auto gzip = get("/_app/immutable/a.js", "gzip, br;q=0");
  EXPECT_EQ(gzip.fields.find("Content-Encoding"), "gzip");
  EXPECT_EQ(text_of(gzip), kPacked);

  for (std::string_view plain : {"", "identity", "gzip;q=0"}) {
    const auto unpacked = get("/_app/immutable/a.js", plain);
    EXPECT_FALSE(unpacked.fields.find("Content-Encoding")) << plain;
    EXPECT_EQ(text_of(unpacked), kText) << plain;
  }
  EXPECT_EQ(get("/_app/version.json", "br").fields.find("Content-Encoding"), std::nullopt)
      << "there is no brotli of it";
  const auto png = get("/favicon.png", "gzip, br");
  EXPECT_EQ(text_of(png), "png");
  EXPECT_FALSE(png.fields.find("Vary"));
}

TEST(Pages, WhatIsNamedByItsContentsIsKeptForEver) {
  EXPECT_EQ(get("/_app/immutable/a.js", "").fields.find("Cache-Control"),
            "public, max-age=31536000, immutable");
  EXPECT_EQ(get("/_app/version.json", "").fields.find("Cache-Control"), "no-cache");
}

TEST(Pages, EachEncodingHasATagOfItsOwn) {
  const auto gzip = get("/_app/version.json", "gzip");
  const std::string tag(gzip.fields.find("ETag").value());
  EXPECT_EQ(get("/_app/version.json", "gzip", tag).status, 304u);
  EXPECT_EQ(get("/_app/version.json", "", tag).status, 200u);
  EXPECT_EQ(text_of(get("/_app/version.json", "gzip", tag)), "");
}

TEST(Pages, OnlyWholePathsAreFound) {
  for (std::string_view path : {"", "/", "/_app", "/_app/immutable/a.j", "/favicon.png/", "/zzz"})
    EXPECT_EQ(get(path, "").status, 404u) << path;
}

TEST(Pages, AProgramWithoutPagesHasNeitherFilesNorShell) {
  const Site nothing{};
  const Pages pages(nothing);
  EXPECT_FALSE(pages.shell().is_there());
  EXPECT_EQ(pages.find("/favicon.png"), nullptr);
}

}  // namespace
}  // namespace embrace::web
