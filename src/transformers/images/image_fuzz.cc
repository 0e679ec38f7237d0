// Any bytes either are an image or are refused; what is one has its pixels, and no more than the
// limit.

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "transformers/images/image.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace et = embrace::transformers;
  const auto image = et::read_image(std::as_bytes(std::span(data, size)));
  if (!image) return 0;
  EMB_CHECK_OR_DIE(image->width != 0 && image->height != 0, "an image has pixels");
  EMB_CHECK_OR_DIE(image->width * image->height <= et::kImagePixelsMax, "pixels have a limit");
  EMB_CHECK_OR_DIE(image->pixels.size() == 3 * image->width * image->height, "three bytes each");
  return 0;
}
