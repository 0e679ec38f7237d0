#include "transformers/images/orientation.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace embrace::transformers {

namespace {

constexpr std::uint32_t kOrientationTag = 0x0112;
constexpr std::size_t kEntryBytes = 12;
// Types of whole numbers in TIFF, which Pillow takes alike.
constexpr std::uint32_t kByte = 1;
constexpr std::uint32_t kShort = 3;
constexpr std::uint32_t kLong = 4;

// Numbers of 2 or 4 bytes in the order that the file's first letters say.
class TiffReader {
 public:
  TiffReader(std::string_view bytes, bool big) : bytes_(bytes), big_(big) {}

  std::optional<std::uint32_t> number(std::size_t at, std::size_t count) const {
    if (at > bytes_.size() || bytes_.size() - at < count) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto byte = static_cast<unsigned char>(bytes_[at + (big_ ? i : count - 1 - i)]);
      value = value << 8 | byte;
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool big_;
};

// The value of an entry when it is one whole number.
std::optional<std::uint32_t> single_value(const TiffReader& reader, std::size_t entry) {
  const auto type = reader.number(entry + 2, 2);
  if (reader.number(entry + 4, 4) != 1u) return std::nullopt;
  if (type == kByte) return reader.number(entry + 8, 1);
  if (type == kShort) return reader.number(entry + 8, 2);
  if (type == kLong) return reader.number(entry + 8, 4);
  return std::nullopt;
}

// The tag in the first directory; of several the last.
std::optional<std::uint32_t> exif_orientation(std::string_view exif) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  while (exif.starts_with(kPrefix)) exif.remove_prefix(kPrefix.size());
  const bool big = exif.starts_with(std::string_view("MM\0*", 4));
  if (!big && !exif.starts_with(std::string_view("II*\0", 4))) return std::nullopt;
  const TiffReader reader(exif, big);
  const auto directory = reader.number(4, 4);
  if (!directory) return std::nullopt;
  const auto entries = reader.number(*directory, 2);
  std::optional<std::uint32_t> found;
  for (std::uint32_t i = 0; i < entries.value_or(0); ++i) {
    const std::size_t entry = std::size_t{*directory} + 2 + i * kEntryBytes;
    const auto tag = reader.number(entry, 2);
    if (!tag || !reader.number(entry + kEntryBytes - 4, 4)) break;
    if (tag == kOrientationTag) found = single_value(reader, entry).value_or(0);
  }
  return found;
}

std::optional<std::uint32_t> xmp_orientation(std::string_view xmp) {
  constexpr std::string_view kName = "tiff:Orientation";
  for (std::size_t at = xmp.find(kName); at != std::string_view::npos; at = xmp.find(kName, at)) {
    at += kName.size();
    std::string_view rest = xmp.substr(at);
    if (rest.starts_with("=\"")) {
      rest.remove_prefix(2);
    } else if (rest.starts_with(">")) {
      rest.remove_prefix(1);
    } else {
      continue;
    }
    if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9')
      return static_cast<std::uint32_t>(rest[0] - '0');
  }
  return std::nullopt;
}

}  // namespace

int read_orientation(std::string_view exif, std::string_view xmp) {
  auto value = exif_orientation(exif);
  if (!value) value = xmp_orientation(xmp);
  return value && *value >= 1 && *value <= 8 ? static_cast<int>(*value) : 1;
}

Image turn_upright(Image image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  const bool turned = orientation >= 5;  // rows become columns
  // Whether the picture's x runs against the file's, and its y against the file's.
  const bool back_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool back_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image made(turned ? image.height : image.width, turned ? image.width : image.height);
  for (std::size_t y = 0; y < made.height; ++y) {
    std::uint8_t* into = made.row(y);
    for (std::size_t x = 0; x < made.width; ++x, into += 3) {
      std::size_t from_x = turned ? y : x;
      std::size_t from_y = turned ? x : y;
      if (back_x) from_x = image.width - 1 - from_x;
      if (back_y) from_y = image.height - 1 - from_y;
      const std::uint8_t* from = image.row(from_y) + 3 * from_x;
      for (std::size_t channel = 0; channel < 3; ++channel) into[channel] = from[channel];
    }
  }
  return made;
}

}  // namespace embrace::transformers
