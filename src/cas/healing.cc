#include "cas/healing.h"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "cas/xorb.h"

namespace embrace::cas {

namespace {

constexpr std::size_t kTermsPerLook = 512;

// Each xorb of the file once.
Status for_each_xorb(rt::Blocking blocking, Catalog& catalog, const FileRow& file,
                     const std::function<void(const XorbRow&)>& visit) {
  std::unordered_map<std::int64_t, bool> seen;
  for (std::uint64_t at = 0; at < file.size_bytes;) {
    EMB_TRY(const auto terms, catalog.terms(blocking, file.id, at, kTermsPerLook));
    if (terms.empty()) return Done{};
    for (const Term& term : terms) {
      if (seen.try_emplace(term.xorb.id, true).second) visit(term.xorb);
    }
    at = terms.back().file_offset + terms.back().unpacked_bytes;
  }
  return Done{};
}

// The row that has the place of a xorb which was added in vain, if its blob is lost.
Result<bool> replace_if_lost(rt::Blocking blocking, blob::Backend& backend, Catalog& catalog,
                             const NewXorb& xorb) {
  EMB_TRY(const auto row, catalog.find_xorb(blocking, xorb.hash));
  if (!row || is_whole(blocking, backend, *row)) return false;
  EMB_TRY(const bool is_replaced, catalog.replace_blob(blocking, row->id, row->key, xorb));
  if (!is_replaced) return false;
  log::info("a lost xorb was sent again and is whole now", {{"lost", row->key}, {"key", xorb.key}});
  remove_spare_xorbs(blocking, backend, {row->key});
  return true;
}

}  // namespace

bool is_whole(rt::Blocking blocking, blob::Backend& backend, const XorbRow& xorb) {
  const auto key = blob::Key::parse(xorb.key);
  if (!key) return false;
  const auto stat = backend.stat(blocking, *key);
  if (!stat) return stat.error().code() != Code::NotFound;
  return stat->size_bytes == xorb.stored_bytes + footer_bytes(xorb.chunk_count);
}

Result<bool> is_whole(rt::Blocking blocking, blob::Backend& backend, Catalog& catalog,
                      const FileRow& file) {
  bool whole = true;
  EMB_DO(for_each_xorb(blocking, catalog, file, [&](const XorbRow& xorb) {
    whole = whole && is_whole(blocking, backend, xorb);
  }));
  return whole;
}

Result<Added> add_and_heal(rt::Blocking blocking, blob::Backend& backend, Catalog& catalog,
                           const Addition& addition, Millis now_ms) {
  EMB_TRY(Added added, catalog.add(blocking, addition, now_ms));
  std::vector<std::string> spare;
  for (auto& key : added.spare_keys) {
    const auto xorb = std::ranges::find(addition.xorbs, key, &NewXorb::key);
    EMB_CHECK(xorb != addition.xorbs.end(), "a spare key is one of those that were added");
    EMB_TRY(const bool is_used, replace_if_lost(blocking, backend, catalog, *xorb));
    if (!is_used) spare.push_back(std::move(key));
  }
  added.spare_keys = std::move(spare);
  remove_spare_xorbs(blocking, backend, added.spare_keys);
  return added;
}

Status forget_if_unused(rt::Blocking blocking, blob::Backend& backend, Catalog& catalog,
                        const XorbRow& lost) {
  EMB_TRY(const bool is_forgotten, catalog.forget_lost(blocking, lost.id, lost.key));
  if (is_forgotten) remove_spare_xorbs(blocking, backend, {lost.key});
  return Done{};
}

Status drop_damaged(rt::Blocking blocking, blob::Backend& backend, Catalog& catalog,
                    const FileRow& file, Millis now_ms) {
  std::vector<XorbRow> lost;
  EMB_DO(for_each_xorb(blocking, catalog, file, [&](const XorbRow& xorb) {
    if (!is_whole(blocking, backend, xorb)) lost.push_back(xorb);
  }));
  EMB_DO(catalog.remove_sha256(blocking, file.sha256, now_ms));
  for (const XorbRow& xorb : lost) EMB_DO(forget_if_unused(blocking, backend, catalog, xorb));
  return Done{};
}

void remove_spare_xorbs(rt::Blocking blocking, blob::Backend& backend,
                        const std::vector<std::string>& keys) {
  for (const std::string& text : keys) {
    const auto key = blob::Key::parse(text);
    EMB_CHECK(key.has_value(), "keys of xorbs were made as keys");
    if (auto removed = backend.remove(blocking, *key); !removed) {
      log::warn("a xorb that nothing names was left behind",
                {{"key", text}, {"error", removed.error().message()}});
    }
  }
}

}  // namespace embrace::cas
