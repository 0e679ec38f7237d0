#include "base/time.h"

#include <algorithm>

namespace embrace {

namespace {
// Writes `number` in exactly `width` digits.
void put_digits(char* out, int width, unsigned number) {
  for (int i = width - 1; i >= 0; --i, number /= 10) out[i] = static_cast<char>('0' + number % 10);
}

// The years that four digits can say; anything outside comes from a broken clock or a hostile
// commit.
constexpr Millis kFirst = -62'167'219'200'000;  // 0000-01-01T00:00:00.000Z
constexpr Millis kLast = 253'402'300'799'999;   // 9999-12-31T23:59:59.999Z
}  // namespace

Millis SystemClock::now_ms() const {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string to_iso8601(Millis time) {
  using namespace std::chrono;
  const sys_time<milliseconds> moment{milliseconds(std::clamp(time, kFirst, kLast))};
  const auto day = floor<days>(moment);
  const year_month_day date(day);
  const hh_mm_ss clock(moment - day);

  std::string out = "0000-00-00T00:00:00.000Z";
  put_digits(&out[0], 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put_digits(&out[5], 2, static_cast<unsigned>(date.month()));
  put_digits(&out[8], 2, static_cast<unsigned>(date.day()));
  put_digits(&out[11], 2, static_cast<unsigned>(clock.hours().count()));
  put_digits(&out[14], 2, static_cast<unsigned>(clock.minutes().count()));
  put_digits(&out[17], 2, static_cast<unsigned>(clock.seconds().count()));
  put_digits(&out[20], 3, static_cast<unsigned>(clock.subseconds().count()));
  return out;
}

}  // namespace embrace
