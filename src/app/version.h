#pragma once

#include <string_view>

namespace embrace::app {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace embrace::app
