#pragma once
// EMB_CHECK(condition, "what we believed"): stays on in release, and throws BrokenInvariant to the
// nearest wall (request, job or thread), which logs it once and answers 500. EMB_CHECK_OR_DIE is
// for places where going on could destroy data.

#include <stdexcept>

namespace embrace {

class BrokenInvariant : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void throw_broken_invariant(const char* belief, const char* file, int line);
[[noreturn]] void die_of_broken_invariant(const char* belief, const char* file, int line);

}  // namespace embrace

#define EMB_CHECK(condition, belief) \
  ((condition) ? void() : ::embrace::throw_broken_invariant(belief, __FILE__, __LINE__))
#define EMB_CHECK_OR_DIE(condition, belief) \
  ((condition) ? void() : ::embrace::die_of_broken_invariant(belief, __FILE__, __LINE__))
