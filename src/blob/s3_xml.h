#pragma once
// The XML that S3 stores speak: elements and text. Attributes, comments and declarations are passed
// over; a document type is refused, and so is everything that is too large or too deep.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace embrace::blob {

struct XmlElement {
  std::string name;  // without a namespace's prefix
  std::string text;  // of the element itself, entities decoded
  std::vector<XmlElement> children;

  // The text of the first child of that name; "" when there is none.
  std::string_view text_of(std::string_view child) const;
};

inline constexpr std::size_t kXmlBytesMax = 16 << 20;
inline constexpr unsigned kXmlDepthMax = 12;

Result<XmlElement> parse_xml(std::string_view text);  // Corrupt
std::string escape_xml(std::string_view text);

}  // namespace embrace::blob
