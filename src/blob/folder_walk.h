#pragma once
// list_folder: the files below a folder as a Listing, in the order of their keys.
//
// Only names that are read from the disk are followed, so a prefix such as "../" finds nothing. The
// tmp folder and names that are no key are left out.

#include <string>
#include <string_view>

#include "blob/backend.h"

namespace embrace::blob {

Result<Listing> list_folder(const std::string& root, std::string_view prefix,
                            std::string_view after, std::size_t limit);

}  // namespace embrace::blob
