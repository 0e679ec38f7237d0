#include "app/model_place.h"

#include <utility>

#include "base/strings.h"
#include "transformers/download/hub.h"

namespace embrace::app {

namespace tf = embrace::transformers;

Result<std::filesystem::path> find_model(rt::Blocking blocking, const ModelPlace& place,
                                         const std::vector<std::string>& patterns) {
  std::error_code ignored;
  if (place.file.empty() && std::filesystem::exists(place.model, ignored)) {
    if (place.revision.empty()) return place.model;
    return fail(Code::InvalidArgument,
                cat(place.model, " lies on this machine, where it has no revisions"));
  }
  auto parsed = tf::RepoAt::parse(place.model);
  if (!parsed) {
    return fail(std::move(parsed).error().while_doing(
        cat("there is neither a folder nor a file ", place.model)));
  }
  tf::RepoAt repo = *std::move(parsed);
  if (!place.revision.empty()) {
    if (place.model.contains('@'))
      return fail(Code::InvalidArgument, "a revision stands behind the name or in --revision");
    repo.revision = place.revision;
  }
  EMB_TRY(tf::HubSettings settings, tf::HubSettings::from_environment());
  settings.offline = settings.offline || place.offline;
  tf::Hub hub(std::move(settings));
  ProgressLine line(place.quiet);
  const auto show = [&](const tf::Progress& progress) {
    line.show({.verb = "fetching",
               .noun = progress.files == 1 ? "file" : "files",
               .things = progress.files,
               .things_done = progress.files_done,
               .bytes = progress.all_size_bytes,
               .bytes_done = progress.all_done_bytes,
               .current = progress.file});
  };
  if (!place.file.empty()) return hub.download_file(blocking, repo, place.file, show);
  return hub.download_snapshot(blocking, repo, {.allow = patterns, .ignore = {}}, show);
}

std::function<void(const tf::LoadWatch::State&)> show_loading(ProgressLine& line) {
  return [&line](const tf::LoadWatch::State& state) {
    line.show({.verb = "loading",
               .noun = "tensors",
               .things = state.tensors,
               .things_done = state.tensors_taken,
               .bytes = state.bytes,
               .bytes_done = state.bytes_taken,
               .current = {}});
  };
}

}  // namespace embrace::app
