#pragma once
// PixelMap: an image as numbers, or what layers of a model made of it: a row for each place, the
// top left one first, and a column for each channel.

#include <cstddef>

#include "transformers/tensor/matrix.h"

namespace embrace::transformers {

struct Sides {
  std::size_t height = 0;
  std::size_t width = 0;

  std::size_t area() const { return height * width; }
  bool operator==(const Sides&) const = default;
};

struct PixelMap {
  Sides sides;
  Matrix values;  // sides.area() rows
  Sides valid;    // only so many rows and columns of places are the image's; the rest is padding
};

}  // namespace embrace::transformers
