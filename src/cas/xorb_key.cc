#include "cas/xorb_key.h"

#include "base/check.h"
#include "base/strings.h"
#include "crypto/secrets.h"

namespace embrace::cas {

blob::Key new_xorb_key(const XetHash& hash) {
  const std::string text = hash.text();
  const std::string_view digits = text;
  auto key = blob::Key::parse(cat(kXorbPrefix, digits.substr(0, 2), "/", digits.substr(2, 2), "/",
                                  text, ".", to_hex(crypto::random_bytes(8))));
  EMB_CHECK(key.has_value(), "hex digits make a key");
  return *std::move(key);
}

std::optional<XetHash> hash_of_xorb_key(const blob::Key& key) {
  const std::string_view text = key.text();
  const std::string_view name = text.substr(text.rfind('/') + 1);
  const std::size_t dot = name.find('.');
  if (!text.starts_with(kXorbPrefix) || dot == name.npos) return std::nullopt;
  auto hash = XetHash::parse(name.substr(0, dot));
  if (!hash) return std::nullopt;
  return *hash;
}

}  // namespace embrace::cas
