#pragma once
// What a branch or tag may be called, whoever makes it.

#include <string_view>

#include "base/result.h"

namespace embrace::hub {

// Of a new branch or tag; `noun` says which in the message. Beyond git's own rule it may not read
// as something else in the place of a revision: as a commit id, a full ref or HEAD.
// InvalidArgument.
Status check_new_ref_name(std::string_view name, std::string_view noun);

}  // namespace embrace::hub
