// Tokens and links as strangers send them. Signed ones reach the fields' parser.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "hub/signed_text.h"
#include "hub/xet_grants.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace embrace::hub;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)XetToken::parse(text, "key", 0);
  (void)XetFetch::parse(text, "key", 0);
  (void)XetToken::parse(sign_text("key", "embrace xet token", text), "key", 0);
  if (auto fetch = XetFetch::parse(sign_text("key", "embrace xet fetch", text), "key", 0))
    EMB_CHECK_OR_DIE(!fetch->covers(UINT64_MAX, 2), "no span goes around the end of the numbers");
  return 0;
}
