// Cursors come back from clients: any bytes either fail to parse or render to a cursor that parses
// equal.

#include "base/check.h"
#include "meta/page_cursor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using embrace::meta::detail::PageCursor;
  const auto cursor = PageCursor::parse({reinterpret_cast<const char*>(data), size});
  if (!cursor) return 0;
  const auto again = PageCursor::parse(cursor->render());
  if (cursor->render().size() > embrace::meta::detail::kCursorBytesMax) return 0;
  EMB_CHECK_OR_DIE(again && again->id == cursor->id && again->value == cursor->value,
                   "a cursor survives a round trip");
  return 0;
}
