// Any bytes: parse_xml says what they are or refuses, and what it took apart can be put together.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "blob/s3_xml.h"

namespace {

unsigned depth_of(const embrace::blob::XmlElement& element) {
  unsigned deepest = 0;
  for (const auto& child : element.children) deepest = std::max(deepest, depth_of(child));
  return deepest + 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = embrace::blob::parse_xml(text);
  if (parsed && depth_of(*parsed) > embrace::blob::kXmlDepthMax) std::abort();
  const auto again = embrace::blob::parse_xml("<a>" + embrace::blob::escape_xml(text) + "</a>");
  if (!again || again->text != text) std::abort();
  return 0;
}
