#pragma once
// Names for temporary files and folders: 16 hex digits that nobody else has picked.

#include <cstdint>
#include <random>
#include <string>

#include "base/strings.h"

namespace embrace::git {

inline std::string random_name() {
  thread_local std::random_device device;  // the operating system's, so forks and restarts differ
  char bytes[8];
  for (char& byte : bytes) byte = static_cast<char>(device());
  return to_hex({bytes, sizeof bytes});
}

}  // namespace embrace::git
