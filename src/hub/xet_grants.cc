#include "hub/xet_grants.h"

// What is signed:
//
//   token  "1.{r|w|p}.{repo}.{repo created}.{user}.{expires}.{signature}"
//   fetch  "1.{xorb}.{first}-{length}_{first}-{length}....{expires}.{signature}"
//
// Numbers are decimal, the xorb is in the protocol's spelling.

#include <algorithm>
#include <charconv>

#include "base/strings.h"
#include "hub/signed_text.h"

namespace embrace::hub {
namespace {

constexpr std::string_view kTokenPurpose = "embrace xet token";
constexpr std::string_view kFetchPurpose = "embrace xet fetch";
constexpr std::size_t kTextBytesMax = 8192;
constexpr Millis kClocksDifferMs = 5 * 60 * 1000;

template <class N>
bool read_number(std::string_view text, N& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_spans(std::string_view text, std::vector<cas::ByteSpan>& into) {
  for (const auto piece : split(text, '_')) {
    const auto dash = piece.find('-');
    cas::ByteSpan span;
    if (dash == std::string_view::npos || !read_number(piece.substr(0, dash), span.offset) ||
        !read_number(piece.substr(dash + 1), span.length))
      return false;
    into.push_back(span);
  }
  return true;
}

}  // namespace

std::string XetToken::render(std::string_view signing_key) const {
  return sign_text(signing_key, kTokenPurpose,
                   cat("1.", scope == Scope::Read ? 'r' : (is_proposal ? 'p' : 'w'), '.', repo_id,
                       '.', repo_created_ms, '.', user_id, '.', expires_ms));
}

Result<XetToken> XetToken::parse(std::string_view text, std::string_view signing_key,
                                 Millis now_ms) {
  const auto refuse = [](std::string_view why) {
    return fail(Code::Unauthenticated, std::string(why), Tag::InvalidCredentials);
  };
  const auto payload =
      text.size() <= kTextBytesMax ? verify_text(signing_key, kTokenPurpose, text) : std::nullopt;
  if (!payload) return refuse("This Xet token was not made by this server.");
  const auto fields = split(*payload, '.');
  XetToken token;
  if (fields.size() != 6 || fields[0] != "1" || !read_number(fields[2], token.repo_id) ||
      !read_number(fields[3], token.repo_created_ms) || !read_number(fields[4], token.user_id) ||
      !read_number(fields[5], token.expires_ms))
    return refuse("This Xet token was made by another version of this server.");
  token.is_proposal = fields[1] == "p";
  token.scope = token.is_proposal || fields[1] == "w" ? Scope::Write : Scope::Read;
  if (token.expires_ms + kClocksDifferMs <= now_ms)
    return refuse("This Xet token has expired: ask the repository for a new one.");
  return token;
}

bool XetFetch::covers(std::uint64_t offset, std::uint64_t length) const {
  for (const auto& span : spans) {
    if (offset >= span.offset && length <= span.length &&
        offset - span.offset <= span.length - length)
      return true;
  }
  return false;
}

std::uint64_t XetFetch::total_bytes() const {
  std::uint64_t total = 0;
  for (const auto& span : spans) total += std::min(span.length, UINT64_MAX - total);
  return total;
}

std::string XetFetch::render(std::string_view signing_key) const {
  std::string ranges;
  for (const auto& span : spans)
    ranges += cat(ranges.empty() ? "" : "_", span.offset, '-', span.length);
  return sign_text(signing_key, kFetchPurpose,
                   cat("1.", xorb.text(), '.', ranges, '.', expires_ms));
}

Result<XetFetch> XetFetch::parse(std::string_view text, std::string_view signing_key,
                                 Millis now_ms) {
  constexpr auto kForged = "This link was not made by this server, or it was changed on the way.";
  const auto payload =
      text.size() <= kTextBytesMax ? verify_text(signing_key, kFetchPurpose, text) : std::nullopt;
  if (!payload) return fail(Code::Denied, kForged);
  const auto fields = split(*payload, '.');
  XetFetch fetch;
  if (fields.size() != 4 || fields[0] != "1" || !read_spans(fields[2], fetch.spans) ||
      !read_number(fields[3], fetch.expires_ms))
    return fail(Code::Denied, kForged);
  EMB_TRY(fetch.xorb, cas::XetHash::parse(fields[1]));
  if (fetch.expires_ms <= now_ms)
    return fail(Code::Denied, "This link has expired: ask for the file's reconstruction again.");
  return fetch;
}

}  // namespace embrace::hub
