// Of meta/repos.h: pull requests, and the events that every change leaves behind.

#include "base/strings.h"
#include "meta/repos.h"

namespace embrace::meta::repos {
namespace {

using PullTuple = std::tuple<std::int64_t, std::string, std::string, std::int64_t, std::string,
                             std::int64_t, std::string, std::int64_t>;

PullRequest to_pull(std::int64_t repo_id, PullTuple row) {
  auto& [number, title, description, status, base_ref, author_id, author_name, created_ms] = row;
  return PullRequest{.repo_id = repo_id,
                     .number = number,
                     .title = std::move(title),
                     .description = std::move(description),
                     .status = static_cast<PullStatus>(status),
                     .base_ref = std::move(base_ref),
                     .author_id = author_id,
                     .author_name = std::move(author_name),
                     .created_ms = created_ms};
}

}  // namespace

Result<PullRequest> create_pull(db::Session& session, const PullRequest& pull) {
  // The row lock of this update makes numbers unique without a gap: who waits here gets the next
  // one.
  EMB_TRY(auto row,
          session.row<std::int64_t>("UPDATE repos SET last_number = last_number + 1 WHERE id = :id "
                                    "RETURNING last_number",
                                    pull.repo_id));
  if (!row) return fail(Code::NotFound, cat("There is no repository ", pull.repo_id, "."));
  PullRequest created = pull;
  created.number = std::get<0>(*row);
  EMB_DO(session.run(
      "INSERT INTO pulls (repo_id, number, title, description, status, base_ref, author_id, "
      "created_ms) "
      "VALUES (:repo, :number, :title, :description, :status, :base_ref, :author, :created)",
      created.repo_id, created.number, created.title, created.description,
      static_cast<std::int64_t>(created.status), created.base_ref, created.author_id,
      created.created_ms));
  return created;
}

Result<std::optional<PullRequest>> find_pull(db::Session& session, std::int64_t repo_id,
                                             std::int64_t number) {
  EMB_TRY(auto row,
          session.row<std::int64_t, std::string, std::string, std::int64_t, std::string,
                      std::int64_t, std::string, std::int64_t>(
              "SELECT p.number, p.title, p.description, p.status, p.base_ref, p.author_id, "
              "COALESCE(a.name, ''), p.created_ms FROM pulls p LEFT JOIN accounts a ON a.id = "
              "p.author_id "
              "WHERE p.repo_id = :repo AND p.number = :number",
              repo_id, number));
  if (!row) return std::nullopt;
  return to_pull(repo_id, std::move(*row));
}

Result<PullPage> pulls(db::Session& session, std::int64_t repo_id, const PullFilter& filter,
                       std::size_t skip, std::size_t limit) {
  // Statuses below Closed are open ones; an empty range of a bound stands for no bound.
  const auto closed = static_cast<std::int64_t>(PullStatus::Closed);
  const std::int64_t status_min = filter.is_open == false ? closed : 0;
  const std::int64_t status_end = filter.is_open == true ? closed : 100;
  const std::string author = to_lower(filter.author);
  constexpr std::string_view kFrom =
      " FROM pulls p LEFT JOIN accounts a ON a.id = p.author_id WHERE p.repo_id = :repo "
      "AND p.status >= :status_min AND p.status < :status_end "
      "AND (:author = '' OR a.name_lower = :author)";
  EMB_TRY(auto count, session.row<std::uint64_t>(cat("SELECT count(*)", kFrom), repo_id, status_min,
                                                 status_end, author));
  PullPage page;
  page.total = count ? std::get<0>(*count) : 0;
  if (skip >= page.total) return page;
  EMB_TRY(auto rows, session.rows<std::int64_t, std::string, std::string, std::int64_t, std::string,
                                  std::int64_t, std::string, std::int64_t>(
                         cat("SELECT p.number, p.title, '', p.status, p.base_ref, p.author_id, "
                             "COALESCE(a.name, ''), p.created_ms",
                             kFrom, " ORDER BY p.number DESC LIMIT :limit OFFSET :skip"),
                         repo_id, status_min, status_end, author, limit, skip));
  page.pulls.reserve(rows.size());
  for (auto& row : rows) page.pulls.push_back(to_pull(repo_id, std::move(row)));
  return page;
}

Status set_pull_status(db::Session& session, std::int64_t repo_id, std::int64_t number,
                       PullStatus status) {
  EMB_TRY(
      auto changed,
      session.run("UPDATE pulls SET status = :status WHERE repo_id = :repo AND number = :number",
                  static_cast<std::int64_t>(status), repo_id, number));
  if (changed == 0) return fail(Code::NotFound, cat("There is no pull request ", number, "."));
  return Done{};
}

Status add_event(db::Session& session, const Event& event, Millis now_ms) {
  EMB_DO(
      session.run("INSERT INTO events (kind, repo_id, actor_id, json, created_ms) "
                  "VALUES (:kind, :repo, :actor, :json, :now)",
                  event.kind, event.repo_id, event.actor_id, event.json, now_ms));
  return Done{};
}

Result<std::vector<EventRow>> events_after(db::Session& session, std::int64_t after_id,
                                           std::size_t limit) {
  EMB_TRY(
      auto rows,
      session
          .rows<std::int64_t, std::string, std::int64_t, std::int64_t, std::string, std::int64_t>(
              "SELECT id, kind, repo_id, actor_id, json, created_ms FROM events WHERE id > :after "
              "ORDER BY id LIMIT :limit",
              after_id, limit));
  std::vector<EventRow> out;
  out.reserve(rows.size());
  for (auto& [id, kind, repo_id, actor_id, json, created_ms] : rows) {
    out.push_back({id, Event{std::move(kind), repo_id, actor_id, std::move(json)}, created_ms});
  }
  return out;
}

}  // namespace embrace::meta::repos
