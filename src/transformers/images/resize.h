#pragma once
// Resizing as Pillow does it, to the byte: each pixel is a weighted mean of those around its place,
// wider where the image shrinks (antialiasing), first along rows, then along columns, in whole
// numbers of 22 bits behind the point and rounded to bytes in between.
//
// Threads: as a Team.

#include <cstdint>

#include "base/result.h"
#include "transformers/images/image.h"
#include "transformers/kernels/team.h"

namespace embrace::transformers {

// With the numbers that preprocessor_config.json's "resample" has.
enum class ResizeFilter : std::uint8_t {
  Nearest = 0,
  Lanczos = 1,  // sinc(x) sinc(x / 3), |x| < 3
  Bilinear = 2,
  Bicubic = 3,  // Keys 1981, a = -1/2
  Box = 4,
  Hamming = 5,
};

// InvalidArgument without a width or a height, TooLarge beyond kImagePixelsMax: also of what
// stands between the two passes, an image of the new width and the old height.
Result<Image> resize(Team& team, const Image& image, std::size_t width, std::size_t height,
                     ResizeFilter filter);

}  // namespace embrace::transformers
