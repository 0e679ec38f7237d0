#include "meta/listing.h"

#include <algorithm>
#include <tuple>

#include "base/strings.h"
#include "meta/page_cursor.h"
#include "meta/repo_row.h"

// There are two ways to make a page. *Walking* goes through the index of the sort and keeps what
// matches: quick when much of it matches. *Gathering* takes all that one selective filter leaves
// and sorts it: quick when that is little. So each filter that has an index is first counted, up to
// kGatherRowsMax, and the rarest one that stays below is gathered. The SQL is worded so that both
// databases follow: an expression (x + 0, x || '') hides the index that is not to be used.
// Known to be slow: two common tags that no repository has together (2 s at a million
// repositories); each alone is too common to gather, and the walk finds nothing to stop for.

namespace embrace::meta::listing {
namespace {

constexpr std::size_t kLimitMax = 1000;
constexpr std::size_t kTermBytesMax = 256;
constexpr std::int64_t kGatherRowsMax = 10'000;

std::string_view sort_column(Sort sort) {
  switch (sort) {
    case Sort::Trending:
      return "r.trending";
    case Sort::CreatedAt:
      return "r.created_ms";
    case Sort::LastModified:
      return "r.modified_ms";
    case Sort::Downloads:
      return "r.downloads";
    case Sort::Likes:
      return "r.likes";
    case Sort::NumParameters:
      return "r.num_parameters";
    case Sort::Id:
      return "r.id_lower";
  }
  return "r.id_lower";
}

db::Value sort_value(Sort sort, const Repo& repo) {
  switch (sort) {
    case Sort::Trending:
      return repo.trending;
    case Sort::CreatedAt:
      return repo.created_ms;
    case Sort::LastModified:
      return repo.modified_ms;
    case Sort::Downloads:
      return repo.downloads;
    case Sort::Likes:
      return repo.likes;
    case Sort::NumParameters:
      return repo.card.num_parameters;
    case Sort::Id:
      return detail::lookup_id(repo.name);
  }
  return std::int64_t{0};
}

// SQL text and its values, which are bound in the order in which they are named.
class Statement {
 public:
  Statement& add(std::string_view text) {
    sql_ += text;
    return *this;
  }
  // The other's names count from v0 too: they are made anew, in their order.
  Statement& add(const Statement& other) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < other.values_.size(); ++i) {
      const std::string name = cat(":v", i);
      const auto found = other.sql_.find(name, at);
      add(std::string_view(other.sql_).substr(at, found - at)).bind(other.values_[i]);
      at = found + name.size();
    }
    return add(std::string_view(other.sql_).substr(at));
  }
  Statement& bind(db::Value value) {
    sql_ += cat(":v", values_.size());
    values_.push_back(std::move(value));
    return *this;
  }
  const std::string& sql() const { return sql_; }
  std::vector<db::Value> take_values() { return std::move(values_); }

 private:
  std::string sql_;
  std::vector<db::Value> values_;
};

// A substring as a LIKE pattern; the escape character is '!'.
std::string like_pattern(std::string_view term) {
  std::string out = "%";
  for (char c : to_lower(term)) {
    if (c == '%' || c == '_' || c == '!') out += '!';
    out += c;
  }
  return out + "%";
}

Status check_terms(std::string_view what, const std::vector<std::string>& terms) {
  if (terms.size() > kTermsMax) {
    return fail(Code::InvalidArgument,
                cat("At most ", kTermsMax, " values of ", what, " are allowed."));
  }
  for (const auto& term : terms) {
    if (term.size() > kTermBytesMax || !detail::is_storable(term)) {
      return fail(Code::InvalidArgument,
                  cat("A value of ", what, " is too long or not UTF-8 text."));
    }
  }
  return Done{};
}

Status check(const Filter& filter) {
  EMB_DO(check_terms("search", filter.search));
  EMB_DO(check_terms("filter", filter.tags));
  EMB_DO(check_terms("author", {filter.author}));
  return check_terms("pipeline_tag", {filter.pipeline_tag});
}

// How the page is made: by walking, or by gathering what one filter leaves.
struct Plan {
  enum class Gather : std::uint8_t { Nothing, Author, Pipeline, Tag, Search };
  Gather gather = Gather::Nothing;
  std::size_t tag = 0;  // for Tag: which of filter.tags
};

