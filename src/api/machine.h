#pragma once
// Machine: what the administrators' page says of this process. Plain data, filled in by app/, which
// alone knows it. Constant while the server runs.

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace embrace::api {

struct Machine {
  struct Setting {
    std::string name;
    std::string value;  // "(set)" for secrets
    std::string help;
  };
  Millis started_ms = 0;
  std::string database;  // "sqlite" or "postgresql"
  std::string blobs;     // "file" or "s3"
  std::uint32_t io_threads = 0;
  std::uint32_t pool_threads = 0;
  std::uint32_t transfer_threads = 0;
  std::vector<Setting> settings;
};

}  // namespace embrace::api
