#include "transformers/images/image.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "transformers/images/image_formats.h"
#include "transformers/images/orientation.h"

namespace embrace::transformers {

Status check_sides(std::size_t width, std::size_t height) {
  if (width == 0 || height == 0) return fail(Code::InvalidArgument, "an image without pixels");
  if (width > kImagePixelsMax / height)
    return fail(Code::TooLarge, cat("an image of ", width, " x ", height, " pixels; at most ",
                                    kImagePixelsMax, " are read"));
  return Done{};
}

Result<Image> read_image(std::span<const std::byte> file) {
  if (file.size() > kImageFileBytesMax)
    return fail(Code::TooLarge, cat("an image file of ", file.size(), " bytes"));
  const std::string_view head(reinterpret_cast<const char*>(file.data()),
                              std::min<std::size_t>(file.size(), 16));
  StoredImage stored;
  if (head.starts_with("\xFF\xD8\xFF")) {
    EMB_TRY(stored, read_jpeg(file));
  } else if (head.starts_with("\x89PNG\r\n\x1A\n")) {
    EMB_TRY(stored, read_png(file));
  } else if (head.starts_with("RIFF") &&
             head.substr(std::min<std::size_t>(head.size(), 8)).starts_with("WEBP")) {
    EMB_TRY(stored, read_webp(file));
  } else {
    return fail(Code::NotBuilt, "this is not a JPEG, PNG or WebP file; others are not read");
  }
  return turn_upright(std::move(stored.image), read_orientation(stored.exif, stored.xmp));
}

}  // namespace embrace::transformers
