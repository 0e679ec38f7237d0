#include "hub/account_rules.h"

#include <algorithm>

#include "base/repo_name.h"
#include "base/strings.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kPasswordBytesMin = 8;
constexpr std::size_t kPasswordBytesMax = 1024;
constexpr std::size_t kFullnameBytesMax = 200;
constexpr std::size_t kEmailBytesMax = 254;
constexpr std::size_t kTokenNameBytesMax = 200;
constexpr std::size_t kDetailsBytesMax = 2000;
constexpr std::size_t kHomepageBytesMax = 500;

enum class Lines : bool { One, Many };

Status check_text(std::string_view what, std::string_view text, std::size_t bytes_max,
                  Lines lines = Lines::One) {
  if (text.size() > bytes_max) {
    return fail(Code::InvalidArgument, cat("the ", what, " is longer than ", bytes_max, " bytes"));
  }
  if (!is_valid_utf8(text))
    return fail(Code::InvalidArgument, cat("the ", what, " is not valid UTF-8"));
  const bool has_control = std::ranges::any_of(text, [&](unsigned char c) {
    return (c < 0x20 && !(lines == Lines::Many && c == '\n')) || c == 0x7f;
  });
  if (has_control)
    return fail(Code::InvalidArgument, cat("the ", what, " holds control characters"));
  return Done{};
}

}  // namespace

Status check_new_namespace(std::string_view name) {
  if (equal_ignoring_case(name, "admin"))
    return fail(Code::InvalidArgument, cat("the name ", name, " is reserved; choose another one"));
  return check_namespace(name);
}

Status check_fullname(std::string_view fullname) {
  return check_text("full name", fullname, kFullnameBytesMax);
}

Status check_token_name(std::string_view name) {
  return check_text("token's name", name, kTokenNameBytesMax);
}

Status check_email(std::string_view email) {
  if (email.empty()) return Done{};
  EMB_DO(check_text("e-mail address", email, kEmailBytesMax));
  const auto at = email.find('@');
  if (at == 0 || at == email.npos || at + 1 == email.size() || email.contains(' ')) {
    return fail(Code::InvalidArgument, cat(email, " is not an e-mail address"));
  }
  return Done{};
}

Status check_password(std::string_view password) {
  if (password.size() < kPasswordBytesMin) {
    return fail(Code::InvalidArgument,
                cat("the password needs at least ", kPasswordBytesMin, " characters"));
  }
  if (password.size() > kPasswordBytesMax)
    return fail(Code::InvalidArgument, "the password is too long");
  return Done{};
}

Status check_details(std::string_view details) {
  return check_text("description", details, kDetailsBytesMax, Lines::Many);
}

// It becomes a link: no other scheme, which could run something, and nothing that ends a link.
Status check_homepage(std::string_view homepage) {
  if (homepage.empty()) return Done{};
  EMB_DO(check_text("homepage", homepage, kHomepageBytesMax));
  const std::string lower = to_lower(homepage);
  std::string_view rest = lower;
  if (rest.starts_with("https://"))
    rest.remove_prefix(8);
  else if (rest.starts_with("http://"))
    rest.remove_prefix(7);
  else
    rest = {};
  if (rest.empty() || rest.front() == '/' ||
      homepage.find_first_of(" \"'<>\\") != std::string_view::npos) {
    return fail(Code::InvalidArgument,
                "the homepage must be an address that begins with http:// or https://");
  }
  return Done{};
}

}  // namespace embrace::hub
