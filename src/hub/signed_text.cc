#include "hub/signed_text.h"

#include "base/strings.h"
#include "crypto/sha256.h"

namespace embrace::hub {
namespace {

std::string signature_of(std::string_view key, std::string_view purpose, std::string_view payload) {
  const Digest digest = crypto::hmac_sha256(key, cat(purpose, "\n", payload));
  return to_base64url(
      {reinterpret_cast<const char*>(digest.bytes().data()), digest.bytes().size()});
}

}  // namespace

std::string sign_text(std::string_view signing_key, std::string_view purpose,
                      std::string_view payload) {
  return cat(payload, '.', signature_of(signing_key, purpose, payload));
}

std::optional<std::string_view> verify_text(std::string_view signing_key, std::string_view purpose,
                                            std::string_view text) {
  const auto dot = text.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto payload = text.substr(0, dot);
  if (!crypto::equal_in_constant_time(signature_of(signing_key, purpose, payload),
                                      text.substr(dot + 1)))
    return std::nullopt;
  return payload;
}

}  // namespace embrace::hub
