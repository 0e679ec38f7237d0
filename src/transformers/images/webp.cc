// WebP through libwebp.
#include <webp/decode.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "transformers/images/image_formats.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kRiffHeadBytes = 12;  // "RIFF", the rest's length, "WEBP"
constexpr std::size_t kChunkHeadBytes = 8;  // a name and a length, little end first

void keep_texts(std::string_view file, StoredImage& stored) {
  file.remove_prefix(kRiffHeadBytes);
  while (file.size() >= kChunkHeadBytes) {
    std::size_t bytes = 0;
    for (std::size_t i = 8; i-- > 4;) bytes = bytes << 8 | static_cast<unsigned char>(file[i]);
    const std::string_view data = file.substr(kChunkHeadBytes, bytes);
    if (data.size() < bytes) return;
    if (bytes <= kExifBytesMax) {
      if (file.starts_with("EXIF")) stored.exif = data;
      if (file.starts_with("XMP ")) stored.xmp = data;
    }
    file.remove_prefix(std::min(file.size(), kChunkHeadBytes + bytes + bytes % 2));
  }
}

}  // namespace

Result<StoredImage> read_webp(std::span<const std::byte> file) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(file.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(bytes, file.size(), &features) != VP8_STATUS_OK)
    return fail(Code::Corrupt, "this WebP file cannot be read: its head is damaged");
  const auto width = static_cast<std::size_t>(features.width);
  const auto height = static_cast<std::size_t>(features.height);
  EMB_DO(check_sides(width, height));
  if (features.has_animation != 0) return fail(Code::NotBuilt, "animated WebP files are not read");
  StoredImage stored;
  stored.image = Image(width, height);
  if (WebPDecodeRGBInto(bytes, file.size(), stored.image.pixels.data(), stored.image.pixels.size(),
                        static_cast<int>(3 * width)) == nullptr)
    return fail(Code::Corrupt, "this WebP file cannot be read: its pixels are damaged");
  keep_texts({reinterpret_cast<const char*>(file.data()), file.size()}, stored);
  return stored;
}

}  // namespace embrace::transformers
