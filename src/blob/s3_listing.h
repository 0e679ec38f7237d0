#pragma once
// Listing an S3 store in key order.
//
// Amazon and most others list names in the order of their bytes, so a page is what was asked for.
// Stores on top of folders (SeaweedFS) list folder by folder, where "a/b" comes before "a-b" and
// "start after a-b" passes over "a/b". Which of the two it is, two small objects under tmp/ tell,
// once; in the second case the folders are walked here, one request or more for each.
//
// Threads: any. Ownership: the service outlives it.

#include <atomic>
#include <string_view>

#include "blob/backend.h"
#include "blob/s3_service.h"

namespace embrace::blob {

class S3Listing {
 public:
  explicit S3Listing(S3Service& service) : service_(service) {}

  Result<Listing> list(rt::Blocking, std::string_view prefix, std::string_view after,
                       std::size_t limit);

 private:
  enum class Order : std::uint8_t { Unknown, ByName, ByFolder };

  struct Collected;
  Result<Order> find_order(rt::Blocking);
  Status list_by_name(rt::Blocking, Collected& found);
  Status list_by_folder(rt::Blocking, const std::string& folder, Collected& found);

  S3Service& service_;
  std::atomic<Order> order_{Order::Unknown};
};

}  // namespace embrace::blob
