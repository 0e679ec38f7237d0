#include "db/statement_text.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace embrace::db {
namespace {

bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_name(char c) { return begins_name(c) || (c >= '0' && c <= '9'); }

// The position just behind the first `end` at or after `from`, or the end of the text.
std::size_t behind(std::string_view sql, std::string_view end, std::size_t from) {
  const auto at = sql.find(end, from);
  return at == std::string_view::npos ? sql.size() : at + end.size();
}

}  // namespace

StatementText number_parameters(std::string_view sql, Dialect dialect) {
  StatementText out;
  out.text.reserve(sql.size());
  std::vector<std::string_view> names;
  for (std::size_t at = 0; at < sql.size();) {
    const char c = sql[at];
    const std::string_view rest = sql.substr(at);
    if (c == '\'' || c == '"') {
      const auto end = behind(sql, rest.substr(0, 1), at + 1);
      out.text += sql.substr(at, end - at);
      at = end;
    } else if (rest.starts_with("--") || rest.starts_with("/*")) {
      at = rest[0] == '-' ? behind(sql, "\n", at) : behind(sql, "*/", at + 2);
      out.text += ' ';
    } else if (rest.starts_with("::")) {
      out.text += "::";
      at += 2;
    } else if (c == ':' && rest.size() > 1 && begins_name(rest[1])) {
      std::size_t end = 2;
      while (end < rest.size() && continues_name(rest[end])) ++end;
      const auto name = rest.substr(1, end - 1);
      auto found = std::ranges::find(names, name);
      if (found == names.end()) found = names.insert(names.end(), name);
      out.text += cat(dialect == Dialect::Sqlite ? '?' : '$', found - names.begin() + 1);
      at += end;
    } else {
      out.text += c;
      ++at;
    }
  }
  out.parameters = names.size();
  return out;
}

}  // namespace embrace::db
