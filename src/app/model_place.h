#pragma once
// Where a model lies that a command names: a folder or a file of this machine, or a repository of a
// Hub, whose files are fetched when they are not there yet. What arrives is shown on a terminal.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "app/progress_line.h"
#include "base/result.h"
#include "rt/blocking.h"
#include "transformers/tensor/load_watch.h"

namespace embrace::app {

struct ModelPlace {
  std::string model;     // a folder, a .gguf file, or namespace/name[@revision]
  std::string file;      // the one file of a repository that is wanted; else those of `patterns`
  std::string revision;  // a branch, a tag or a commit; not beside "@revision"
  bool offline = false;  // what was fetched before is all there is
  bool quiet = false;    // nothing is shown
};

// `patterns` are those of SnapshotOptions::allow.
Result<std::filesystem::path> find_model(rt::Blocking blocking, const ModelPlace& place,
                                         const std::vector<std::string>& patterns);

// For a LoadWatch, while a model loads what was found. Borrows the line.
std::function<void(const transformers::LoadWatch::State&)> show_loading(ProgressLine& line);

}  // namespace embrace::app
