#pragma once
// ContentCheck: whether what arrived is what the server promised. The Hub names contents by what
// they are: files in git by the SHA-1 of their blob, large ones by their SHA-256. Names of other
// kinds promise nothing but a size.
//
// Threads: one.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace embrace::transformers {

class ContentCheck {
 public:
  ContentCheck(std::string etag, std::uint64_t size_bytes);
  ~ContentCheck();
  ContentCheck(ContentCheck&&) noexcept;
  ContentCheck& operator=(ContentCheck&&) noexcept;

  void add(std::string_view bytes);
  // Once, after all bytes. Corrupt, with what is wrong.
  Status finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::transformers
