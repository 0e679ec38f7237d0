#pragma once
// The task automatic-speech-recognition for models that write what they hear (Whisper); those of
// letters are in sound_tasks.cc.

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "rt/blocking.h"
#include "transformers/kernels/linear.h"
#include "transformers/pipelines/pipeline.h"

namespace embrace::transformers {

Result<std::unique_ptr<Pipeline>> open_whisper(rt::Blocking, const std::filesystem::path& folder,
                                               Precision precision);

}  // namespace embrace::transformers
