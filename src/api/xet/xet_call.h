#pragma once
// What the endpoints of the chunk store share: where it is, who calls, and how their answers look.

#include <string>
#include <string_view>

#include "api/call.h"
#include "hub/xet.h"

namespace embrace::api {

// Clients append "/v1/...": no slash at the end.
std::string cas_url(std::string_view base);

// The caller's token, which they send instead of the Hub's. Unauthenticated without one, Denied
// when it is for reading and the scope is Write.
Result<hub::XetToken> xet_token(const Call& call, hub::XetToken::Scope scope);

// A hash in the path or a body; InvalidArgument otherwise.
Result<cas::XetHash> xet_hash(std::string_view text);
// The last segment of the path.
Result<cas::XetHash> hash_in_path(const Call& call);

// Xet's clients know a bad xorb or shard as 400.
template <class T>
Result<T> as_bad_request(Result<T> result) {
  if (result || result.error().code() != Code::Unusable) return result;
  return fail(Code::InvalidArgument, result.error().message());
}

// The answer to HEAD of something of this length; GET is told that it is not answered here.
http::Response measured_reply(const Call& call, std::uint64_t length);

// {casUrl, accessToken, exp} and the same as headers, for clients that read only those.
http::Response token_reply(const Call& call, const hub::XetToken& token);
// The three headers by name and value, also for LFS actions.
struct TokenHeaders {
  std::string cas_url;
  std::string access_token;
  std::string expiration;
};
TokenHeaders token_headers(const Call& call, const hub::XetToken& token);

// Says on an answer of resolve that the file can be had by Xet (docs/formats/xet.md).
struct XetLinks {
  std::string auth;            // where the token comes from
  std::string reconstruction;  // what the file is made of
};
XetLinks xet_links(const Call& call, std::string_view commit, const cas::XetHash& hash);

}  // namespace embrace::api
