#include "api/xet/xet_call.h"

#include "base/strings.h"
#include "http/range.h"

namespace embrace::api {

std::string cas_url(std::string_view base) { return cat(base, "/api/xet"); }

Result<hub::XetToken> xet_token(const Call& call, hub::XetToken::Scope scope) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view header = call.request.fields.find("Authorization").value_or("");
  if (header.size() <= kScheme.size() ||
      !equal_ignoring_case(header.substr(0, kScheme.size()), kScheme)) {
    return fail(Code::Unauthenticated,
                "A Xet token is needed here: GET /api/{type}/{repo}/xet-read-token/{revision}");
  }
  EMB_TRY(auto token,
          hub::XetToken::parse(trim(header.substr(kScheme.size())), call.services().signing_key,
                               call.services().clock.now_ms()));
  if (scope == hub::XetToken::Scope::Write && token.scope != hub::XetToken::Scope::Write)
    return fail(Code::Denied, "This Xet token is for reading: ask for a write token");
  return token;
}

Result<cas::XetHash> xet_hash(std::string_view text) {
  auto hash = cas::XetHash::parse(text);
  if (!hash) return fail(Code::InvalidArgument, "a hash has 64 hexadecimal digits");
  return hash;
}

Result<cas::XetHash> hash_in_path(const Call& call) {
  const auto& segments = call.target.segments;
  return xet_hash(segments.back().empty() ? segments.at(segments.size() - 2) : segments.back());
}

http::Response measured_reply(const Call& call, std::uint64_t length) {
  if (call.request.method != http::Method::Head) {
    http::Response refused(405);
    refused.fields.set("Allow", "HEAD");
    return refused;
  }
  http::Response response;
  response.fields.set("Content-Type", "application/octet-stream");
  response.body = http::measured_only(length);
  return response;
}

TokenHeaders token_headers(const Call& call, const hub::XetToken& token) {
  return {.cas_url = cas_url(call.base),
          .access_token = token.render(call.services().signing_key),
          .expiration = cat(token.expires_ms / 1000)};
}

http::Response token_reply(const Call& call, const hub::XetToken& token) {
  const TokenHeaders headers = token_headers(call, token);
  json::Writer w;
  w.begin_object()
      .field("casUrl", headers.cas_url)
      .field("accessToken", headers.access_token)
      .field("exp", token.expires_ms / 1000)
      .end_object();
  http::Response response = json_reply(w);
  response.fields.set("X-Xet-Cas-Url", headers.cas_url);
  response.fields.set("X-Xet-Access-Token", headers.access_token);
  response.fields.set("X-Xet-Token-Expiration", headers.expiration);
  response.fields.set("Cache-Control", "no-store");
  return response;
}

XetLinks xet_links(const Call& call, std::string_view commit, const cas::XetHash& hash) {
  const RepoName& repo = call.target.repo;
  return {.auth = cat(call.base, "/api/", api_segment(repo.type), "/", repo.id(),
                      "/xet-read-token/", commit),
          .reconstruction = cat(cas_url(call.base), "/v1/reconstructions/", hash.text())};
}

}  // namespace embrace::api
