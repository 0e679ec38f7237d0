#pragma once
// Quotas: how much a namespace may store. It uses each large file that its repositories link to,
// once, however many of them do, and the packs of its repositories. What it may use is its own
// quota, or else the setting namespace_quota_bytes (0: as much as there is room for).
//
// Asked wherever large files enter: before bytes are sent (LFS batch, Xet token), so that nobody
// sends gigabytes in vain, and in the transaction that links them, which is what counts. What is
// there already may always be committed again, and everything may be deleted. Files that arrive at
// the same moment may both find the last room on PostgreSQL: a quota is for people, not for proofs.
// Packs count, but a push of text is not refused. What somebody sends who may only propose counts
// for them (payer_of, write_target.h), and so do chunks that a client sent and no file is made of
// yet, until a linked file is or the collection removes them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cas/catalog.h"
#include "hub/services.h"
#include "meta/storage.h"

namespace embrace::hub {

// Denied, with what is used and allowed, when these links would be more than the namespace may
// hold. Call it in the transaction that links, before it does.
Status check_quota(Services&, db::Session&, std::int64_t namespace_id,
                   const std::vector<meta::LfsLink>& links);
// The same after they were linked, and what was sent for them settled: their bytes count as used.
// `added_bytes` is what they added.
Status check_quota_kept(Services&, db::Session&, std::int64_t namespace_id,
                        std::uint64_t added_bytes);
// As check_quota, before anything was sent.
Status check_room(Services&, rt::Blocking, std::int64_t namespace_id,
                  const std::vector<meta::LfsLink>& links);
// Denied when the namespace is full, or has no room for `added_bytes` more: for senders who do not
// say which files they bring.
Status check_not_full(Services&, rt::Blocking, std::int64_t namespace_id,
                      std::uint64_t added_bytes = 0);

// Nullopt: the server's default again. NotFound when there is no such user or organization.
Status set_quota(Services&, rt::Blocking, std::string_view ns,
                 const std::optional<meta::storage::Quota>& quota);

struct StorageReport {
  struct Row {
    std::string ns;
    std::uint64_t used_bytes = 0;
    std::optional<std::uint64_t> allowed_bytes;  // nullopt: no quota
  };
  std::vector<Row> namespaces;
  cas::StorageFigures figures;
  // What files need less than their sizes, because chunks are kept once and compressed. Negative
  // where more waits for the collection than is saved.
  std::int64_t saved_bytes() const {
    return static_cast<std::int64_t>(figures.logical_bytes) -
           static_cast<std::int64_t>(figures.stored_bytes);
  }
};
Result<StorageReport> report_storage(Services&, rt::Blocking);  // counts every row

}  // namespace embrace::hub
