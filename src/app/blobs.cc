#include "app/blobs.h"

#include <cstdlib>

#include "base/log.h"
#include "base/strings.h"
#include "blob/local_backend.h"
#include "blob/s3_backend.h"

namespace embrace::app {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<blob::S3Location> s3_location(const Settings& settings) {
  auto where = blob::parse_s3_location(settings.blobs, environment("AWS_REGION"));
  if (!where) return fail(std::move(where).error().while_doing("blobs"));
  return where;
}

// The session token belongs to keys of the environment, which come and go together.
blob::S3Keys s3_keys(const Settings& settings) {
  const bool from_environment =
      settings.s3_access_key_id == environment("AWS_ACCESS_KEY_ID") &&
      settings.s3_secret_access_key == environment("AWS_SECRET_ACCESS_KEY");
  return {settings.s3_access_key_id, settings.s3_secret_access_key,
          from_environment ? environment("AWS_SESSION_TOKEN") : ""};
}

}  // namespace

Status complete_blob_settings(Settings& settings) {
  if (settings.blobs.empty() || settings.blobs == "file") {
    if (!settings.hub.direct_downloads) return Done{};
    return fail(Code::InvalidArgument,
                "direct_downloads needs a bucket to download from: set blobs, or leave it out");
  }
  if (!blob::is_s3_location(settings.blobs)) {
    return fail(Code::InvalidArgument,
                cat("--blobs ", settings.blobs, ": give file (the data folder) or s3://bucket"));
  }
  EMB_DO(s3_location(settings));
  if (settings.s3_access_key_id.empty() && settings.s3_secret_access_key.empty()) {
    settings.s3_access_key_id = environment("AWS_ACCESS_KEY_ID");
    settings.s3_secret_access_key = environment("AWS_SECRET_ACCESS_KEY");
  }
  if (settings.s3_access_key_id.empty() || settings.s3_secret_access_key.empty()) {
    return fail(Code::InvalidArgument,
                "blobs are in S3, and its keys are missing: set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or s3_access_key_id and s3_secret_access_key");
  }
  return Done{};
}

Result<std::unique_ptr<blob::Backend>> open_blobs(rt::Blocking blocking, const Settings& settings,
                                                  const Clock& clock) {
  const std::string& data_folder = settings.hub.data_folder;
  if (!blob::is_s3_location(settings.blobs)) {
    return blob::LocalBackend::open(blocking, data_folder);
  }
  blob::S3Settings s3;
  EMB_TRY(s3.where, s3_location(settings));
  s3.keys = s3_keys(settings);
  s3.uploads.spool_folder = data_folder + "/tmp";
  const std::string where = s3.where.shown();
  auto backend = blob::S3Backend::open(blocking, std::move(s3), clock);
  if (!backend) return fail(std::move(backend).error().while_doing("open the blobs"));
  log::info("large files live in S3", {{"where", where}});
  return backend;
}

}  // namespace embrace::app
