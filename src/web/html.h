#pragma once

#include <string>
#include <string_view>

namespace embrace::web {

// Text that means itself inside HTML, in attributes too.
std::string escape_html(std::string_view text);

}  // namespace embrace::web
