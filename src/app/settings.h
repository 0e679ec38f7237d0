#pragma once
// Settings: everything an operator may set, with one name each. A configuration file holds lines
// "name = value" ('#' begins a comment); command-line flags win over it. An unknown name or an
// unreadable value is an error that says which line: a setting that is accepted is in force.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "db/database.h"
#include "http/server.h"
#include "hub/settings.h"

namespace embrace::app {

struct Settings {
  hub::Settings hub;
  http::Settings http;
  db::Settings database;
  std::string trusted_proxies = "127.0.0.0/8, ::1";  // api/trusted_proxies.h
  std::string blobs;                                 // "" or "file": the data folder; s3://...
  std::string s3_access_key_id;                      // with the secret; of the environment if empty
  std::string s3_secret_access_key;
  std::uint32_t io_threads = 0;    // 0: one per core
  std::uint32_t pool_threads = 0;  // 0: twice the cores, at least 4
  std::uint32_t transfer_threads = 8;
  log::Level log_level = log::Level::Info;
  log::Format log_format = log::Format::Text;
};

// Reads a configuration file into `settings`.
Status read_settings_file(const std::string& path, Settings& settings);
// One assignment, as in the file. InvalidArgument names the setting and what it takes.
Status set_setting(Settings& settings, std::string_view name, std::string_view value);
// A size as settings take it: "500GiB", "1000". nullopt when it is none.
std::optional<std::uint64_t> parse_bytes(std::string_view text);
// Fills what depends on the rest (the database's URL, thread counts) and makes the data folder
// absolute.
Status complete_settings(Settings& settings);

struct SettingDoc {
  std::string_view name;
  std::string_view help;
  std::string value;  // now, as the file would say it; secrets are "(set)"
};
// Every setting, for `embrace settings` and the operator's page.
std::vector<SettingDoc> describe_settings(const Settings& settings);

}  // namespace embrace::app
