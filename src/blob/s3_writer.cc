#include "blob/s3_writer.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/sync.h"
#include "crypto/md5.h"
#include "crypto/sha256.h"

namespace embrace::blob {

namespace {

constexpr std::uint64_t kHashBytes = 1 << 20;
constexpr std::uint64_t kPartsMax = 10'000;  // S3's own
constexpr unsigned kTriesMax = 5;
constexpr auto kConflictPause = std::chrono::milliseconds(100);

// Every part but the last has one size (some stores insist), which grows only for the largest
// objects.
std::uint64_t part_bytes_for(std::uint64_t size, std::uint64_t least) {
  constexpr std::uint64_t kStep = 1 << 20;
  const std::uint64_t needed = (size + kPartsMax - 1) / kPartsMax;
  return std::max(least, (needed + kStep - 1) / kStep * kStep);
}

}  // namespace

Status S3Writer::write(rt::Blocking, std::string_view bytes) {
  EMB_CHECK(!committed_, "nothing is written after commit");
  if (bytes.empty()) return Done{};
  if (!spool_.is_open()) {
    EMB_TRY(spool_, File::create_nameless(settings_.spool_folder));
  }
  if (auto done = spool_.write_all(bytes); !done) {
    return fail(std::move(done).error().while_doing(cat("a file in ", settings_.spool_folder)));
  }
  written_ += bytes.size();
  return Done{};
}

Status S3Writer::commit(rt::Blocking blocking, const Key& key) {
  EMB_CHECK(!std::exchange(committed_, true), "a Writer is committed once");
  for (unsigned tries = 1;; ++tries) {
    // Cheaper than sending all of it to be told that it is there.
    auto there = service_.head(blocking, key.text());
    if (there) return Done{};
    if (there.error().code() != Code::NotFound) return fail(std::move(there).error());
    Status stored = store(blocking, key.text());
    // Somebody else stores the same name at this moment: it will be there soon, or fail.
    if (stored || stored.error().code() != Code::Conflict || tries == kTriesMax) return stored;
    std::this_thread::sleep_for(kConflictPause * tries);
  }
}

Status S3Writer::store(rt::Blocking blocking, const std::string& name) {
  if (written_ > settings_.part_bytes) return store_in_parts(blocking, name);
  const Piece whole{0, written_};
  EMB_TRY(const auto hashes, hash(whole));
  EMB_DO(service_.put(blocking, name, upload_of(whole), hashes));
  return Done{};
}

// The parts of one upload, shared by the threads that send them.
class S3Writer::Parts {
 public:
  Parts(const S3Writer& writer, std::string name, std::string upload)
      : writer_(writer),
        name_(std::move(name)),
        upload_(std::move(upload)),
        part_bytes_(part_bytes_for(writer.written_, writer.settings_.part_bytes)),
        etags_((writer.written_ + part_bytes_ - 1) / part_bytes_) {}

  // The parts' etags, in order; the first failure otherwise.
  Result<std::vector<std::string>> send(rt::Blocking blocking) {
    const std::size_t count =
        std::clamp<std::size_t>(writer_.settings_.parts_at_once, 1, etags_.size());
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < count; ++i) {
        others.emplace_back([this, blocking] { send_some(blocking); });
      }
      send_some(blocking);
    }
    auto failure = failure_.with([](auto& first) { return std::exchange(first, {}); });
    if (failure) return fail(*std::move(failure));
    return std::move(etags_);
  }

 private:
  void send_some(rt::Blocking blocking) {
    for (;;) {
      const std::size_t index = next_++;
      if (index >= etags_.size()) return;
      auto etag = send_one(blocking, index);
      if (etag) {
        etags_[index] = *std::move(etag);
        continue;
      }
      next_ = etags_.size();  // what was not begun need not be
      failure_.with([&](auto& first) {
        if (!first) first = std::move(etag).error();
      });
      return;
    }
  }

  Result<std::string> send_one(rt::Blocking blocking, std::size_t index) {
    const std::uint64_t offset = index * part_bytes_;
    const Piece piece{offset, std::min(part_bytes_, writer_.written_ - offset)};
    EMB_TRY(const auto hashes, writer_.hash(piece));
    return writer_.service_.put_part(blocking, name_, upload_, static_cast<unsigned>(index + 1),
                                     writer_.upload_of(piece), hashes);
  }

  const S3Writer& writer_;
  const std::string name_;
  const std::string upload_;
  const std::uint64_t part_bytes_;
  std::vector<std::string> etags_;  // each written by the thread that took its index
  std::atomic<std::size_t> next_{0};
  Sync<std::optional<Error>> failure_;
};

Status S3Writer::store_in_parts(rt::Blocking blocking, const std::string& name) {
  EMB_TRY(const std::string upload, service_.start_upload(blocking, name));
  auto etags = Parts(*this, name, upload).send(blocking);
  Status done;
  if (etags) {
    auto stored = service_.complete_upload(blocking, name, upload, *etags);
    if (stored && *stored == S3Service::Stored::New) return Done{};
    if (!stored) done = fail(std::move(stored).error());
    // An answer that was lost leaves an object, and no upload for the second try.
    if (!done && done.error().code() == Code::NotFound) {
      const auto there = service_.head(blocking, name);
      if (there && there->stat.size_bytes == written_) return Done{};
    }
  } else {
    done = fail(std::move(etags).error());
  }
  if (auto aborted = service_.abort_upload(blocking, name, upload); !aborted) {
    log::warn("parts of an upload stay in the S3 store until the next start",
              {{"name", name}, {"error", aborted.error().message()}});
  }
  return done;
}

Result<S3Service::Hashes> S3Writer::hash(Piece piece) const {
  crypto::Sha256 sha256;
  crypto::Md5 md5;
  std::string buffer(static_cast<std::size_t>(std::min(kHashBytes, piece.length)), '\0');
  while (piece.length > 0) {
    const std::size_t want = std::min<std::uint64_t>(buffer.size(), piece.length);
    EMB_TRY(const std::size_t got, spool_.read_at(std::span(buffer).first(want), piece.offset));
    if (got < want) return fail(Code::Corrupt, "the bytes to store were cut short on this disk");
    sha256.update(std::string_view(buffer).substr(0, got));
    md5.update(std::string_view(buffer).substr(0, got));
    piece.offset += got;
    piece.length -= got;
  }
  return S3Service::Hashes{sha256.finish(), md5.finish()};
}

http::Upload S3Writer::upload_of(Piece piece) const {
  return {.size_bytes = piece.length,
          .read_at = [file = &spool_, begin = piece.offset](std::span<char> into,
                                                            std::uint64_t offset) {
            return file->read_at(into, begin + offset);
          }};
}

}  // namespace embrace::blob
