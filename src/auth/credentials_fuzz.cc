// Authorization and Cookie headers are any bytes that a stranger likes; parsing keeps its promises
// on all.

#include "auth/authenticator.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using embrace::auth::Credentials;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto from_header = Credentials::parse(text, std::nullopt);
  EMB_CHECK_OR_DIE(from_header.kind != Credentials::Kind::None,
                   "a header is never taken for anonymous");
  const auto from_cookie = Credentials::parse(std::nullopt, text);
  EMB_CHECK_OR_DIE(from_cookie.password.empty(), "a cookie has no password");
  return 0;
}
