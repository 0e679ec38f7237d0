#pragma once
// embrace doctor: a data folder checked end to end. Every ref points to a commit whose objects are
// all present and whole; every LFS pointer reachable from a ref names an object that is there, has
// that size and hashes to its name; so does every file that is linked to a repository; every xorb
// has its blob with a footer that fits, and every term lies in its xorb; rows and files agree;
// leftovers are listed.

#include <functional>
#include <string>
#include <vector>

#include "hub/services.h"

namespace embrace::hub {

struct Finding {
  enum class Gravity : std::uint8_t { Note, Error };
  Gravity gravity = Gravity::Error;
  std::string where;  // "acme/bert refs/heads/main"
  std::string what;
};
struct DoctorReport {
  std::uint64_t repos = 0, refs = 0, commits = 0, objects = 0, object_bytes = 0, xorbs = 0;
  std::vector<Finding> findings;
  bool is_clean() const;  // no Error
};
Result<DoctorReport> examine(Services&, rt::Blocking,
                             const std::function<void(std::string_view)>& progress);

// Housekeeping jobs: folding packs, expired upload parts, download windows. Registers handlers and
// schedules.
void register_maintenance(Services&);

}  // namespace embrace::hub
