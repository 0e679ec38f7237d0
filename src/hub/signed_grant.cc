// The text of a SignedGrant:
// "3.{action}.{repo}.{sha256}.{size}.{upload}.{part}.{part bytes}.{payer}.{expires}.{signature}",
// every field URL-safe, the sha256 and the signature in base64url. The signature covers the text
// before it byte for byte, so a grant has exactly one spelling.

#include <charconv>
#include <optional>

#include "base/strings.h"
#include "crypto/sha256.h"
#include "hub/lfs.h"

namespace embrace::hub {
namespace {

constexpr std::string_view kActions = "upcdv";  // in the order of Action
constexpr std::string_view kPurpose =
    "embrace lfs grant\n";  // so that no other signature of this key fits
constexpr std::size_t kGrantBytesMax = 512;

std::string digest_text(const Digest& digest) {
  return to_base64url(
      {reinterpret_cast<const char*>(digest.bytes().data()), digest.bytes().size()});
}

std::string sign(std::string_view payload, std::string_view key) {
  return digest_text(crypto::hmac_sha256(key, cat(kPurpose, payload)));
}

template <class N>
bool read_number(std::string_view text, N& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_digest(std::string_view text, Digest& into) {
  const auto bytes = from_base64url(text);
  if (!bytes || bytes->size() != 32) return false;
  std::array<std::uint8_t, 32> raw;
  std::memcpy(raw.data(), bytes->data(), raw.size());
  into = Digest(raw);
  return true;
}

std::optional<SignedGrant> read_fields(std::string_view payload) {
  const auto fields = split(payload, '.');
  if (fields.size() != 10 || fields[0] != "3" || fields[1].size() != 1) return std::nullopt;
  const auto action = kActions.find(fields[1][0]);
  if (action == std::string_view::npos) return std::nullopt;
  SignedGrant grant;
  grant.action = static_cast<SignedGrant::Action>(action);
  grant.upload = fields[5];
  if (!read_number(fields[2], grant.repo_id) || !read_digest(fields[3], grant.object.sha256) ||
      !read_number(fields[4], grant.object.size_bytes) || !read_number(fields[6], grant.part) ||
      !read_number(fields[7], grant.part_bytes) || !read_number(fields[8], grant.payer_id) ||
      !read_number(fields[9], grant.expires_ms)) {
    return std::nullopt;
  }
  return grant;
}

}  // namespace

std::string SignedGrant::render(std::string_view signing_key) const {
  const auto payload = cat("3.", kActions[static_cast<std::size_t>(action)], '.', repo_id, '.',
                           digest_text(object.sha256), '.', object.size_bytes, '.', upload, '.',
                           part, '.', part_bytes, '.', payer_id, '.', expires_ms);
  return cat(payload, '.', sign(payload, signing_key));
}

Result<SignedGrant> SignedGrant::parse(std::string_view text, std::string_view signing_key,
                                       Millis now_ms) {
  constexpr auto kForged = "This link was not made by this server, or it was changed on the way.";
  if (text.size() > kGrantBytesMax) return fail(Code::Denied, kForged);
  const auto dot = text.rfind('.');
  if (dot == std::string_view::npos) return fail(Code::Denied, kForged);
  const auto payload = text.substr(0, dot);
  if (!crypto::equal_in_constant_time(sign(payload, signing_key), text.substr(dot + 1)))
    return fail(Code::Denied, kForged);
  auto grant = read_fields(payload);
  if (!grant) return fail(Code::Denied, kForged);
  if (grant->expires_ms <= now_ms)
    return fail(Code::Denied, "This link has expired: ask the server for a new one.");
  return *std::move(grant);
}

}  // namespace embrace::hub
