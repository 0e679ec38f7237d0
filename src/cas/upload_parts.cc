#include "cas/upload_parts.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::cas {

namespace {

constexpr std::size_t kListPage = 1000;

Status check_upload(std::string_view upload) {
  const bool is_well_formed =
      upload.size() >= 16 && upload.size() <= 64 && std::ranges::all_of(upload, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      });
  if (is_well_formed) return Done{};
  return fail(Code::InvalidArgument,
              "an upload is named by 16 to 64 lower case letters and digits");
}

Status check_part(std::string_view upload, unsigned number) {
  EMB_DO(check_upload(upload));
  if (number >= 1 && number <= UploadParts::kPartsMax) return Done{};
  return fail(Code::InvalidArgument,
              cat("parts are numbered 1 to ", UploadParts::kPartsMax, ", not ", number));
}

std::string folder_of(std::string_view upload) { return cat("parts/", upload, "/"); }

blob::Key part_key(std::string_view upload, unsigned number) {
  std::string digits = cat(number);
  digits.insert(0, 5 - digits.size(), '0');
  auto key = blob::Key::parse(folder_of(upload) + digits);
  EMB_CHECK(key.has_value(), "a checked upload and a number make a key");
  return *std::move(key);
}

// Every key below the prefix, in order; stops at the first error.
template <class F>
Status for_each_item(blob::Backend& backend, rt::Blocking blocking, std::string_view prefix,
                     F visit) {
  std::string after;
  for (;;) {
    EMB_TRY(const blob::Listing page, backend.list(blocking, prefix, after, kListPage));
    for (const auto& item : page.items) EMB_DO(visit(item));
    if (!page.next) return Done{};
    after = *page.next;
  }
}

// A part is kept as it comes: its own hash is asked for by nobody, the object's is computed when
// the parts are joined.
class PartIngest final : public Ingest {
 public:
  PartIngest(blob::Backend& backend, std::unique_ptr<blob::Writer> writer, blob::Key key)
      : backend_(backend), writer_(std::move(writer)), key_(std::move(key)) {}

  Status write(rt::Blocking blocking, std::string_view bytes) override {
    return writer_->write(blocking, bytes);
  }
  Result<ObjectInfo> finish(rt::Blocking blocking, std::optional<ObjectInfo> expected) override {
    EMB_CHECK(!expected, "nobody knows what a part hashes to");
    EMB_DO(backend_.remove(blocking, key_));  // one that was sent before, under this number
    EMB_DO(writer_->commit(blocking, key_));
    return ObjectInfo{.sha256 = {}, .size_bytes = writer_->written_bytes()};
  }

 private:
  blob::Backend& backend_;
  std::unique_ptr<blob::Writer> writer_;
  const blob::Key key_;
};

}  // namespace

Result<std::unique_ptr<Ingest>> UploadParts::create(rt::Blocking blocking, std::string_view upload,
                                                    unsigned number) {
  EMB_DO(check_part(upload, number));
  EMB_TRY(auto writer, backend_.create(blocking));
  return std::make_unique<PartIngest>(backend_, std::move(writer), part_key(upload, number));
}

Result<ObjectInfo> UploadParts::complete(rt::Blocking blocking, std::string_view upload,
                                         unsigned count, ObjectInfo expected) {
  EMB_DO(check_upload(upload));
  if (count < 1 || count > kPartsMax) {
    return fail(Code::InvalidArgument,
                cat("an upload has 1 to ", kPartsMax, " parts, not ", count));
  }
  return join(blocking, upload, count, expected);
}

// Sizes are summed before a byte is read: what is missing is said at once, and not after minutes.
Result<ObjectInfo> UploadParts::join(rt::Blocking blocking, std::string_view upload, unsigned count,
                                     ObjectInfo expected) {
  std::vector<std::uint64_t> sizes;
  std::uint64_t sum = 0;
  for (unsigned number = 1; number <= count; ++number) {
    auto stat = backend_.stat(blocking, part_key(upload, number));
    if (!stat && stat.error().code() == Code::NotFound) {
      return fail(Code::InvalidArgument,
                  cat("part ", number, " of ", count, " was not uploaded; send it, then complete"));
    }
    if (!stat) return fail(std::move(stat).error());
    sizes.push_back(stat->size_bytes);
    sum += stat->size_bytes;
  }
  if (sum != expected.size_bytes) {
    return fail(Code::Unusable,
                cat("got ", sum, " bytes in ", count, " parts, expected ", expected.size_bytes));
  }
  EMB_TRY(const auto ingest, store_.create(blocking));
  for (unsigned number = 1; number <= count; ++number) {
    EMB_DO(backend_.read(blocking, part_key(upload, number), 0, sizes[number - 1],
                         [&](std::string_view piece) { return ingest->write(blocking, piece); }));
  }
  return ingest->finish(blocking, expected);
}

Result<std::uint64_t> UploadParts::size(rt::Blocking blocking, std::string_view upload,
                                        unsigned number) {
  EMB_DO(check_part(upload, number));
  EMB_TRY(const auto stat, backend_.stat(blocking, part_key(upload, number)));
  return stat.size_bytes;
}

Status UploadParts::drop(rt::Blocking blocking, std::string_view upload) {
  EMB_DO(check_upload(upload));
  return for_each_item(backend_, blocking, folder_of(upload),
                       [&](const auto& item) { return backend_.remove(blocking, item.key); });
}

Result<std::size_t> UploadParts::drop_stale(rt::Blocking blocking, Millis since_ms) {
  std::map<std::string, Millis> newest;  // by upload
  EMB_DO(for_each_item(backend_, blocking, "parts/", [&](const auto& item) -> Status {
    const auto segments = split(item.key.text(), '/');
    if (segments.size() != 3) return Done{};
    Millis& time = newest[std::string(segments[1])];
    time = std::max<Millis>(time, item.stat.modified_ms);
    return Done{};
  }));
  std::size_t dropped = 0;
  for (const auto& [upload, time] : newest) {
    if (time >= since_ms || !check_upload(upload)) continue;
    EMB_DO(drop(blocking, upload));
    ++dropped;
  }
  return dropped;
}

}  // namespace embrace::cas
