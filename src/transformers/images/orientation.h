#pragma once
// Orientation: how a picture must be turned to be upright, as cameras write it (EXIF 2.3, tag
// 0x0112).
//
// Threads: any.

#include <string_view>

#include "transformers/images/image.h"

namespace embrace::transformers {

// 1 to 8; 1 when neither says anything that can be understood. EXIF counts before XMP.
int read_orientation(std::string_view exif, std::string_view xmp);

// Rows and columns as they should be seen; 1, and whatever is not 2 to 8, leaves them.
Image turn_upright(Image image, int orientation);

}  // namespace embrace::transformers