// FTS5 text that finds the rows with three-letter pieces of every term: more than those that have
// the terms themselves, so LIKE has the last word. Pieces need not overlap to be selective, and
// each costs a list to read. "" when no term is long enough.
std::string trigram_query(const std::vector<std::string>& terms) {
  std::string out;
  auto add_piece = [&out](std::string_view piece) {
    if (!out.empty()) out += " AND ";
    out += '"';
    for (char c : piece) out.append(c == '"' ? 2 : 1, c);
    out += '"';
  };
  for (const std::string_view term : terms) {
    if (term.size() < 3) continue;
    for (std::size_t at = 0; at + 3 < term.size(); at += 3) add_piece(term.substr(at, 3));
    add_piece(term.substr(term.size() - 3));
  }
  return out;
}

class Planner {
 public:
  Planner(db::Session& session, const Filter& filter) : session_(session), filter_(filter) {}

  Result<Plan> plan() {
    using enum Plan::Gather;
    if (!filter_.author.empty()) {
      EMB_DO(consider({Author}, rows_with("repos", "ns_lower", to_lower(filter_.author))));
    }
    if (!filter_.pipeline_tag.empty()) {
      EMB_DO(consider({Pipeline}, rows_with("repos", "pipeline_tag", filter_.pipeline_tag)));
    }
    for (std::size_t i = 0; i < filter_.tags.size(); ++i) {
      EMB_DO(consider({Tag, i}, rows_with("repo_tags", "tag", filter_.tags[i])));
    }
    if (!trigram_query(filter_.search).empty()) EMB_DO(consider({Search}, rows_found()));
    return best_;
  }

 private:
  Statement rows_with(std::string_view table, std::string_view column, std::string value) const {
    Statement out;
    out.add(cat(table, " WHERE type = ")).bind(static_cast<std::int64_t>(filter_.type));
    return out.add(cat(" AND ", column, " = ")).bind(std::move(value));
  }

  Statement rows_found() const {
    Statement out;
    if (!session_.is_postgres()) {
      return out.add("repo_names WHERE repo_names MATCH ").bind(trigram_query(filter_.search));
    }
    out.add("repos WHERE type = ").bind(static_cast<std::int64_t>(filter_.type));
    for (const auto& term : filter_.search) {
      out.add(" AND id_lower LIKE ").bind(like_pattern(term)).add(" ESCAPE '!'");
    }
    return out;
  }

  Status consider(Plan plan, const Statement& from) {
    Statement few;
    few.add("SELECT count(*) FROM (SELECT 1 AS one FROM ").add(from);
    few.add(cat(" LIMIT ", kGatherRowsMax, ") few"));
    std::int64_t count = 0;
    auto take = [&count](std::vector<db::Value>& row) {
      count = std::get<std::int64_t>(row.at(0));
    };
    EMB_DO(session_.query(few.sql(), few.take_values(), {db::Type::Integer}, 1, take));
    if (count >= least_) return Done{};
    least_ = count;
    best_ = plan;
    return Done{};
  }

  db::Session& session_;
  const Filter& filter_;
  Plan best_;
  std::int64_t least_ = kGatherRowsMax;
};

// The index that counts what is visible is for nothing else: as little as it leaves out, it would
// win over the one of a filter.
enum class Visible : std::uint8_t { ByIndex, ByRow };

void add_visibility(Statement& to, const Filter& filter, Visible how) {
  if (filter.sees_all) return;
  to.add(how == Visible::ByIndex ? " AND r.is_disabled = 0" : " AND r.is_disabled + 0 = 0");
  to.add(" AND (r.is_private = 0");
  if (!filter.visible_namespaces.empty()) {
    to.add(" OR r.namespace_id IN (");
    for (std::size_t i = 0; i < filter.visible_namespaces.size(); ++i) {
      to.add(i == 0 ? "" : ", ").bind(filter.visible_namespaces[i]);
    }
    to.add(")");
  }
  to.add(")");
}

