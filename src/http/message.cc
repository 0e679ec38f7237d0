#include "http/message.h"

#include <algorithm>

#include "base/strings.h"

namespace embrace::http {
namespace {

constexpr std::size_t kQueryRowsMax = 4096;

// One side of `name=value`: '+' is a space. A broken escape is kept as it was sent, since clients
// that forget to encode '%' are more common than attackers who gain from it.
std::string decode_form(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  if (spaced.find('%') == std::string::npos) return spaced;
  if (auto decoded = percent_decode(spaced)) return *std::move(decoded);
  return spaced;
}

bool is_named(std::string_view key, std::string_view name) {
  if (key == name) return true;
  return key.size() == name.size() + 2 && key.starts_with(name) && key.ends_with("[]");
}

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::Get:
      return "GET";
    case Method::Head:
      return "HEAD";
    case Method::Post:
      return "POST";
    case Method::Put:
      return "PUT";
    case Method::Patch:
      return "PATCH";
    case Method::Delete:
      return "DELETE";
    case Method::Options:
      return "OPTIONS";
    case Method::Other:
      break;
  }
  return "OTHER";
}

std::optional<std::string_view> Fields::find(std::string_view name) const {
  for (const auto& [key, value] : rows_) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Fields::find_all(std::string_view name) const {
  std::vector<std::string_view> all;
  for (const auto& [key, value] : rows_) {
    if (equal_ignoring_case(key, name)) all.push_back(value);
  }
  return all;
}

void Fields::add(std::string_view name, std::string_view value) {
  if (rows_.empty()) rows_.reserve(12);  // what an ordinary client sends
  rows_.emplace_back(name, value);
}

void Fields::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Fields::remove(std::string_view name) {
  std::erase_if(rows_, [&](const auto& row) { return equal_ignoring_case(row.first, name); });
}

Query Query::parse(std::string_view text) {
  Query query;
  while (!text.empty() && query.rows_.size() < kQueryRowsMax) {
    const auto end = std::min(text.find('&'), text.size());
    const auto pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    query.rows_.emplace_back(
        decode_form(pair.substr(0, equals)),
        equals == std::string_view::npos ? std::string() : decode_form(pair.substr(equals + 1)));
  }
  return query;
}

std::optional<std::string_view> Query::find(std::string_view name) const {
  for (const auto& [key, value] : rows_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

bool Query::flag(std::string_view name) const {
  const auto value = find(name);
  return value && (value->empty() || *value == "true" || *value == "True" || *value == "1" ||
                   *value == "on");
}

std::vector<std::string> Query::list(std::string_view name) const {
  std::vector<std::string> all;
  for (const auto& [key, value] : rows_) {
    if (!is_named(key, name)) continue;
    for (const auto piece : split(value, ',')) {
      if (!piece.empty()) all.emplace_back(piece);
    }
  }
  return all;
}

std::vector<std::string> Query::repeated(std::string_view name) const {
  std::vector<std::string> all;
  for (const auto& [key, value] : rows_) {
    if (is_named(key, name)) all.push_back(value);
  }
  return all;
}

Task<Result<std::string>> read_body(Request& request, std::uint64_t bytes_max) {
  const auto length = request.body->length();
  if (length && *length > bytes_max) {
    co_return fail(Code::TooLarge,
                   cat("the body has ", *length, " bytes; at most ", bytes_max, " are accepted"));
  }
  if (!length) co_return co_await rt::read_all(*request.body, bytes_max);

  std::string body;
  // The length is the client's claim: memory follows what has really arrived.
  constexpr std::uint64_t kStep = 1 << 20;
  while (body.size() < *length) {
    const auto filled = body.size();
    body.resize(filled +
                std::min<std::uint64_t>(*length - filled, std::max<std::uint64_t>(kStep, filled)));
    EMB_CO_TRY(const std::size_t got, co_await request.body->read(std::span(body).subspan(filled)));
    body.resize(filled + got);
    if (got == 0) co_return fail(Code::InvalidArgument, "the body ended early");
  }
  co_return body;
}

}  // namespace embrace::http
