#pragma once
// Names for temporary files and folders: 16 hex digits that nobody else has picked.

#include <sys/random.h>

#include <string>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::git {

// From the kernel: std::random_device asks the processor instead, which took more time than the
// rest of a commit together.
inline std::string random_name() {
  char bytes[8];
  EMB_CHECK(::getrandom(bytes, sizeof bytes, 0) == sizeof bytes, "the kernel gives 8 random bytes");
  return to_hex({bytes, sizeof bytes});
}

}  // namespace embrace::git
