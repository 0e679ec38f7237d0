#include "cas/collection.h"

#include <utility>

#include "base/log.h"
#include "cas/xorb_key.h"

namespace embrace::cas {

namespace {

constexpr std::size_t kPage = 1000;

class Collection {
 public:
  Collection(blob::Backend& backend, Catalog& catalog, Millis now_ms, const CollectionRules& rules)
      : backend_(backend), catalog_(catalog), now_ms_(now_ms), rules_(rules) {}

  Result<Collected> run(rt::Blocking blocking) {
    EMB_DO(look_at_unused(blocking));
    EMB_DO(remove_strays(blocking));
    return collected_;
  }

 private:
  Status look_at_unused(rt::Blocking blocking) {
    for (std::int64_t after = 0;;) {
      EMB_TRY(const auto page,
              catalog_.unused_xorbs(blocking, now_ms_ - rules_.unused_ms, after, kPage));
      if (page.empty()) return Done{};
      for (const XorbRow& row : page) EMB_DO(judge(blocking, row));
      after = page.back().id;
    }
  }

  Status judge(rt::Blocking blocking, const XorbRow& row) {
    if (!row.condemned_ms) {
      if (!rules_.is_dry_run) {
        EMB_TRY(const bool done,
                catalog_.condemn_xorb(blocking, row.id, now_ms_ - rules_.unused_ms, now_ms_));
        if (!done) return Done{};
      }
      collected_.condemned.add(row.stored_bytes);
      return Done{};
    }
    const Millis before = now_ms_ - rules_.condemned_ms;
    if (*row.condemned_ms >= before) return Done{};
    if (!rules_.is_dry_run) {
      EMB_TRY(const bool done, catalog_.remove_condemned(blocking, row.id, before));
      if (!done) return Done{};
      EMB_TRY(const auto key, blob::Key::parse(row.key));
      EMB_DO(backend_.remove(blocking, key));
    }
    collected_.removed.add(row.stored_bytes);
    return Done{};
  }

  Status remove_strays(rt::Blocking blocking) {
    std::string after;
    for (;;) {
      EMB_TRY(const blob::Listing page, backend_.list(blocking, kXorbPrefix, after, kPage));
      for (const auto& item : page.items) {
        if (item.stat.modified_ms >= now_ms_ - rules_.stray_ms) continue;
        EMB_TRY(const bool is_stray, is_named_by_no_row(blocking, item.key));
        if (!is_stray) continue;
        if (!rules_.is_dry_run) {
          log::info("a xorb that nothing names is removed", {{"key", item.key.text()}});
          EMB_DO(backend_.remove(blocking, item.key));
        }
        collected_.strays.add(item.stat.size_bytes);
      }
      if (!page.next) return Done{};
      after = *page.next;
    }
  }

  // What lies below xorbs/ under a name that is none of ours is left alone.
  Result<bool> is_named_by_no_row(rt::Blocking blocking, const blob::Key& key) {
    const auto hash = hash_of_xorb_key(key);
    if (!hash) return false;
    EMB_TRY(const auto row, catalog_.find_xorb(blocking, *hash));
    return !row || row->key != key.text();
  }

  blob::Backend& backend_;
  Catalog& catalog_;
  const Millis now_ms_;
  const CollectionRules& rules_;
  Collected collected_;
};

}  // namespace

Result<Collected> collect_xorbs(rt::Blocking blocking, blob::Backend& backend, Catalog& catalog,
                                const Clock& clock, const CollectionRules& rules) {
  return Collection(backend, catalog, clock.now_ms(), rules).run(blocking);
}

}  // namespace embrace::cas
