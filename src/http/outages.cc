#include "http/outages.h"

#include "base/strings.h"

namespace embrace::http {

namespace {

// An upload may look for longer; then a second one looks beside it.
constexpr auto kLookMax = std::chrono::seconds(60);

}  // namespace

Result<unsigned> Outages::admit(const std::string& origin, unsigned tries_max, Time now) {
  return outages_.with([&](auto& outages) -> Result<unsigned> {
    const auto found = outages.find(origin);
    if (found == outages.end()) return tries_max;
    Outage& outage = found->second;
    if (now < outage.rest_until) {
      return fail(Code::Unavailable, cat("not asked, because a moment ago: ", outage.why));
    }
    outage.rest_until = now + kLookMax;
    return 1;
  });
}

void Outages::ended(const std::string& origin, bool reached, const std::string& why,
                    Time rest_until) {
  outages_.with([&](auto& outages) {
    if (reached) {
      outages.erase(origin);
    } else {
      outages[origin] = {.rest_until = rest_until, .why = why};
    }
  });
}

}  // namespace embrace::http
