// Of auth/authenticator.h: Credentials::parse. Everything here comes from strangers.

#include "auth/authenticator.h"
#include "base/strings.h"

namespace embrace::auth {
namespace {

constexpr std::size_t kHeaderBytesMax = 8 * 1024;
constexpr std::size_t kSecretBytesMax = 1024;  // argon2 would hash more, but nobody types it

bool looks_like_token(std::string_view text) { return text.starts_with("hf_"); }

// Visible ASCII without a comma or semicolon: what a token or our cookie can hold.
bool is_token_text(std::string_view text) {
  if (text.empty() || text.size() > kSecretBytesMax) return false;
  for (char c : text) {
    if (c <= ' ' || c > '~' || c == ',' || c == ';') return false;
  }
  return true;
}

// Names and passwords are UTF-8 (RFC 7617) without control characters.
bool is_person_text(std::string_view text) {
  if (text.size() > kSecretBytesMax || !is_valid_utf8(text)) return false;
  for (char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') return false;
  }
  return true;
}

Credentials of_kind(Credentials::Kind kind) {
  Credentials out;
  out.kind = kind;
  return out;
}

Credentials secret(Credentials::Kind kind, std::string_view text) {
  if (!is_token_text(text)) return of_kind(Credentials::Kind::Unreadable);
  Credentials out = of_kind(kind);
  out.token = text;
  return out;
}

Credentials parse_basic(std::string_view encoded) {
  const auto plain = from_base64(encoded);
  if (!plain) return of_kind(Credentials::Kind::Unreadable);
  const auto colon = plain->find(':');
  if (colon == plain->npos) return of_kind(Credentials::Kind::Unreadable);
  const auto user = std::string_view(*plain).substr(0, colon);
  const auto password = std::string_view(*plain).substr(colon + 1);
  if (looks_like_token(password)) return secret(Credentials::Kind::Token, password);
  if (password.empty() && looks_like_token(user)) return secret(Credentials::Kind::Token, user);
  if (user.empty() || !is_person_text(user) || !is_person_text(password)) {
    return of_kind(Credentials::Kind::Unreadable);
  }
  Credentials out = of_kind(Credentials::Kind::Password);
  out.user = user;
  out.password = password;
  return out;
}

Credentials parse_authorization(std::string_view header) {
  if (header.size() > kHeaderBytesMax) return of_kind(Credentials::Kind::Unreadable);
  const auto text = trim(header);
  const auto space = text.find(' ');
  if (space == text.npos) return of_kind(Credentials::Kind::Unreadable);
  const auto scheme = text.substr(0, space);
  const auto rest = trim(text.substr(space + 1));
  if (equal_ignoring_case(scheme, "Bearer")) return secret(Credentials::Kind::Token, rest);
  if (equal_ignoring_case(scheme, "Basic")) {
    Credentials out = parse_basic(rest);
    out.is_basic = true;
    return out;
  }
  return of_kind(Credentials::Kind::Unreadable);
}

Credentials parse_cookies(std::string_view header) {
  if (header.size() > kHeaderBytesMax) return of_kind(Credentials::Kind::None);
  for (auto pair : split(header, ';')) {
    pair = trim(pair);
    const auto equals = pair.find('=');
    if (equals == pair.npos || pair.substr(0, equals) != kSessionCookie) continue;
    const auto value = pair.substr(equals + 1);
    if (value.empty())
      return of_kind(Credentials::Kind::None);  // a browser that has just logged out
    return secret(Credentials::Kind::Cookie, value);
  }
  return of_kind(Credentials::Kind::None);
}

}  // namespace

Credentials Credentials::parse(std::optional<std::string_view> authorization,
                               std::optional<std::string_view> cookie_header) {
  if (authorization) return parse_authorization(*authorization);
  if (cookie_header) return parse_cookies(*cookie_header);
  return {};
}

}  // namespace embrace::auth
