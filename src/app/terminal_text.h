#pragma once
// Text from strangers (a model, a hub) on a terminal: nothing in it may move the cursor, set the
// clipboard or paint over what stands there.

#include <string>
#include <string_view>

namespace embrace::app {

// `text` with U+FFFD for control characters other than tabs and new lines: C0, DEL, and C1, whose
// UTF-8 is 0xC2 0x80 to 0xC2 0x9F. Other bytes stay as they are.
std::string for_terminal(std::string_view text);

}  // namespace embrace::app
