#include "blob/s3_listing.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "crypto/secrets.h"

namespace embrace::blob {

namespace {

constexpr std::string_view kTmp = "tmp/";  // no key lies there

}  // namespace

struct S3Listing::Collected {
  std::string_view prefix;
  std::string_view after;
  std::size_t limit;
  Listing listing;

  // One more than wanted tells that there is more.
  bool is_full() const { return listing.items.size() > limit; }

  void take(const std::string& name, const Stat& stat) {
    if (is_full() || !name.starts_with(prefix) || name <= after) return;
    auto key = Key::parse(name);  // others may have put other names there
    if (key) listing.items.push_back({*std::move(key), stat});
  }

  // May a key that begins with `folder` ("lfs/ab/") be wanted?
  bool is_wanted(std::string_view folder) const {
    const std::size_t common = std::min(folder.size(), prefix.size());
    if (folder.substr(0, common) != prefix.substr(0, common)) return false;
    return folder >= after.substr(0, folder.size());
  }
};

Result<Listing> S3Listing::list(rt::Blocking blocking, std::string_view prefix,
                                std::string_view after, std::size_t limit) {
  // Some stores refuse a prefix such as "../", which no key has.
  if (!Key::parse(cat(prefix, "x"))) return Listing();
  EMB_TRY(const Order order, find_order(blocking));
  Collected found{prefix, after, limit, {}};
  if (order == Order::ByName) {
    EMB_DO(list_by_name(blocking, found));
  } else {
    const std::size_t slash = prefix.rfind('/');
    const auto folder = slash == prefix.npos ? std::string_view() : prefix.substr(0, slash + 1);
    EMB_DO(list_by_folder(blocking, std::string(folder), found));
  }
  if (found.is_full()) {
    found.listing.items.pop_back();
    found.listing.next = limit > 0 ? found.listing.items.back().key.text() : std::string(after);
  }
  return std::move(found.listing);
}

Status S3Listing::list_by_name(rt::Blocking blocking, Collected& found) {
  std::string page_name;
  do {
    EMB_TRY(const auto page, service_.list(blocking, {.prefix = found.prefix,
                                                      .after = found.after,
                                                      .limit = found.limit + 1,
                                                      .page = page_name}));
    for (const auto& [name, stat] : page.objects) found.take(name, stat);
    page_name = page.next;
  } while (!page_name.empty() && !found.is_full());
  return Done{};
}

// Depth first, in the order of keys: a folder sorts as "name/", which puts "a-b" before "a/c".
// `folder` is empty or ends with '/'. Keys are short, which bounds the depth.
Status S3Listing::list_by_folder(rt::Blocking blocking, const std::string& folder,
                                 Collected& found) {
  struct Entry {
    std::string name;
    std::optional<Stat> stat;  // of an object
  };
  std::vector<Entry> entries;
  std::string page_name;
  do {
    EMB_TRY(auto page,
            service_.list(blocking, {.prefix = folder, .by_folder = true, .page = page_name}));
    for (auto& [name, stat] : page.objects) entries.push_back({std::move(name), stat});
    for (auto& name : page.folders) entries.push_back({std::move(name), {}});
    page_name = std::move(page.next);
  } while (!page_name.empty());
  std::ranges::sort(entries, {}, &Entry::name);
  for (const Entry& entry : entries) {
    if (found.is_full()) break;
    if (entry.stat) {
      found.take(entry.name, *entry.stat);
    } else if (entry.name.size() > folder.size() && entry.name.starts_with(folder) &&
               entry.name != kTmp && found.is_wanted(entry.name)) {
      EMB_DO(list_by_folder(blocking, entry.name, found));
    }
  }
  return Done{};
}

Result<S3Listing::Order> S3Listing::find_order(rt::Blocking blocking) {
  if (const Order known = order_; known != Order::Unknown) return known;
  const std::string folder = cat(kTmp, "order-", crypto::random_alphanumeric(16), "/");
  const std::string dot = cat(folder, "a.b"), slash = cat(folder, "a/b");
  const S3Service::Hashes of_nothing = S3Service::hashes_of("");
  EMB_DO(service_.put(blocking, dot, http::Upload::of_text(""), of_nothing));
  auto second = service_.put(blocking, slash, http::Upload::of_text(""), of_nothing);
  auto page = service_.list(blocking, {.prefix = folder});
  EMB_DO(service_.remove(blocking, slash));
  EMB_DO(service_.remove(blocking, dot));
  EMB_DO(second);
  if (!page) return fail(std::move(page).error());
  if (page->objects.size() != 2) {
    return fail(Code::Unavailable, cat(service_.where().shown(),
                                       " does not list what was just stored: its listings can't "
                                       "be relied on"));
  }
  const Order order = page->objects[0].first == dot ? Order::ByName : Order::ByFolder;
  log::debug("an S3 store was asked for its order of names",
             {{"order", order == Order::ByName ? "by name" : "by folder"}});
  order_ = order;
  return order;
}

}  // namespace embrace::blob
