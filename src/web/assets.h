#pragma once
// Asset: one file of the website. The embedded ones are in the program's read-only data for ever.

#include <cstdint>
#include <span>
#include <string_view>

namespace embrace::web {

struct Asset {
  std::string_view path;  // "/_app/immutable/entry/start.js"
  std::string_view tag;   // hex digits of its sha256
  std::uint64_t plain_bytes = 0;
  // Either the plain form, or the packed ones of which gzip is always there.
  std::string_view plain = {};
  std::string_view gzip = {};
  std::string_view brotli = {};
};

// Everything that the program carries.
struct Site {
  std::span<const Asset> assets;  // by path
  std::string_view shell;         // empty: the pages were not built
  // CSP sources of the scripts that stand in the shell: "'sha256-...' 'sha256-...'"
  std::string_view script_sources;
};

// Defined in the file that scripts/embed_web.py writes.
extern const Site kEmbeddedSite;

}  // namespace embrace::web
