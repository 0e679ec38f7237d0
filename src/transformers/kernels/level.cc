#include "transformers/kernels/level.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/check.h"

namespace embrace::transformers {

namespace {

std::vector<Level> find_levels() {
  std::vector<Level> found{Level::Plain};
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("f16c");
  if (!avx2) return found;
  found.push_back(Level::Avx2);
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512vnni");
  if (!avx512) return found;
  found.push_back(Level::Avx512);
  if (__builtin_cpu_supports("avx512bf16")) found.push_back(Level::Avx512Bf16);
#endif
  return found;
}

std::atomic<Level>& current() {
  static std::atomic<Level> level = levels_here().back();
  return level;
}

}  // namespace

std::string_view name_of(Level level) {
  switch (level) {
    case Level::Plain:
      return "Plain";
    case Level::Avx2:
      return "Avx2";
    case Level::Avx512:
      return "Avx512";
    case Level::Avx512Bf16:
      return "Avx512Bf16";
  }
  std::unreachable();
}

const std::vector<Level>& levels_here() {
  static const std::vector<Level> levels = find_levels();
  return levels;
}

Level level() { return current().load(std::memory_order_relaxed); }

void force_level_for_test(Level level) {
  EMB_CHECK(std::ranges::find(levels_here(), level) != levels_here().end(), "the level runs here");
  current() = level;
}

}  // namespace embrace::transformers
