#pragma once
// PageCursor: where a page of a listing ended, as opaque text for clients. Private to meta.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "db/session.h"
#include "meta/listing.h"

namespace embrace::meta::detail {

struct PageCursor {
  listing::Sort sort = listing::Sort::Trending;
  bool ascending = false;
  std::int64_t id = 0;  // of the last row shown
  db::Value value;      // its sort value: integer, real (Trending) or text (Id)

  std::string render() const;
  // InvalidArgument for anything that render() does not write.
  static Result<PageCursor> parse(std::string_view text);
};

inline constexpr std::size_t kCursorBytesMax = 512;

}  // namespace embrace::meta::detail
