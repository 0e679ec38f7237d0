#include "meta/card_texts.h"

#include <algorithm>

#include "base/strings.h"
#include "meta/repo_row.h"

namespace embrace::meta::card_texts {
namespace {

// Bytes above ASCII belong to words: what is a letter among them is the database's to know.
bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<std::uint8_t>(c) >= 0x80;
}

std::string cut(std::string_view text) {
  if (!detail::is_storable(text)) return {};
  std::size_t bytes = std::min(text.size(), kTextBytesMax);
  while (bytes < text.size() && bytes > 0 &&
         (static_cast<std::uint8_t>(text[bytes]) & 0xc0) == 0x80)
    --bytes;  // not inside a character
  return std::string(text.substr(0, bytes));
}

// PostgreSQL's parser knows of addresses, files and hyphens; the words of FTS5 are plain.
std::string plain_words(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (!is_word_byte(c)) c = ' ';
  }
  return out;
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
