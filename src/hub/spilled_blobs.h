#pragma once
// Large blobs of git on their way to readers. git stores them packed, so they are unpacked before
// they can be sent; a reader may take hours to fetch what was unpacked in a moment. So they wait in
// a nameless file instead of in memory, and readers of the same blob share one file.
//
// Threads: any that may block.

#include <cstdint>
#include <memory>

#include "base/file.h"
#include "git/repository.h"
#include "hub/settings.h"

namespace embrace::hub {

// Blobs above this are worth a file.
inline constexpr std::uint64_t kSpillAboveBytes = 256u << 10;

// The whole blob in a file below <data>/tmp. TooLarge above bytes_max.
Result<std::shared_ptr<const File>> spill_blob(const Settings& settings, rt::Blocking,
                                               git::Repository& repository, const git::Oid& blob,
                                               std::uint64_t bytes_max);
// The same when a reader had it made lately; null otherwise. The caller knows that the blob belongs
// to what may be read.
std::shared_ptr<const File> find_spilled_blob(const git::Oid& blob);

}  // namespace embrace::hub
