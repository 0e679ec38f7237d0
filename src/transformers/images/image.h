#pragma once
// Image: pixels as models see them, and how they are read from JPEG, PNG and WebP files.
//
// What comes out is what Pillow's convert("RGB") gives, byte for byte: transparency is dropped, not
// blended, colour profiles and gamma are ignored. docs/design/0018-images.md says who decodes.
//
// Threads: any.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace embrace::transformers {

struct Image {
  Image() = default;
  Image(std::size_t image_width, std::size_t image_height)
      : width(image_width), height(image_height), pixels(3 * image_width * image_height) {}

  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<std::uint8_t> pixels;  // rows from the top: red, green, blue of each

  std::uint8_t* row(std::size_t y) { return pixels.data() + 3 * width * y; }
  const std::uint8_t* row(std::size_t y) const { return pixels.data() + 3 * width * y; }
};

// A file may be small and its image large. Decoding takes at most 16 bytes a pixel.
inline constexpr std::size_t kImagePixelsMax = std::size_t{1} << 26;
inline constexpr std::size_t kImageFileBytesMax = std::size_t{1} << 28;
// Progressive JPEG files visit all pixels again in each scan: so many scans, and so many pixels in
// all of them together.
inline constexpr int kScansMax = 100;
inline constexpr std::size_t kScannedPixelsMax = std::size_t{1} << 30;

// The first image of a JPEG, PNG (of any depth, also interlaced) or WebP file, turned upright by
// the orientation in its EXIF or XMP data, as transformers' load_image() turns it.
//
// Corrupt for what breaks the format or is cut off, TooLarge beyond the limits above, NotBuilt for
// animated WebP and for other formats.
Result<Image> read_image(std::span<const std::byte> file);

}  // namespace embrace::transformers
