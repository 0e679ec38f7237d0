#pragma once
// How much a folder holds.

#include <cstdint>
#include <string_view>

#include "auth/access.h"
#include "hub/services.h"

namespace embrace::hub {

// Bytes of all files below a folder of a revision, large ones at their real size. EntryNotFound
// when there is no such folder. Looked through once, however often it is asked for.
Result<std::uint64_t> tree_size(Services&, rt::Blocking, const auth::Caller&, const RepoName& name,
                                std::string_view rev, std::string_view path);

}  // namespace embrace::hub
