#include "db/change_watch.h"

#include "db/handles.h"

namespace embrace::db {
namespace {

constexpr int kFirstRegionBytes = 32 * 1024;
constexpr std::uint32_t kFormatVersion = 3'007'000;

}  // namespace

Result<std::unique_ptr<ChangeWatch>> ChangeWatch::open(const Location& location,
                                                       const Settings& settings) {
  EMB_TRY(auto anchor, SociSession::open(location, settings, Purpose::Read));
  // The first look into the tables maps the index.
  EMB_TRY(auto tables, anchor->row<std::int64_t>("SELECT count(*) FROM sqlite_schema"));
  if (!tables) return fail(Code::Internal, "SQLite counted no tables, not even none");
  std::unique_ptr<ChangeWatch> watch(new ChangeWatch(std::move(anchor)));

  sqlite_api::sqlite3_file* file = nullptr;
  volatile void* region = nullptr;
  const int got = sqlite_api::sqlite3_file_control(
      watch->anchor_->sqlite(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  if (got != SQLITE_OK || !file || !file->pMethods || file->pMethods->iVersion < 2 ||
      file->pMethods->xShmMap(file, 0, kFirstRegionBytes, 0, &region) != SQLITE_OK || !region) {
    return fail(Code::NotBuilt, "this SQLite does not share the index of its log");
  }
  watch->log_header_ =
      const_cast<const std::uint32_t*>(static_cast<volatile std::uint32_t*>(region));
  return watch;
}

std::optional<ChangeStamp> ChangeWatch::look() const {
  ChangeStamp stamp;
  for (std::size_t i = 0; i < stamp.words.size(); ++i) {
    stamp.words[i] = __atomic_load_n(log_header_ + i, __ATOMIC_ACQUIRE);
  }
  if (stamp.words[0] != kFormatVersion) return std::nullopt;
  return stamp;
}

}  // namespace embrace::db
