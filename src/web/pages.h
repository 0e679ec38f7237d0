#pragma once
// Pages: the website's files as HTTP answers, and its shell.
//
// Threads: any; constant after construction.

#include <string_view>

#include "http/message.h"
#include "web/assets.h"
#include "web/shell.h"

namespace embrace::web {

class Pages {
 public:
  // `site` must outlive it.
  explicit Pages(const Site& site = kEmbeddedSite);

  const Shell& shell() const { return shell_; }
  // By the path of a request, as it was sent; null when there is none.
  const Asset* find(std::string_view path) const;
  // In the encoding that the client likes best, or 304. What is named by its contents may be kept
  // for ever.
  static http::Response send(const Asset& asset, const http::Fields& request);

 private:
  const Site& site_;
  Shell shell_;
};

}  // namespace embrace::web
