#include "blob/s3_backend.h"

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "blob/s3_listing.h"
#include "blob/s3_service.h"
#include "blob/s3_stream.h"
#include "rt/pool.h"

namespace embrace::blob {

namespace {

constexpr std::uint64_t kReadAtOnceBytesMax = 1 << 20;
constexpr std::size_t kPieceBytes = 1 << 20;
constexpr auto kStale = std::chrono::hours(24);
constexpr auto kUrlLifetimeMax = std::chrono::hours(7 * 24);  // S3's own

class S3Source : public rt::ByteSource {
 public:
  S3Source(S3Stream stream, rt::Pool& pool) : stream_(std::move(stream)), pool_(pool) {}

  Task<Result<std::size_t>> read(std::span<char> into) override {
    co_return co_await pool_.run(
        [this, into](rt::Blocking blocking) { return stream_.read(blocking, into); });
  }

 private:
  S3Stream stream_;
  rt::Pool& pool_;
};

}  // namespace

S3Backend::S3Backend(S3Settings settings, const Clock& clock)
    : settings_(std::move(settings)),
      clock_(clock),
      service_(
          std::make_unique<S3Service>(settings_.where, settings_.keys, clock, settings_.client)),
      listing_(std::make_unique<S3Listing>(*service_)),
      pool_(std::make_unique<rt::Pool>("s3", std::max(1u, settings_.reading_threads))) {}

S3Backend::~S3Backend() = default;

Result<std::unique_ptr<S3Backend>> S3Backend::open(rt::Blocking blocking, S3Settings settings,
                                                   const Clock& clock) {
  EMB_DO(make_folders(settings.uploads.spool_folder));
  std::unique_ptr<S3Backend> backend(new S3Backend(std::move(settings), clock));
  EMB_DO(backend->service_->list(blocking, {.limit = 1}));
  // Rights to see uploads are worth having, not worth refusing to start.
  const auto aborted = backend->abort_stale_uploads(blocking, kStale);
  if (!aborted) {
    log::warn("what unfinished uploads left in the S3 store stays there",
              {{"error", aborted.error().message()}});
  } else if (*aborted > 0) {
    log::info("dropped what unfinished uploads left in the S3 store", {{"uploads", *aborted}});
  }
  return backend;
}

Result<Stat> S3Backend::stat(rt::Blocking blocking, const Key& key) {
  auto head = service_->head(blocking, key.text());
  if (!head && head.error().code() == Code::NotFound) return fail(no_such_object(key));
  if (!head) return fail(std::move(head).error());
  return head->stat;
}

Result<rt::Content> S3Backend::open(rt::Blocking blocking, const Key& key, std::uint64_t offset,
                                    std::uint64_t length) {
  if (length > kReadAtOnceBytesMax) {
    EMB_TRY(S3Stream later, S3Stream::prepare(blocking, *service_, key, offset, length));
    return rt::Content(std::make_unique<S3Source>(std::move(later), *pool_), length);
  }
  EMB_TRY(S3Stream stream, S3Stream::open(blocking, *service_, key, offset, length));
  std::string bytes(static_cast<std::size_t>(length), '\0');
  EMB_DO(stream.read_full(blocking, bytes));
  return rt::Content(std::move(bytes));
}

Status S3Backend::read(rt::Blocking blocking, const Key& key, std::uint64_t offset,
                       std::uint64_t length, const std::function<Status(std::string_view)>& take) {
  EMB_TRY(S3Stream stream, S3Stream::open(blocking, *service_, key, offset, length));
  std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, length)), '\0');
  for (;;) {
    EMB_TRY(const std::size_t count, stream.read_full(blocking, piece));
    if (count == 0) return Done{};
    EMB_DO(take(std::string_view(piece).substr(0, count)));
  }
}

Result<std::unique_ptr<Writer>> S3Backend::create(rt::Blocking) {
  return std::make_unique<S3Writer>(*service_, settings_.uploads);
}

Status S3Backend::remove(rt::Blocking blocking, const Key& key) {
  return service_->remove(blocking, key.text());
}

Result<Listing> S3Backend::list(rt::Blocking blocking, std::string_view prefix,
                                std::string_view after, std::size_t limit) {
  return listing_->list(blocking, prefix, after, limit);
}

std::optional<std::string> S3Backend::direct_url(const Key& key, std::uint64_t offset,
                                                 std::uint64_t length,
                                                 std::chrono::seconds lifetime) {
  lifetime = std::clamp<std::chrono::seconds>(lifetime, std::chrono::seconds(1), kUrlLifetimeMax);
  return service_->presign_get(key.text(), cat("bytes=", offset, "-", offset + length - 1),
                               static_cast<unsigned>(lifetime.count()));
}

Result<std::size_t> S3Backend::abort_stale_uploads(rt::Blocking blocking,
                                                   std::chrono::seconds age) {
  EMB_TRY(const auto pending, service_->list_uploads(blocking));
  const Millis newest = clock_.now_ms() - age.count() * 1000;
  std::size_t aborted = 0;
  for (const auto& upload : pending) {
    if (upload.started_ms > newest) continue;
    EMB_DO(service_->abort_upload(blocking, upload.name, upload.upload));
    ++aborted;
  }
  return aborted;
}

}  // namespace embrace::blob
