#include "transformers/kernels/level.h"

#include <algorithm>
#include <atomic>
#include <utility>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "base/check.h"

namespace embrace::transformers {

namespace {

// Whether the processor has tiles of bfloats, and the system lends this process their registers:
// Linux does so when asked (Documentation/arch/x86/xstate.rst).
bool may_use_tiles() {
#if defined(__x86_64__) && defined(__linux__)
  constexpr unsigned kBf16 = 1u << 22;
  constexpr unsigned kTile = 1u << 24;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  if ((d & (kBf16 | kTile)) != (kBf16 | kTile)) return false;
  constexpr long kRequestPermission = 0x1023;
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

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
  if (!__builtin_cpu_supports("avx512bf16")) return found;
  found.push_back(Level::Avx512Bf16);
  if (may_use_tiles()) found.push_back(Level::Amx);
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
    case Level::Amx:
      return "Amx";
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
