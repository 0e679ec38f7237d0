// Of meta/repos.h: download counts, by day and in the row.

#include "meta/repos.h"

namespace embrace::meta::repos {
namespace {

constexpr Millis kDayMs = 24 * 60 * 60 * Millis{1000};
constexpr std::int64_t kWindowDays = 30;

}  // namespace

Status count_downloads(db::Session& session, std::int64_t repo_id, std::int64_t count,
                       Millis now_ms) {
  EMB_TRY(auto changed, session.run("UPDATE repos SET downloads = downloads + :count, "
                                    "downloads_all = downloads_all + :more WHERE id = :id",
                                    count, count, repo_id));
  if (changed == 0) return Done{};  // deleted while it was being downloaded
  EMB_DO(session.run(
      "INSERT INTO repo_downloads (repo_id, day, downloads) VALUES (:repo, :day, :count) "
      "ON CONFLICT (repo_id, day) DO UPDATE SET downloads = repo_downloads.downloads + "
      "excluded.downloads",
      repo_id, now_ms / kDayMs, count));
  return Done{};
}

Status refresh_download_windows(db::Session& session, Millis now_ms) {
  const std::int64_t first_day = now_ms / kDayMs - kWindowDays + 1;
  // Only repositories that lose a day can have a smaller window, so only they are counted anew.
  EMB_DO(
      session.run("UPDATE repos SET downloads = (SELECT CAST(COALESCE(SUM(d.downloads), 0) AS "
                  "BIGINT) FROM repo_downloads d "
                  "WHERE d.repo_id = repos.id AND d.day >= :first) "
                  "WHERE id IN (SELECT repo_id FROM repo_downloads WHERE day < :first)",
                  first_day));
  EMB_DO(session.run("DELETE FROM repo_downloads WHERE day < :first", first_day));
  return Done{};
}

}  // namespace embrace::meta::repos