void add_filters(Statement& to, const Filter& filter, const Plan& plan, bool is_postgres) {
  using enum Plan::Gather;
  if (!filter.author.empty()) {
    to.add(plan.gather == Author ? " AND r.ns_lower = " : " AND r.ns_lower || '' = ");
    to.bind(to_lower(filter.author));
  }
  if (!filter.pipeline_tag.empty()) {
    to.add(plan.gather == Pipeline ? " AND r.pipeline_tag = " : " AND r.pipeline_tag || '' = ");
    to.bind(filter.pipeline_tag);
  }
  if (filter.gated) to.add(*filter.gated ? " AND r.gating <> 0" : " AND r.gating = 0");
  if (filter.is_private)
    to.add(*filter.is_private ? " AND r.is_private = 1" : " AND r.is_private = 0");
  if (filter.num_parameters_min)
    to.add(" AND r.num_parameters >= ").bind(*filter.num_parameters_min);
  if (filter.num_parameters_max) {
    // 0 stands for unknown, which is not small.
    to.add(" AND r.num_parameters > 0 AND r.num_parameters <= ").bind(*filter.num_parameters_max);
  }
  for (std::size_t i = 0; i < filter.tags.size(); ++i) {
    if (plan.gather == Tag && plan.tag == i) continue;
    to.add(" AND EXISTS (SELECT 1 FROM repo_tags t WHERE t.type = ");
    to.bind(static_cast<std::int64_t>(filter.type)).add(" AND t.tag = ").bind(filter.tags[i]);
    to.add(" AND t.repo_id = r.id)");
  }
  if (filter.is_linked) {
    to.add(" AND EXISTS (SELECT 1 FROM repo_tags l WHERE l.repo_id = r.id AND (l.tag LIKE ");
    to.bind("model:%").add(" OR l.tag LIKE ").bind("dataset:%").add("))");
  }
  for (const auto& term : filter.search) {
    if (!term.empty()) to.add(" AND r.id_lower LIKE ").bind(like_pattern(term)).add(" ESCAPE '!'");
  }
}

// " FROM ... WHERE ...": every row `r` of all pages.
Statement matching_rows(const Filter& filter, const Plan& plan, bool is_postgres,
                        Visible how = Visible::ByRow) {
  Statement out;
  const auto type = static_cast<std::int64_t>(filter.type);
  if (plan.gather == Plan::Gather::Tag) {
    out.add(" FROM repo_tags g CROSS JOIN repos r WHERE g.type = ").bind(type);
    out.add(" AND g.tag = ").bind(filter.tags[plan.tag]).add(" AND r.id = g.repo_id");
  } else if (plan.gather == Plan::Gather::Search && !is_postgres) {
    // FTS5 knows nothing of types, and any index that begins with one would win over its rowids.
    out.add(" FROM repo_names g CROSS JOIN repos r WHERE g.repo_names MATCH ");
    out.bind(trigram_query(filter.search)).add(" AND r.id = g.rowid AND r.type + 0 = ").bind(type);
  } else {
    out.add(" FROM repos r WHERE r.type = ").bind(type);
  }
  add_visibility(out, filter, how);
  add_filters(out, filter, plan, is_postgres);
  return out;
}

// And " ORDER BY ... LIMIT ...": those that make the page, in the order of `key`.
Statement page_rows(const Filter& filter, const Plan& plan, std::string_view key, bool is_postgres,
                    const std::optional<detail::PageCursor>& after, std::size_t limit) {
  Statement out = matching_rows(filter, plan, is_postgres);
  if (after) {
    out.add(cat(" AND (", key, ", r.id) ", filter.ascending ? '>' : '<', " ("));
    out.bind(after->value).add(", ").bind(after->id).add(")");
  }
  const std::string_view direction = filter.ascending ? " ASC" : " DESC";
  out.add(cat(" ORDER BY ", key, direction, ", r.id", direction, " LIMIT "));
  return out.bind(static_cast<std::int64_t>(limit));
}

Statement make_statement(const Filter& filter, const Plan& plan, bool is_postgres,
                         const std::optional<detail::PageCursor>& after, std::size_t limit) {
  const std::string column(sort_column(filter.sort));
  Statement out;
  out.add("SELECT ").add(detail::kNarrowRepoColumns);
  if (plan.gather == Plan::Gather::Nothing) {
    return out.add(page_rows(filter, plan, column, is_postgres, after, limit));
  }
  // What is gathered is sorted by its key alone; only the page's own rows are read whole.
  const std::string key = column + (filter.sort == Sort::Id ? " || ''" : " + 0");
  const std::string_view direction = filter.ascending ? " ASC" : " DESC";
  out.add(" FROM repos r WHERE r.id IN (SELECT r.id");
  out.add(page_rows(filter, plan, key, is_postgres, after, limit));
  return out.add(cat(") ORDER BY ", key, direction, ", r.id", direction));
}

bool with_documents(const Filter& filter) {
  return filter.with_card || filter.with_config || filter.with_gguf;
}

// Text that can be long.
std::size_t bytes_of(const Repo& repo) {
  std::size_t bytes = repo.card.description.size() + repo.card.safetensors_json.size() +
                      repo.card.config_json.size() + repo.card.card_json.size() +
                      repo.card.gguf_json.size();
  for (const auto& tag : repo.card.tags) bytes += tag.size();
  return bytes;
}

