#pragma once
// A reconstruction as JSON: which chunk ranges make up the file, and where to fetch them. Both
// versions say the same; version 2 puts many ranges of a xorb behind one URL.

#include <map>
#include <span>
#include <string>
#include <vector>

#include "cas/chunked_store.h"
#include "hub/services.h"
#include "json/writer.h"

namespace embrace::api {

class PlanWriter {
 public:
  // `base` is that of the server's URLs. Borrows everything.
  PlanWriter(const hub::Services& services, std::string_view base)
      : services_(services),
        base_(base),
        expires_ms_(services.clock.now_ms() + services.settings.xet_url_ms) {}

  std::string version1(const cas::Reconstruction& plan) const;
  std::string version2(const cas::Reconstruction& plan) const;
  // Several files at once, in version 1: xorbs that they share are described once.
  std::string batch(const std::map<std::string, cas::Reconstruction>& plans) const;

 private:
  using Xorb = cas::Reconstruction::Xorb;
  using Fetches = std::span<const cas::Reconstruction::Fetch>;

  void terms(json::Writer& w, const cas::Reconstruction& plan) const;
  void fetch_info(json::Writer& w, const Xorb& xorb) const;
  std::string url(const Xorb& xorb, Fetches fetches) const;

  const hub::Services& services_;
  const std::string_view base_;
  const Millis expires_ms_;
};

}  // namespace embrace::api
