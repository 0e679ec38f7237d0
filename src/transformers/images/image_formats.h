#pragma once
// The formats behind read_image(), one file each: pixels as they are stored, and which way up they
// are. Errors as read_image().
//
// Threads: any.

#include <span>
#include <string>

#include "base/result.h"
#include "transformers/images/image.h"

namespace embrace::transformers {

struct StoredImage {
  Image image;
  std::string exif;  // a TIFF file, perhaps behind "Exif\0\0"; empty when there is none
  std::string xmp;   // XML
};

// What a file may say about its image besides pixels: more is left out.
inline constexpr std::size_t kExifBytesMax = std::size_t{1} << 20;

Result<StoredImage> read_jpeg(std::span<const std::byte> file);
Result<StoredImage> read_png(std::span<const std::byte> file);
Result<StoredImage> read_webp(std::span<const std::byte> file);

// TooLarge, or InvalidArgument for an image without pixels.
Status check_sides(std::size_t width, std::size_t height);

}  // namespace embrace::transformers
