#include "transformers/download/content_check.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "crypto/sha1.h"
#include "crypto/sha256.h"

namespace embrace::transformers {

namespace {

bool is_digest(std::string_view text, std::size_t digits) {
  return text.size() == digits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

struct ContentCheck::Impl {
  std::string etag;
  std::uint64_t size_bytes;
  std::uint64_t seen_bytes = 0;
  std::optional<crypto::Sha1> sha1;
  std::optional<crypto::Sha256> sha256;
};

ContentCheck::ContentCheck(std::string etag, std::uint64_t size_bytes)
    : impl_(std::make_unique<Impl>(std::move(etag), size_bytes)) {
  if (is_digest(impl_->etag, 40)) {
    impl_->sha1.emplace();
    impl_->sha1->update(cat("blob ", size_bytes));
    impl_->sha1->update(std::string_view("\0", 1));
  } else if (is_digest(impl_->etag, 64)) {
    impl_->sha256.emplace();
  }
}

ContentCheck::~ContentCheck() = default;
ContentCheck::ContentCheck(ContentCheck&&) noexcept = default;
ContentCheck& ContentCheck::operator=(ContentCheck&&) noexcept = default;

void ContentCheck::add(std::string_view bytes) {
  impl_->seen_bytes += bytes.size();
  if (impl_->sha1) impl_->sha1->update(bytes);
  if (impl_->sha256) impl_->sha256->update(bytes);
}

Status ContentCheck::finish() {
  if (impl_->seen_bytes != impl_->size_bytes) {
    return fail(Code::Corrupt, cat(impl_->seen_bytes, " bytes arrived of ", impl_->size_bytes));
  }
  std::string digest = impl_->etag;
  if (impl_->sha1) {
    const auto sum = impl_->sha1->finish();
    digest = to_hex({reinterpret_cast<const char*>(sum.data()), sum.size()});
  }
  if (impl_->sha256) digest = impl_->sha256->finish().hex();
  if (digest != impl_->etag) {
    return fail(Code::Corrupt, cat("what arrived has the digest ", digest, ", not ", impl_->etag));
  }
  return Done{};
}

}  // namespace embrace::transformers
