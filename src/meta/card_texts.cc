#include "meta/card_texts.h"

#include <algorithm>

#include "base/strings.h"
#include "meta/repo_row.h"

namespace embrace::meta::card_texts {
namespace {

// Of ASCII letters and digits. Of what is above, all but the signs that people write between words:
// what is a letter among the others is the database's to know.
bool is_in_word(char32_t c) {
  struct Signs {
    char32_t first, last;
  };
  // Of Latin-1; dashes and quotation marks; arrows and mathematics; boxes and dingbats, but for the
  // digits in circles; of CJK; how an emoji is drawn; full-width ones; emoji.
  static constexpr Signs kSigns[] = {
      {0x80, 0xa9},     {0xab, 0xb1},     {0xb4, 0xb4},     {0xb6, 0xb8},     {0xbb, 0xbb},
      {0xbf, 0xbf},     {0xd7, 0xd7},     {0xf7, 0xf7},     {0x2000, 0x206f}, {0x2190, 0x245f},
      {0x2500, 0x2775}, {0x2794, 0x2bff}, {0x3000, 0x3004}, {0x3008, 0x3020}, {0x3030, 0x3030},
      {0x303d, 0x303f}, {0xfe00, 0xfe0f}, {0xff01, 0xff0f}, {0xff1a, 0xff20}, {0x1f000, 0x1faff},
  };
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return std::ranges::none_of(kSigns, [c](Signs s) { return c >= s.first && c <= s.last; });
}

// The character at `at` and its bytes; of what is no UTF-8, one byte as a letter.
struct Character {
  char32_t code = U'x';
  std::size_t bytes = 1;
};
Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  if (bytes == 1 || text.size() - at < bytes) return {};
  char32_t code = first & (0xffu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  return {code, bytes};
}

std::string cut(std::string_view text) {
  if (!detail::is_storable(text)) return {};
  std::size_t bytes = std::min(text.size(), kTextBytesMax);
  while (bytes < text.size() && bytes > 0 &&
         (static_cast<std::uint8_t>(text[bytes]) & 0xc0) == 0x80)
    --bytes;  // not inside a character
  return std::string(text.substr(0, bytes));
}

// A single letter is a word of its own, for as the beginning of one it would find everything.
bool is_beginning(std::string_view word) { return word.size() > 1; }

std::string fts5_query(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += " AND ";
    out += cat("\"", word, is_beginning(word) ? "\" *" : "\"");
  }
  return out;
}

std::string tsquery(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += " & ";
    out += cat("'", word, is_beginning(word) ? "':*" : "'");
  }
  return out;
}

// SQL text and its values, bound in the order in which they are named.
struct Statement {
  std::string sql;
  std::vector<db::Value> values;
  Statement& add(std::string_view text) {
    sql += text;
    return *this;
  }
  Statement& bind(db::Value value) {
    sql += cat(":v", values.size());
    values.push_back(std::move(value));
    return *this;
  }
};

void add_filter(Statement& to, const Query& query) {
  to.add(" AND r.type IN (");
  for (std::size_t i = 0; i < query.types.size(); ++i)
    to.add(i == 0 ? "" : ", ").bind(static_cast<std::int64_t>(query.types[i]));
  to.add(")");
  if (query.sees_all) return;
  to.add(" AND r.is_disabled = 0 AND ((r.is_private = 0 AND r.gating = 0)");
  if (!query.visible_namespaces.empty()) {
    to.add(" OR r.namespace_id IN (");
    for (std::size_t i = 0; i < query.visible_namespaces.size(); ++i)
      to.add(i == 0 ? "" : ", ").bind(query.visible_namespaces[i]);
    to.add(")");
  }
  to.add(")");
}

// " FROM ... WHERE ...": the rows `r` and `c` of every match.
void add_matches(Statement& to, const Query& query, bool is_postgres) {
  if (is_postgres) {
    to.add(
        " FROM card_texts c JOIN repos r ON r.id = c.repo_id WHERE c.words @@ to_tsquery("
        "'simple', ");
    to.bind(tsquery(query.words)).add(")");
  } else {
    // Rows as FTS5 gives them, so that a limit ends the search.
    to.add(
        " FROM card_words w CROSS JOIN card_texts c ON c.repo_id = w.rowid CROSS JOIN repos r ON "
        "r.id = c.repo_id WHERE card_words MATCH ");
    to.bind(fts5_query(query.words));
  }
  add_filter(to, query);
}

}  // namespace

