#include "cas/whole_object_store.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "cas/whole_ingest.h"
#include "crypto/sha256.h"

namespace embrace::cas {

namespace {

Error name_the_object(Error error, const Digest& sha256) {
  if (error.code() != Code::NotFound) return error;
  return Error(Code::NotFound, cat("there is no object ", sha256.hex()));
}

// Objects of the listing; what lies there under another name is none of ours.
std::optional<ObjectInfo> object_of(const blob::Listing::Item& item) {
  const std::string_view text = item.key.text();
  const auto sha256 = Digest::parse(text.substr(text.rfind('/') + 1));
  if (!sha256 || object_key(*sha256) != item.key) return std::nullopt;
  return ObjectInfo{.sha256 = *sha256, .size_bytes = item.stat.size_bytes};
}

}  // namespace

blob::Key WholeObjectStore::key_of(const Digest& sha256) { return object_key(sha256); }

Result<ObjectInfo> WholeObjectStore::find(rt::Blocking blocking, const Digest& sha256) {
  auto stat = backend_.stat(blocking, object_key(sha256));
  if (!stat) return fail(name_the_object(std::move(stat).error(), sha256));
  return ObjectInfo{.sha256 = sha256, .size_bytes = stat->size_bytes};
}

Result<rt::Content> WholeObjectStore::open(rt::Blocking blocking, const Digest& sha256,
                                           std::uint64_t offset, std::uint64_t length) {
  auto content = backend_.open(blocking, object_key(sha256), offset, length);
  if (!content) return fail(name_the_object(std::move(content).error(), sha256));
  return content;
}

Result<std::unique_ptr<Ingest>> WholeObjectStore::create(rt::Blocking blocking) {
  EMB_TRY(auto writer, backend_.create(blocking));
  return std::make_unique<WholeIngest>(backend_, std::move(writer), std::nullopt);
}

Result<std::vector<ObjectInfo>> WholeObjectStore::list(rt::Blocking blocking,
                                                       std::optional<Digest> after,
                                                       std::size_t limit) {
  std::vector<ObjectInfo> out;
  std::string after_key = after ? object_key(*after).text() : "";
  while (out.size() < limit) {
    EMB_TRY(const blob::Listing page,
            backend_.list(blocking, "lfs/", after_key, limit - out.size()));
    for (const auto& item : page.items) {
      if (auto object = object_of(item)) out.push_back(*object);
    }
    if (!page.next) break;
    after_key = *page.next;
  }
  return out;
}

Status WholeObjectStore::remove(rt::Blocking blocking, const Digest& sha256) {
  return backend_.remove(blocking, object_key(sha256));
}

Status WholeObjectStore::verify(rt::Blocking blocking, const Digest& sha256) {
  EMB_TRY(const ObjectInfo info, find(blocking, sha256));
  crypto::Sha256 hash;
  EMB_DO(backend_.read(blocking, object_key(sha256), 0, info.size_bytes,
                       [&](std::string_view piece) -> Status {
                         hash.update(piece);
                         return Done{};
                       }));
  const Digest got = hash.finish();
  if (got == sha256) return Done{};
  return fail(Code::Corrupt,
              cat("object ", sha256.hex(), " (", info.size_bytes, " bytes) hashes to ", got.hex()));
}

}  // namespace embrace::cas
