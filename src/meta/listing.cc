#include "meta/listing.h"

#include <algorithm>

#include "base/strings.h"
#include "meta/page_cursor.h"
#include "meta/repo_row.h"

// There are two ways to make a page. *Walking* goes through the index of the sort and keeps what
// matches: quick when much of it matches. *Gathering* takes all that one selective filter leaves
// and sorts it: quick when that is little. So each filter that has an index is first counted, up to
// kGatherRowsMax, and the rarest one that stays below is gathered; the SQL is worded so that both
// databases follow (CROSS JOIN fixes SQLite's join order; `x || ''` hides an index). PostgreSQL,
// which keeps statistics, would mostly find the same plans by itself.

namespace embrace::meta::listing {
namespace {

constexpr std::size_t kLimitMax = 1000;
constexpr std::size_t kTermsMax = 20;
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

// How the page is made.
struct Plan {
  std::optional<std::size_t> gather_tag;  // index into filter.tags
  bool gather_author = false;
  bool gather_pipeline = false;
};

Result<std::int64_t> count_up_to_max(db::Session& session, std::string_view from, RepoType type,
                                     std::string_view value) {
  const std::string sql =
      cat("SELECT count(*) FROM (SELECT 1 AS one FROM ", from, " LIMIT ", kGatherRowsMax, ") few");
  EMB_TRY(auto row, session.row<std::int64_t>(sql, static_cast<std::int64_t>(type), value));
  return row ? std::get<0>(*row) : 0;
}

Result<Plan> make_plan(db::Session& session, const Filter& filter) {
  Plan plan;
  std::int64_t least = kGatherRowsMax;
  if (!filter.author.empty()) {
    EMB_TRY(auto count, count_up_to_max(session, "repos WHERE type = :type AND ns_lower = :value",
                                        filter.type, to_lower(filter.author)));
    if (count < least) {
      least = count;
      plan = Plan{};
      plan.gather_author = true;
    }
  }
  if (!filter.pipeline_tag.empty()) {
    EMB_TRY(auto count,
            count_up_to_max(session, "repos WHERE type = :type AND pipeline_tag = :value",
                            filter.type, filter.pipeline_tag));
    if (count < least) {
      least = count;
      plan = Plan{};
      plan.gather_pipeline = true;
    }
  }
  for (std::size_t i = 0; i < filter.tags.size(); ++i) {
    EMB_TRY(auto count, count_up_to_max(session, "repo_tags WHERE type = :type AND tag = :value",
                                        filter.type, filter.tags[i]));
    if (count < least) {
      least = count;
      plan = Plan{};
      plan.gather_tag = i;
    }
  }
  return plan;
}

void add_visibility(Statement& to, const Filter& filter) {
  if (filter.sees_all) return;
  to.add(" AND r.is_disabled = 0 AND (r.is_private = 0");
  if (!filter.visible_namespaces.empty()) {
    to.add(" OR r.namespace_id IN (");
    for (std::size_t i = 0; i < filter.visible_namespaces.size(); ++i) {
      to.add(i == 0 ? "" : ", ").bind(filter.visible_namespaces[i]);
    }
    to.add(")");
  }
  to.add(")");
}

void add_filters(Statement& to, const Filter& filter, const Plan& plan) {
  if (!filter.author.empty()) {
    to.add(plan.gather_author ? " AND r.ns_lower = " : " AND r.ns_lower || '' = ")
        .bind(to_lower(filter.author));
  }
  if (!filter.pipeline_tag.empty()) {
    to.add(plan.gather_pipeline ? " AND r.pipeline_tag = " : " AND r.pipeline_tag || '' = ")
        .bind(filter.pipeline_tag);
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
    if (plan.gather_tag == i) continue;
    to.add(" AND EXISTS (SELECT 1 FROM repo_tags t WHERE t.type = ")
        .bind(static_cast<std::int64_t>(filter.type));
    to.add(" AND t.tag = ").bind(filter.tags[i]).add(" AND t.repo_id = r.id)");
  }
  for (const auto& term : filter.search) {
    if (!term.empty()) to.add(" AND r.id_lower LIKE ").bind(like_pattern(term)).add(" ESCAPE '!'");
  }
}

Statement make_statement(const Filter& filter, const Plan& plan,
                         const std::optional<detail::PageCursor>& after, std::size_t limit) {
  Statement out;
  out.add("SELECT ").add(detail::kRepoColumns);
  if (plan.gather_tag) {
    out.add(" FROM repo_tags g CROSS JOIN repos r WHERE g.type = ")
        .bind(static_cast<std::int64_t>(filter.type));
    out.add(" AND g.tag = ").bind(filter.tags[*plan.gather_tag]).add(" AND r.id = g.repo_id");
  } else {
    out.add(" FROM repos r WHERE r.type = ").bind(static_cast<std::int64_t>(filter.type));
  }
  add_visibility(out, filter);
  add_filters(out, filter, plan);
  const auto column = sort_column(filter.sort);
  if (after) {
    out.add(cat(" AND (", column, ", r.id) ", filter.ascending ? '>' : '<', " ("))
        .bind(after->value);
    out.add(", ").bind(after->id).add(")");
  }
  const std::string_view direction = filter.ascending ? " ASC" : " DESC";
  out.add(cat(" ORDER BY ", column, direction, ", r.id", direction, " LIMIT "));
  out.bind(static_cast<std::int64_t>(limit));
  return out;
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
  const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, kLimitMax);
  EMB_TRY(const Plan plan, make_plan(session, filter));
  Statement statement =
      make_statement(filter, plan, after, limit + 1);  // one more: is there a next page?

  Page page;
  EMB_DO(session.query(statement.sql(), statement.take_values(), detail::repo_column_types(),
                       limit + 1, [&](std::vector<db::Value>& row) {
                         page.repos.push_back(detail::take_repo(row));
                         if (!filter.with_tags) page.repos.back().card.tags.clear();
                       }));
  if (page.repos.size() > limit) {
    page.repos.pop_back();
    const Repo& last = page.repos.back();
    page.next =
        detail::PageCursor{filter.sort, filter.ascending, last.id, sort_value(filter.sort, last)}
            .render();
  }
  return page;
}

Result<std::int64_t> count(db::Session& session, RepoType type, std::string_view author) {
  EMB_TRY(auto row, session.row<std::int64_t>(
                        "SELECT count(*) FROM repos WHERE type = :type AND ns_lower = :author",
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
