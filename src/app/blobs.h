#pragma once
// Where large files live: the data folder, or an S3 bucket (the setting `blobs`).

#include <memory>

#include "app/settings.h"
#include "base/time.h"
#include "blob/backend.h"

namespace embrace::app {

// Checks `blobs` and its keys, and takes keys that are not set from AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY. InvalidArgument says what is missing.
Status complete_blob_settings(Settings& settings);

// The store, after complete_settings(). The clock outlives it.
Result<std::unique_ptr<blob::Backend>> open_blobs(rt::Blocking, const Settings& settings,
                                                  const Clock& clock);

}  // namespace embrace::app
