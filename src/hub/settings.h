#pragma once
// Every limit of the hub's own, with its name in the configuration file. Public-service values are
// the defaults (reference: hub-api, features).

#include <cstdint>
#include <string>

#include "base/time.h"

namespace embrace::hub {

// Of young_pack_bytes_max: many such packs are in memory together when they are joined.
inline constexpr std::uint64_t kYoungPackBytesLimit = 256u << 10;

struct Settings {
  std::string data_folder;  // absolute
  std::string public_url;   // "" = what each request says (Host, X-Forwarded-*)
  bool allow_sign_up = false;
  bool metrics_public = false;  // else for this machine and administrators

  std::uint64_t regular_file_bytes_max = 10u << 20;  // larger files must go to LFS
  std::uint64_t commit_body_bytes_max = 2ull << 30;  // one NDJSON commit
  std::uint32_t commit_operations_max = 100'000;
  std::uint64_t commit_line_bytes_max = 32u << 20;  // one NDJSON line (a regular file in base64)
  std::uint32_t preupload_files_max = 1000;
  std::uint32_t paths_info_max = 2000;
  std::uint32_t tree_page_max = 1000;  // 100 with expand
  std::uint32_t list_page_max = 1000;
  std::uint32_t list_count_max = 10'000;  // of a list's total, when it is asked for
  std::uint32_t log_page_max = 1000;
  std::uint64_t json_body_bytes_max = 4u << 20;
  // hub/changes.h: what one page of changes may show and cost.
  std::uint32_t diff_files_max = 300;
  std::uint32_t diff_lines_max = 20'000;         // of all files together
  std::uint64_t diff_bytes_max = 4u << 20;       // the same
  std::uint64_t diff_file_bytes_max = 1u << 20;  // larger files are named only
  Millis diff_time_ms = 2'000;                   // then the rest is left out
  std::uint64_t blame_bytes_max = 1u << 20;
  std::uint32_t blame_lines_max = 20'000;
  Millis blame_time_ms = 5'000;
  Millis history_time_ms = 5'000;             // of looking for commits that changed a path
  std::uint32_t comparisons_max = 4;          // of all these at once
  std::uint64_t card_bytes_max = 1u << 20;    // of README.md that is read for metadata
  std::uint64_t push_bytes_max = 5ull << 30;  // one pack
  // Files and folders of all branches that one push moves.
  std::uint64_t push_entries_max = 10'000'000;
  std::uint32_t push_processes_max = 8;  // git processes at once
  std::uint32_t fetch_processes_max = 16;
  std::uint64_t fetch_spool_bytes_max =
      256u << 20;  // of one answer that a slow client has not taken yet
  std::uint64_t fetch_spools_bytes_max = 4ull << 30;  // of all of them

  std::uint64_t lfs_object_bytes_max = 500ull << 30;
  std::uint32_t lfs_batch_max = 1000;
  std::uint64_t lfs_multipart_above_bytes = 5ull << 30;  // larger objects are offered in parts
  std::uint64_t lfs_part_bytes = 512u << 20;
  std::uint64_t lfs_small_part_bytes = 64u << 20;  // of what a browser sends
  std::uint32_t lfs_parts_max = 10'000;
  Millis signed_url_ms = 6 * 3600 * 1000;  // how long a presigned URL lives

  Millis xet_token_ms = 3600 * 1000;        // how long a token for the chunk store lives
  Millis xet_url_ms = 3600 * 1000;          // and a URL to bytes of a xorb
  bool direct_downloads = false;            // these URLs lead to the bucket, where there is one
  std::uint32_t xet_batch_files_max = 100;  // in one batch of reconstructions

  // hub/garbage.h: how long what nobody needs is kept, and how often it is looked for.
  std::uint32_t garbage_every_hours = 24;                   // 0: never
  Millis garbage_links_after_ms = 30ll * 24 * 3600 * 1000;  // links that no ref reaches
  Millis garbage_files_after_ms = 2ll * 24 * 3600 * 1000;   // files without a link
  Millis garbage_xorbs_after_ms = 28ll * 24 * 3600 * 1000;  // xorbs without a file
  // Clients remember for three weeks what is here, and do not send it again. Less than that only
  // for who says so.
  static constexpr Millis kXorbsRememberedMs = 21ll * 24 * 3600 * 1000;
  bool garbage_xorbs_early = false;
  Millis garbage_condemned_for_ms = 1ll * 24 * 3600 * 1000;  // and then, before they go
  std::uint64_t namespace_quota_bytes = 0;                   // hub/quota.h; 0: none
  // That a user administers after making one more; each has a quota of its own. 0: only the hub's
  // administrators make them, who have no such limit.
  std::uint32_t organizations_per_user_max = 20;

  std::uint32_t packs_before_fold = 64;   // per repository
  std::uint32_t writes_waiting_max = 64;  // in line for one repository; half of it for one account
  // Packs of at most this many bytes go into SQL first (hub/young_packs.h), which needs commits
  // that are synced; 0: none do.
  std::uint64_t young_pack_bytes_max = 64u << 10;
  std::uint32_t session_days = 30;
};

}  // namespace embrace::hub
