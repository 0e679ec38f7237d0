// An honest list: one line per setting, where it is declared, documented and bound.
#include "app/settings.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>
#include <variant>

#include "api/trusted_proxies.h"
#include "app/blobs.h"
#include "base/file.h"
#include "base/strings.h"

namespace embrace::app {
namespace {

constexpr std::uint64_t kSettingsFileBytesMax = 1 << 20;

struct Bytes {
  std::uint64_t* value;
};
struct Duration {
  Millis* value;
};
struct Secret {
  std::string* value;
};
using Place = std::variant<std::string*, Secret, bool*, std::uint32_t*, std::uint64_t*, Bytes,
                           Duration, std::chrono::seconds*, log::Level*, log::Format*>;

struct Row {
  std::string_view name;
  std::string_view help;
  Place place;
};

std::vector<Row> rows(Settings& s) {
  return {
      {"data", "folder that holds everything: database, repositories, large files",
       &s.hub.data_folder},
      {"listen", "address and port to serve on", &s.http.listen},
      {"public_url", "how clients reach this hub, https://HOST; empty: what each request says",
       &s.hub.public_url},
      {"database", "postgresql://user:password@host:port/name; empty: SQLite in the data folder",
       &s.database.url},
      {"blobs",
       "where large files live; empty or \"file\": the data folder; or "
       "s3://bucket/prefix?endpoint=URL&region=NAME",
       &s.blobs},
      {"s3_access_key_id", "of the bucket; empty: AWS_ACCESS_KEY_ID of the environment",
       &s.s3_access_key_id},
      {"s3_secret_access_key", "of the bucket; empty: AWS_SECRET_ACCESS_KEY of the environment",
       Secret{&s.s3_secret_access_key}},
      {"direct_downloads",
       "may Xet clients fetch chunks from the bucket itself, by presigned URLs? They must reach "
       "its "
       "endpoint",
       &s.hub.direct_downloads},
      {"trusted_proxies",
       "addresses and networks whose X-Forwarded-* headers are believed, for links, logs and "
       "limits",
       &s.trusted_proxies},
      {"allow_sign_up", "may strangers make accounts?", &s.hub.allow_sign_up},
      {"metrics_public", "may everybody read /metrics? Else this machine and administrators",
       &s.hub.metrics_public},
      {"tls_certificate_file", "PEM; TLS is on when this and the key are set",
       &s.http.tls_certificate_file},
      {"tls_key_file", "PEM", &s.http.tls_key_file},
      {"log_level", "debug, info, warn or error", &s.log_level},
      {"log_format", "text or json", &s.log_format},

      {"io_threads", "network threads; 0: one per core", &s.io_threads},
      {"pool_threads", "threads for short disk and database work; 0: twice the cores",
       &s.pool_threads},
      {"transfer_threads", "threads for uploads and packs", &s.transfer_threads},
      {"read_sessions_max", "database connections for reading", &s.database.read_sessions_max},
      {"sync_every_commit", "SQLite: false may lose the last commits on power loss",
       &s.database.sync_every_commit},

      {"connections_max", "open connections; more are refused", &s.http.connections_max},
      {"connections_per_peer_max",
       "of them from one address (IPv6: one /64); trusted proxies have no such limit",
       &s.http.connections_per_peer_max},
      {"response_bytes_per_second_min",
       "a client that takes an answer more slowly is disconnected; 0: however slowly",
       Bytes{&s.http.response_bytes_per_second_min}},
      {"response_slow_time", "over how long that is measured", &s.http.response_slow_time},
      {"head_bytes_max", "request line and headers", &s.http.head_bytes_max},
      {"head_timeout", "first byte to the end of the head", &s.http.head_timeout},
      {"idle_timeout", "between requests of one connection", &s.http.idle_timeout},
      {"body_idle_timeout", "without a byte of a request's body", &s.http.body_idle_timeout},
      {"body_bytes_per_second_min",
       "a request's body that comes more slowly is refused; 0: however slowly",
       Bytes{&s.http.body_bytes_per_second_min}},
      {"body_slow_time", "over how long that is measured", &s.http.body_slow_time},
      {"write_idle_timeout", "without the client taking a byte", &s.http.write_idle_timeout},
      {"shutdown_grace", "for running requests to finish at shutdown", &s.http.shutdown_grace},

      {"regular_file_bytes_max", "larger files must go to LFS",
       Bytes{&s.hub.regular_file_bytes_max}},
      {"commit_body_bytes_max", "one commit sent through the API",
       Bytes{&s.hub.commit_body_bytes_max}},
      {"commit_operations_max", "operations in one commit", &s.hub.commit_operations_max},
      {"commit_line_bytes_max", "one line of a commit: a regular file in base64",
       Bytes{&s.hub.commit_line_bytes_max}},
      {"json_body_bytes_max", "any other JSON request", Bytes{&s.hub.json_body_bytes_max}},
      {"preupload_files_max", "files in one preupload", &s.hub.preupload_files_max},
      {"paths_info_max", "paths in one paths-info", &s.hub.paths_info_max},
      {"tree_page_max", "entries of a tree in one answer", &s.hub.tree_page_max},
      {"list_page_max", "repositories in one answer", &s.hub.list_page_max},
      {"list_count_max",
       "how far the repositories of a list are counted, where a page asks how many",
       &s.hub.list_count_max},
      {"log_page_max", "commits in one answer", &s.hub.log_page_max},
      {"diff_files_max", "files in one page of changes", &s.hub.diff_files_max},
      {"diff_lines_max", "lines in one page of changes", &s.hub.diff_lines_max},
      {"diff_bytes_max", "bytes of these lines", Bytes{&s.hub.diff_bytes_max}},
      {"diff_file_bytes_max", "larger files are named among the changes, not compared",
       Bytes{&s.hub.diff_file_bytes_max}},
      {"diff_time_max", "of comparing; then the rest is left out", Duration{&s.hub.diff_time_ms}},
      {"blame_bytes_max", "a file whose lines' authors are looked for",
       Bytes{&s.hub.blame_bytes_max}},
      {"blame_lines_max", "the same, in lines", &s.hub.blame_lines_max},
      {"blame_time_max", "of looking for them", Duration{&s.hub.blame_time_ms}},
      {"history_time_max", "of looking for the commits that changed a path, or lie between two",
       Duration{&s.hub.history_time_ms}},
      {"comparisons_max",
       "pages of changes, histories of paths and blames made at once: half of pool_threads at most",
       &s.hub.comparisons_max},
      {"card_bytes_max", "of README.md that is read for metadata", Bytes{&s.hub.card_bytes_max}},
      {"push_bytes_max", "one pushed pack", Bytes{&s.hub.push_bytes_max}},
      {"push_entries_max", "files and folders of all branches that one push moves",
       &s.hub.push_entries_max},
      {"push_processes_max", "pushes at once", &s.hub.push_processes_max},
      {"fetch_processes_max", "clones and fetches at once", &s.hub.fetch_processes_max},
      {"fetch_spool_bytes_max", "of one clone that waits on disk for a slow client",
       Bytes{&s.hub.fetch_spool_bytes_max}},
      {"fetch_spools_bytes_max", "the same, of all clones together",
       Bytes{&s.hub.fetch_spools_bytes_max}},
      {"lfs_object_bytes_max", "one large file", Bytes{&s.hub.lfs_object_bytes_max}},
      {"lfs_batch_max", "objects in one LFS batch", &s.hub.lfs_batch_max},
      {"lfs_multipart_above_bytes", "larger files are uploaded in parts",
       Bytes{&s.hub.lfs_multipart_above_bytes}},
      {"lfs_part_bytes", "size of a part", Bytes{&s.hub.lfs_part_bytes}},
      {"lfs_small_part_bytes", "size of a part of what a browser sends; smaller files come whole",
       Bytes{&s.hub.lfs_small_part_bytes}},
      {"lfs_parts_max", "parts of one file", &s.hub.lfs_parts_max},
      {"signed_url_lifetime", "of presigned upload and download URLs",
       Duration{&s.hub.signed_url_ms}},
      {"xet_token_lifetime", "of tokens for the chunk store; clients ask for new ones in time",
       Duration{&s.hub.xet_token_ms}},
      {"xet_url_lifetime", "of URLs to parts of xorbs", Duration{&s.hub.xet_url_ms}},
      {"xet_batch_files_max", "files in one batch of Xet reconstructions",
       &s.hub.xet_batch_files_max},
      {"namespace_quota_bytes",
       "large files and packs of one user or organization; 0: no limit (`embrace admin quota` sets "
       "others)",
       Bytes{&s.hub.namespace_quota_bytes}},
      {"organizations_per_user_max",
       "organizations that a user may make and administer; 0: only administrators make them",
       &s.hub.organizations_per_user_max},
      {"garbage_every_hours",
       "between two garbage collections; 0: none (`embrace admin gc` runs one)",
       &s.hub.garbage_every_hours},
      {"garbage_links_after",
       "without use, a large file that no branch or tag reaches leaves its repository",
       Duration{&s.hub.garbage_links_after_ms}},
      {"garbage_files_after", "without use, a large file that is in no repository is dropped",
       Duration{&s.hub.garbage_files_after_ms}},
      {"garbage_xorbs_after",
       "without use, chunks that are in no file are condemned; clients count on three weeks",
       Duration{&s.hub.garbage_xorbs_after_ms}},
      {"garbage_xorbs_early",
       "true allows garbage_xorbs_after below three weeks, at which uploads of clients that "
       "remember "
       "those chunks fail",
       &s.hub.garbage_xorbs_early},
      {"garbage_condemned_for", "and removed, when still nobody used them",
       Duration{&s.hub.garbage_condemned_for_ms}},
      {"packs_before_fold", "packs of one repository before they are folded together",
       &s.hub.packs_before_fold},
      {"writes_waiting_max",
       "writes in line for one repository (one account: half); more are told to come back",
       &s.hub.writes_waiting_max},
      {"young_pack_bytes_max", "larger commits are written to files at once (docs/design/0012)",
       Bytes{&s.hub.young_pack_bytes_max}},
      {"session_days", "browser sessions", &s.hub.session_days},
  };
}

struct Suffix {
  std::string_view text;
  std::uint64_t factor;
};
constexpr auto kByteSuffixes = std::to_array<Suffix>({{"KiB", 1u << 10},
                                                      {"MiB", 1u << 20},
                                                      {"GiB", 1u << 30},
                                                      {"TiB", 1ull << 40},
                                                      {"kB", 1000},
                                                      {"MB", 1'000'000},
                                                      {"GB", 1'000'000'000},
                                                      {"TB", 1'000'000'000'000},
                                                      {"B", 1}});
constexpr auto kTimeSuffixes = std::to_array<Suffix>(
    {{"ms", 1}, {"min", 60'000}, {"s", 1000}, {"h", 3'600'000}, {"d", 86'400'000}});

std::optional<std::uint64_t> parse_scaled(std::string_view text, std::span<const Suffix> suffixes,
                                          std::uint64_t factor) {
  for (const Suffix& suffix : suffixes) {
    if (text.size() > suffix.text.size() && text.ends_with(suffix.text)) {
      text.remove_suffix(suffix.text.size());
      factor = suffix.factor;
      break;
    }
  }
  auto number = parse_uint(trim(text));
  if (!number || (*number != 0 && factor > UINT64_MAX / *number)) return std::nullopt;
  return *number * factor;
}

Status bad(std::string_view name, std::string_view takes) {
  return fail(Code::InvalidArgument, cat("the setting ", name, " takes ", takes));
}

Status assign_number(std::string_view name, std::string_view value, std::uint32_t& place) {
  auto number = parse_scaled(value, kByteSuffixes, 1);
  if (!number || *number > UINT32_MAX) return bad(name, "a whole number");
  place = static_cast<std::uint32_t>(*number);
  return Done{};
}

struct Assign {
  std::string_view name;
  std::string_view value;

  Status operator()(std::string* place) const { return *place = std::string(value), Done{}; }
  Status operator()(Secret place) const { return *place.value = std::string(value), Done{}; }
  Status operator()(bool* place) const {
    if (value != "true" && value != "false") return bad(name, "true or false");
    *place = value == "true";
    return Done{};
  }
  Status operator()(std::uint32_t* place) const { return assign_number(name, value, *place); }
  Status operator()(std::uint64_t* place) const {
    auto number = parse_uint(value);
    if (!number) return bad(name, "a whole number");
    *place = *number;
    return Done{};
  }
  Status operator()(Bytes place) const {
    auto number = parse_scaled(value, kByteSuffixes, 1);
    if (!number) return bad(name, "a size such as 10MiB");
    *place.value = *number;
    return Done{};
  }
  Status operator()(Duration place) const {
    auto number = parse_scaled(value, kTimeSuffixes, 1000);
    if (!number || *number > INT64_MAX) return bad(name, "a time such as 30s or 6h");
    *place.value = static_cast<Millis>(*number);
    return Done{};
  }
  Status operator()(std::chrono::seconds* place) const {
    auto number = parse_scaled(value, kTimeSuffixes, 1000);
    if (!number || *number < 1000 || *number > 86'400'000) return bad(name, "a time from 1s to 1d");
    *place = std::chrono::seconds(*number / 1000);
    return Done{};
  }
  Status operator()(log::Level* place) const {
    if (value == "debug")
      *place = log::Level::Debug;
    else if (value == "info")
      *place = log::Level::Info;
    else if (value == "warn")
      *place = log::Level::Warn;
    else if (value == "error")
      *place = log::Level::Error;
    else
      return bad(name, "debug, info, warn or error");
    return Done{};
  }
  Status operator()(log::Format* place) const {
    if (value != "text" && value != "json") return bad(name, "text or json");
    *place = value == "json" ? log::Format::Json : log::Format::Text;
    return Done{};
  }
};

struct Show {
  std::string operator()(std::string* place) const { return *place; }
  std::string operator()(Secret place) const { return place.value->empty() ? "" : "(set)"; }
  std::string operator()(bool* place) const { return *place ? "true" : "false"; }
  std::string operator()(std::uint32_t* place) const { return cat(*place); }
  std::string operator()(std::uint64_t* place) const { return cat(*place); }
  std::string operator()(Bytes place) const { return cat(*place.value); }
  std::string operator()(Duration place) const { return cat(*place.value, "ms"); }
  std::string operator()(std::chrono::seconds* place) const { return cat(place->count(), "s"); }
  std::string operator()(log::Level* place) const {
    constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};
    return std::string(kNames[static_cast<int>(*place)]);
  }
  std::string operator()(log::Format* place) const {
    return *place == log::Format::Json ? "json" : "text";
  }
};

// What the code divides by, or takes pages of.
Status check_above_zero(const hub::Settings& hub) {
  const std::pair<std::string_view, std::uint64_t> rows[] = {
      {"tree_page_max", hub.tree_page_max},
      {"list_page_max", hub.list_page_max},
      {"log_page_max", hub.log_page_max},
      {"lfs_part_bytes", hub.lfs_part_bytes},
      {"lfs_small_part_bytes", hub.lfs_small_part_bytes},
      {"lfs_parts_max", hub.lfs_parts_max},
  };
  for (const auto& [name, value] : rows) {
    if (value == 0) return bad(name, "a number above 0");
  }
  return Done{};
}

}  // namespace

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  return parse_scaled(text, kByteSuffixes, 1);
}

Status set_setting(Settings& settings, std::string_view name, std::string_view value) {
  for (const Row& row : rows(settings)) {
    if (row.name == name) return std::visit(Assign{name, value}, row.place);
  }
  return fail(Code::InvalidArgument,
              cat("there is no setting called \"", name, "\": `embrace settings` lists them"));
}

Status read_settings_file(const std::string& path, Settings& settings) {
  EMB_TRY(std::string text, read_file(path, kSettingsFileBytesMax));
  unsigned number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    line = trim(line);
    if (line.empty() || line.starts_with('#')) continue;
    const std::string where = cat(path, ":", number);
    const auto equals = line.find('=');
    if (equals == std::string_view::npos)
      return fail(Error(Code::InvalidArgument, "expected name = value").while_doing(where));
    std::string_view value = trim(line.substr(equals + 1));
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
      value = value.substr(1, value.size() - 2);
    if (auto done = set_setting(settings, trim(line.substr(0, equals)), value); !done) {
      return fail(std::move(done).error().while_doing(where));
    }
  }
  return Done{};
}

namespace {

// Scheme and host, no more: the pages ask for /api and /_app at the root of their origin.
Status check_public_url(std::string_view url) {
  if (url.empty()) return Done{};
  const auto begin = url.find("://");
  const std::string_view scheme = url.substr(0, begin == std::string_view::npos ? 0 : begin);
  if (scheme != "http" && scheme != "https")
    return fail(Code::InvalidArgument, "public_url takes https://HOST or http://HOST:PORT");
  std::string_view host = url.substr(begin + 3);
  while (host.ends_with('/')) host.remove_suffix(1);
  if (host.find_first_of("/?#") != std::string_view::npos) {
    return fail(Code::InvalidArgument,
                cat("public_url = ", url,
                    " has a path: the pages work at the root of a host alone; give the hub a host "
                    "name of its own, as in https://hub.example.org"));
  }
  if (host.empty() || host.find_first_of("@ \t\"<>\\") != std::string_view::npos)
    return fail(Code::InvalidArgument, "public_url takes https://HOST or http://HOST:PORT");
  return Done{};
}

}  // namespace

Status complete_settings(Settings& settings) {
  if (settings.hub.data_folder.empty())
    return fail(Code::InvalidArgument, "--data DIR is required: the folder that holds everything");
  std::error_code error;
  settings.hub.data_folder =
      std::filesystem::absolute(settings.hub.data_folder, error).lexically_normal().string();
  while (settings.hub.data_folder.size() > 1 && settings.hub.data_folder.ends_with('/'))
    settings.hub.data_folder.pop_back();
  if (error) return fail(Code::InvalidArgument, cat("--data: ", error.message()));
  EMB_DO(check_above_zero(settings.hub));
  EMB_DO(check_public_url(settings.hub.public_url));
  EMB_DO(complete_blob_settings(settings));
  if (auto proxies = api::TrustedProxies::parse(settings.trusted_proxies); !proxies)
    return fail(std::move(proxies).error().while_doing("trusted_proxies"));
  if (settings.http.tls_certificate_file.empty() != settings.http.tls_key_file.empty()) {
    return fail(Code::InvalidArgument, "tls_certificate_file and tls_key_file go together");
  }
  if (settings.hub.garbage_xorbs_after_ms < hub::Settings::kXorbsRememberedMs &&
      !settings.hub.garbage_xorbs_early) {
    return fail(
        Code::InvalidArgument,
        "garbage_xorbs_after is below three weeks (21d): clients remember for so long which "
        "chunks are here and do not send them again, so their uploads would fail; set "
        "garbage_xorbs_early = true to have it all the same");
  }
  if (settings.database.url.empty())
    settings.database.url = cat("sqlite://", settings.hub.data_folder, "/embrace.db");
  // Such a commit is durable because its row is.
  if (!settings.database.sync_every_commit) settings.hub.young_pack_bytes_max = 0;
  settings.hub.young_pack_bytes_max =
      std::min(settings.hub.young_pack_bytes_max, hub::kYoungPackBytesLimit);
  const std::uint32_t cores = std::max(1u, std::thread::hardware_concurrency());
  if (settings.io_threads == 0) settings.io_threads = cores;
  if (settings.pool_threads == 0) settings.pool_threads = std::max(4u, 2 * cores);
  settings.transfer_threads = std::max(1u, settings.transfer_threads);
  // They run on the pool: half of its threads are always left for what is quick.
  settings.hub.comparisons_max =
      std::clamp(settings.hub.comparisons_max, 1u, std::max(1u, settings.pool_threads / 2));
  return Done{};
}

std::vector<SettingDoc> describe_settings(const Settings& settings) {
  Settings copy = settings;
  std::vector<SettingDoc> out;
  for (const Row& row : rows(copy)) {
    std::string value = std::visit(Show{}, row.place);
    // A server's URL may hold a password in more than one place.
    if (row.name == "database" && !value.empty() && !value.starts_with("sqlite:")) value = "(set)";
    out.push_back({row.name, row.help, std::move(value)});
  }
  return out;
}

}  // namespace embrace::app
