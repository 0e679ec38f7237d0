#pragma once
// Grouping by four: first every byte whose index is 0 modulo 4, then those of 1, 2 and 3. In an
// array of floats that puts signs and exponents side by side, which LZ4 then finds alike.
//
// Threads: functions of their arguments. `to` is as long as `from` and does not overlap it.

#include <span>
#include <string_view>

namespace embrace::cas {

void group_by_four(std::string_view from, std::span<char> to);
void ungroup_by_four(std::string_view from, std::span<char> to);

}  // namespace embrace::cas