Status read_documents(db::Session& session, const Filter& filter, Repo& repo) {
  const std::string sql = cat("SELECT ", filter.with_config ? "config_json" : "''", ", ",
                              filter.with_card ? "card_json" : "''", ", ",
                              filter.with_gguf ? "gguf_json" : "''", " FROM repos WHERE id = :id");
  EMB_TRY(auto row, (session.row<std::string, std::string, std::string>(sql, repo.id)));
  if (row) {
    std::tie(repo.card.config_json, repo.card.card_json, repo.card.gguf_json) = *std::move(row);
  }
  return Done{};
}

// One row after another, so that what a page holds in memory is known: false when the rest must go
// to the next page.
Result<bool> fill_documents(db::Session& session, const Filter& filter, std::vector<Repo>& repos) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < repos.size(); ++i) {
    EMB_DO(read_documents(session, filter, repos[i]));
    bytes += bytes_of(repos[i]);
    if (bytes <= filter.bytes_max || i + 1 == repos.size()) continue;
    repos.resize(i + 1);
    return false;
  }
  return true;
}

}  // namespace

Result<Page> list(db::Session& session, const Filter& filter) {
  EMB_DO(check(filter));
  std::optional<detail::PageCursor> after;
  if (!filter.cursor.empty()) {
    EMB_TRY(after, detail::PageCursor::parse(filter.cursor));
    if (after->sort != filter.sort || after->ascending != filter.ascending) {
      return fail(Code::InvalidArgument,
                  "The cursor belongs to another sort: start again without one.");
    }
  }
  const std::size_t limit = std::clamp<std::size_t>(
      filter.limit, 1, with_documents(filter) ? kDocumentsLimitMax : kLimitMax);
  EMB_TRY(const Plan plan, Planner(session, filter).plan());
  Statement statement = make_statement(filter, plan, session.is_postgres(), after,
                                       limit + 1);  // one more: is there a next page?

  Page page;
  bool has_more = false;
  std::size_t bytes = 0;
  EMB_DO(session.query(statement.sql(), statement.take_values(), detail::narrow_repo_column_types(),
                       limit + 1, [&](std::vector<db::Value>& row) {
                         has_more = page.repos.size() == limit || bytes > filter.bytes_max;
                         if (has_more) return;
                         page.repos.push_back(detail::take_repo(row));
                         Repo& repo = page.repos.back();
                         if (!filter.with_tags) repo.card.tags.clear();
                         bytes += bytes_of(repo);
                       }));
  if (with_documents(filter)) {
    EMB_TRY(const bool is_whole, fill_documents(session, filter, page.repos));
    has_more = has_more || !is_whole;
  }
  if (has_more) {
    const Repo& last = page.repos.back();
    page.next =
        detail::PageCursor{filter.sort, filter.ascending, last.id, sort_value(filter.sort, last)}
            .render();
  }
  return page;
}

Result<Total> count(db::Session& session, const Filter& filter, std::int64_t most) {
  EMB_DO(check(filter));
  EMB_TRY(const Plan plan, Planner(session, filter).plan());
  Statement statement;
  statement.add("SELECT count(*) FROM (SELECT 1 AS one");
  statement.add(
      matching_rows(filter, plan, session.is_postgres(),
                    plan.gather == Plan::Gather::Nothing ? Visible::ByIndex : Visible::ByRow));
  statement.add(" LIMIT ").bind(most + 1).add(") matching");
  Total total;
  EMB_DO(session.query(
      statement.sql(), statement.take_values(), {db::Type::Integer}, 1,
      [&total](std::vector<db::Value>& row) { total.count = std::get<std::int64_t>(row.at(0)); }));
  total.is_capped = total.count > most;
  total.count = std::min(total.count, most);
  return total;
}

Result<std::int64_t> count_public(db::Session& session, RepoType type, std::string_view author) {
  EMB_TRY(auto row, session.row<std::int64_t>(
                        "SELECT count(*) FROM repos WHERE type = :type AND ns_lower = :author "
                        "AND is_private = 0 AND is_disabled = 0",
                        static_cast<std::int64_t>(type), to_lower(author)));
  return row ? std::get<0>(*row) : 0;
}

Result<std::vector<TagCount>> tag_counts(db::Session& session, RepoType type, std::size_t limit) {
  EMB_TRY(auto rows, session.rows<std::string, std::int64_t>(
                         "SELECT tag, uses FROM tag_uses WHERE type = :type AND uses > 0 "
                         "ORDER BY uses DESC, tag LIMIT :limit",
                         static_cast<std::int64_t>(type), limit));
  std::vector<TagCount> out;
  out.reserve(rows.size());
  for (auto& [tag, uses] : rows) out.push_back({std::move(tag), uses});
  return out;
}

}  // namespace embrace::meta::listing