// PostgreSQL's parser knows of addresses, files and hyphens; the words of FTS5 are plain.
std::string plain_words(std::string_view text) {
  std::string out(text);
  for (std::size_t at = 0; at < out.size();) {
    const Character character = character_at(text, at);
    if (!is_in_word(character.code)) out.replace(at, character.bytes, character.bytes, ' ');
    at += character.bytes;
  }
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  const std::string plain = to_lower(plain_words(text));
  for (std::string_view word : split(plain, ' ')) {
    if (word.empty() || word.size() > kWordBytesMax || words.size() >= kWordsMax) continue;
    if (std::ranges::find(words, word) == words.end()) words.emplace_back(word);
  }
  return words;
}

Status set(db::Session& session, std::int64_t repo_id, std::string_view text) {
  const std::string body = cut(text);
  if (session.is_postgres()) {
    EMB_DO(session.run(
        "INSERT INTO card_texts (repo_id, body, words) VALUES (:repo, :body, to_tsvector('simple', "
        ":words)) ON CONFLICT (repo_id) DO UPDATE SET body = excluded.body, words = excluded.words",
        repo_id, body, plain_words(body)));
  } else {
    EMB_DO(
        session.run("INSERT INTO card_texts (repo_id, body) VALUES (:repo, :body) "
                    "ON CONFLICT (repo_id) DO UPDATE SET body = excluded.body",
                    repo_id, body));
  }
  return Done{};
}

Status copy(db::Session& session, std::int64_t from_repo_id, std::int64_t to_repo_id) {
  EMB_TRY(auto text, find(session, from_repo_id));
  return text ? set(session, to_repo_id, *text) : Status(Done{});
}

Result<std::vector<Match>> matches(db::Session& session, const Query& query) {
  std::vector<Match> found;
  if (query.words.empty() || query.types.empty()) return found;
  Statement statement;
  statement.add(cat("SELECT c.repo_id, substr(c.body, 1, ", kBeginningCharacters, ")"));
  add_matches(statement, query, session.is_postgres());
  // FTS5 gives its rows in this order when it is asked for its own number.
  statement.add(session.is_postgres() ? " ORDER BY c.repo_id DESC" : " ORDER BY w.rowid DESC");
  statement.add(cat(" LIMIT ", kMatchesMax));
  EMB_DO(session.query(statement.sql, std::move(statement.values),
                       {db::Type::Integer, db::Type::Text}, kMatchesMax,
                       [&found](std::vector<db::Value>& row) {
                         found.push_back({std::get<std::int64_t>(row.at(0)),
                                          db::detail::from_value<std::string>(std::move(row[1]))});
                       }));
  return found;
}

Result<std::optional<std::string>> find(db::Session& session, std::int64_t repo_id) {
  EMB_TRY(auto row,
          session.row<std::string>("SELECT body FROM card_texts WHERE repo_id = :repo", repo_id));
  if (!row) return std::nullopt;
  return std::move(std::get<0>(*row));
}

Result<std::int64_t> count(db::Session& session, const Query& query, std::int64_t most) {
  std::int64_t total = 0;
  if (query.words.empty() || query.types.empty()) return total;
  Statement statement;
  statement.add("SELECT count(*) FROM (SELECT 1 AS one");
  add_matches(statement, query, session.is_postgres());
  statement.add(" LIMIT ").bind(most + 1).add(") matching");
  EMB_DO(session.query(
      statement.sql, std::move(statement.values), {db::Type::Integer}, 1,
      [&total](std::vector<db::Value>& row) { total = std::get<std::int64_t>(row.at(0)); }));
  return total;
}

Result<std::vector<Missing>> missing(db::Session& session, std::int64_t after_id,
                                     std::size_t limit) {
  EMB_TRY(auto rows, session.rows<std::int64_t, std::string>(
                         "SELECT r.id, r.head_oid FROM repos r LEFT JOIN card_texts c ON c.repo_id "
                         "= r.id WHERE r.id > :after AND c.repo_id IS NULL ORDER BY r.id LIMIT "
                         ":limit",
                         after_id, limit));
  std::vector<Missing> out;
  out.reserve(rows.size());
  for (auto& [id, head] : rows) out.push_back({id, std::move(head)});
  return out;
}

}  // namespace embrace::meta::card_texts
