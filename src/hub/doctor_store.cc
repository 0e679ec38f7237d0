#include "hub/doctor_store.h"

#include "base/strings.h"
#include "cas/chunked_store.h"
#include "meta/repos.h"
#include "meta/storage.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kPage = 500;
constexpr std::size_t kFindingsMax = 100;  // a lost disk would otherwise fill the screen

void add(DoctorReport& report, Finding::Gravity gravity, std::string_view where,
         std::string_view what) {
  report.findings.push_back({gravity, std::string(where), std::string(what)});
}

// Links that refs reach were looked at with their repositories; here are the others, too.
Status examine_links(Services& services, rt::Blocking blocking, DoctorReport& report,
                     const FileProblem& problem_of) {
  std::size_t found = 0;
  for (std::string after;;) {
    EMB_TRY(const auto page, services.database.read(blocking, [&](db::Session& session) {
      return meta::storage::linked_files(session, after, kPage);
    }));
    if (page.empty()) return Done{};
    for (const auto& link : page) {
      const auto problem = problem_of({.sha256 = link.sha256, .size_bytes = link.size_bytes});
      if (problem.empty()) continue;
      // Unlinked and collected since the page was read?
      EMB_TRY(const bool is_linked, services.database.read(blocking, [&](db::Session& session) {
        return meta::repos::is_lfs_linked_anywhere(session, link.sha256);
      }));
      if (!is_linked || ++found > kFindingsMax) continue;
      add(report, Finding::Gravity::Error, cat("large file ", link.sha256.hex()),
          cat("a repository links to it: ", problem));
    }
    after = page.back().sha256.hex();
  }
}

}  // namespace

Status examine_store(Services& services, rt::Blocking blocking, DoctorReport& report,
                     const FileProblem& problem_of) {
  std::size_t found = 0;
  EMB_TRY(const auto examined,
          services.chunks.examine(blocking, [&](std::string_view where, std::string_view what) {
            if (++found <= kFindingsMax) add(report, Finding::Gravity::Error, where, what);
          }));
  report.xorbs = examined.xorbs;
  if (found > kFindingsMax)
    add(report, Finding::Gravity::Error, "xorbs", cat(found, " findings, more than are listed"));
  if (examined.unnamed.xorbs > 0) {
    add(report, Finding::Gravity::Note, "xorbs",
        cat(examined.unnamed.xorbs, " blobs of ", examined.unnamed.bytes,
            " bytes are named by no row: of uploads under way, or housekeeping will remove them"));
  }
  return examine_links(services, blocking, report, problem_of);
}

}  // namespace embrace::hub
