#include "cas/xorb_indexes.h"

#include <utility>

#include "base/strings.h"

namespace embrace::cas {

Result<std::shared_ptr<const XorbIndex>> XorbIndexes::get(rt::Blocking blocking,
                                                          const XorbRow& row) {
  if (auto kept = kept_.find(row.key)) return *kept;
  EMB_TRY(const auto key, blob::Key::parse(row.key));
  std::string footer;
  auto read = backend_.read(blocking, key, row.stored_bytes, footer_bytes(row.chunk_count),
                            [&](std::string_view piece) -> Status {
                              footer += piece;
                              return Done{};
                            });
  if (!read) return fail(std::move(read).error().while_doing(cat("read the end of ", row.key)));
  EMB_TRY(XorbIndex index, parse_footer(footer));
  if (index.hash != row.hash || index.count() != row.chunk_count ||
      index.stored_bytes() != row.stored_bytes) {
    return fail(Code::Corrupt, cat(row.key, " holds another xorb than ", row.hash.text()));
  }
  auto kept = std::make_shared<const XorbIndex>(std::move(index));
  kept_.put(row.key, kept, kept->count());
  return kept;
}

}  // namespace embrace::cas
