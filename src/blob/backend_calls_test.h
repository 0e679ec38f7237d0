#pragma once
// Short words for what tests do with a backend.

#include <string>
#include <string_view>
#include <vector>

#include "blob/backend.h"
#include "testing/content_text.h"

namespace embrace::blob {

inline const rt::Blocking kBlocking = rt::Blocking::on_main_thread();

inline Key key_of(std::string text) { return Key::parse(std::move(text)).value(); }

inline Status put(Backend& backend, const std::string& key, std::string_view bytes) {
  EMB_TRY(auto writer, backend.create(kBlocking));
  EMB_DO(writer->write(kBlocking, bytes));
  return writer->commit(kBlocking, key_of(key));
}

inline Result<std::string> get(Backend& backend, const std::string& key, std::uint64_t offset,
                               std::uint64_t length) {
  EMB_TRY(auto content, backend.open(kBlocking, key_of(key), offset, length));
  return ::testing::content_text(content);
}

inline Result<std::string> get(Backend& backend, const std::string& key) {
  EMB_TRY(const Stat stat, backend.stat(kBlocking, key_of(key)));
  return get(backend, key, 0, stat.size_bytes);
}

inline std::vector<std::string> keys_of(const Listing& listing) {
  std::vector<std::string> keys;
  for (const auto& item : listing.items) keys.push_back(item.key.text());
  return keys;
}

}  // namespace embrace::blob
