#pragma once
// Download counts: gathered in memory by count_download() and written by a job every few seconds,
// so that serving a file never waits for a write transaction. A crash loses the last few seconds of
// counts, nothing else.
//
// What counts (the Hub's idea of "query files", so that a model of a hundred shards counts once per
// load): config.json, adapter_config.json, model_index.json, config.yaml, and any *.gguf, of
// models, spaces and kernels; any file of a dataset, but once per repository and minute.

#include "hub/services.h"

namespace embrace::hub {

inline constexpr std::string_view kFlushDownloads = "downloads.flush";
Status flush_downloads(Services&, rt::Blocking);

}  // namespace embrace::hub
