#include "db/location.h"

#include <libpq-fe.h>

#include <memory>

#include "base/strings.h"

namespace embrace::db {
namespace {

constexpr std::string_view kSqlite = "sqlite://";

// What a server should use unless the URL says otherwise: notice a dead network within seconds.
struct Default {
  std::string_view key, value;
};
constexpr Default kDefaults[] = {
    {"connect_timeout", "10"},
    {"tcp_user_timeout", "30000"},
    {"client_encoding", "UTF8"},
    {"application_name", "embrace"},
};

void append_word(std::string& out, std::string_view key, std::string_view value) {
  if (!out.empty()) out += ' ';
  out += cat(key, "='");
  for (char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  out += '\'';
}

Result<Location> parse_sqlite(std::string_view path) {
  if (path.empty() || path.contains("memory:")) {
    return fail(Code::InvalidArgument,
                "the database URL names no file: write sqlite:///path/to/file.db");
  }
  if (path.contains('"') || path.contains('\0')) {
    return fail(Code::InvalidArgument,
                "the database's path may not hold a quote or a NUL: choose another path");
  }
  return Location{.dialect = Dialect::Sqlite, .path = std::string(path), .connect_words = {}};
}

Result<Location> parse_postgres(std::string_view url) {
  std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(std::string(url).c_str(), nullptr), &PQconninfoFree);
  if (!options) {
    return fail(Code::InvalidArgument,
                "the database URL can't be read: write postgresql://user:password@host:port/name, "
                "with special characters percent-encoded");
  }
  std::string words;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) append_word(words, option->keyword, option->val);
  }
  for (const auto& [key, value] : kDefaults) {
    if (!words.contains(cat(key, "='"))) append_word(words, key, value);
  }
  return Location{.dialect = Dialect::Postgres, .path = {}, .connect_words = std::move(words)};
}

}  // namespace

Result<Location> parse_url(std::string_view url) {
  if (url.starts_with(kSqlite)) return parse_sqlite(url.substr(kSqlite.size()));
  if (url.starts_with("postgresql://") || url.starts_with("postgres://"))
    return parse_postgres(url);
  return fail(Code::InvalidArgument,
              "the database URL begins with neither sqlite:// nor postgresql://");
}

}  // namespace embrace::db
