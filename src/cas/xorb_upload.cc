// ChunkedStore's door for xorbs that clients have made.

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "cas/chunked_ingest.h"
#include "cas/chunked_store.h"
#include "cas/healing.h"
#include "cas/xorb_key.h"

namespace embrace::cas {

namespace {

// Parses what it writes. The footer of older clients is not kept: ours follows the records.
class NewXorbUpload final : public XorbUpload {
 public:
  NewXorbUpload(blob::Backend& backend, Catalog& catalog, Clock& clock, const XetHash& named,
                std::unique_ptr<blob::Writer> writer)
      : backend_(backend),
        catalog_(catalog),
        clock_(clock),
        named_(named),
        writer_(std::move(writer)) {}

  Status write(rt::Blocking blocking, std::string_view bytes) override {
    arrived_ += bytes.size();
    if (arrived_ > kXorbStoredBytesMax)
      return fail(Code::TooLarge, cat("a xorb has at most ", kXorbStoredBytesMax, " bytes"));
    EMB_DO(parser_.feed(bytes));
    // A record's header may be cut: it is written when it is known to be one.
    std::uint64_t known = std::min(parser_.record_bytes(), arrived_) - written_;
    if (!undecided_.empty() && known > 0) {
      EMB_CHECK(known >= undecided_.size(), "a header is known as a whole");
      EMB_DO(writer_->write(blocking, undecided_));
      written_ += undecided_.size();
      known -= undecided_.size();
      undecided_.clear();
    }
    EMB_DO(writer_->write(blocking, bytes.substr(0, known)));
    written_ += known;
    if (!parser_.is_in_footer()) undecided_ += bytes.substr(known);
    return Done{};
  }

  Result<bool> finish(rt::Blocking blocking) override {
    EMB_CHECK(!std::exchange(is_finished_, true), "a XorbUpload is finished once");
    EMB_TRY(const XorbIndex index, parser_.finish(named_));
    EMB_CHECK(written_ == index.stored_bytes(), "exactly the records are written");
    EMB_DO(writer_->write(blocking, serialize_footer(index)));
    const blob::Key key = new_xorb_key(named_);
    EMB_DO(writer_->commit(blocking, key));
    Addition addition;
    addition.xorbs.push_back(describe_xorb(index, key));
    EMB_TRY(const Added added,
            add_and_heal(blocking, backend_, catalog_, addition, clock_.now_ms()));
    return added.spare_keys.empty();
  }

 private:
  blob::Backend& backend_;
  Catalog& catalog_;
  Clock& clock_;
  const XetHash named_;
  std::unique_ptr<blob::Writer> writer_;
  XorbParser parser_;
  std::string undecided_;  // less than a header
  std::uint64_t arrived_ = 0;
  std::uint64_t written_ = 0;
  bool is_finished_ = false;
};

// The xorb is there: the bytes are dropped as they come.
class KnownXorbUpload final : public XorbUpload {
 public:
  Status write(rt::Blocking, std::string_view bytes) override {
    arrived_ += bytes.size();
    if (arrived_ > kXorbStoredBytesMax)
      return fail(Code::TooLarge, cat("a xorb has at most ", kXorbStoredBytesMax, " bytes"));
    return Done{};
  }
  Result<bool> finish(rt::Blocking) override { return false; }

 private:
  std::uint64_t arrived_ = 0;
};

}  // namespace

Result<std::unique_ptr<XorbUpload>> ChunkedStore::create_xorb(rt::Blocking blocking,
                                                              const XetHash& named) {
  EMB_TRY(const auto known, catalog_.find_xorb(blocking, named));
  if (known && is_whole(blocking, backend_, *known)) {
    auto touched = catalog_.touch_xorb(blocking, known->id, clock_.now_ms());
    if (touched) return std::make_unique<KnownXorbUpload>();
    if (touched.error().code() != Code::NotFound) return fail(std::move(touched).error());
  }
  EMB_TRY(auto writer, backend_.create(blocking));
  return std::make_unique<NewXorbUpload>(backend_, catalog_, clock_, named, std::move(writer));
}

}  // namespace embrace::cas
