#include "base/check.h"

#include <cstdlib>

#include "base/log.h"
#include "base/strings.h"

namespace embrace {

namespace {
std::string describe(const char* belief, const char* file, int line) {
  return cat(file, ":", line, ": broken invariant: ", belief);
}
}  // namespace

// Nothing is logged here: the wall that catches it knows the request id and logs once.
void throw_broken_invariant(const char* belief, const char* file, int line) {
  throw BrokenInvariant(describe(belief, file, line));
}

void die_of_broken_invariant(const char* belief, const char* file, int line) {
  log::error(describe(belief, file, line), {{"action", "abort"}});
  std::abort();
}

}  // namespace embrace
