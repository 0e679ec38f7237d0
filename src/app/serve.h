#pragma once
// embrace serve: builds the house, opens the door, waits for SIGINT or SIGTERM, and closes in
// reverse.

#include "app/settings.h"
#include "base/result.h"

namespace embrace::app {

// Returns after an orderly stop.
Status serve(Settings settings);

}  // namespace embrace::app
