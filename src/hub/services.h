#pragma once
// Services: what every use case stands on, built once in app/house.cc and alive until shutdown.
// Use cases are plain functions: they take Services& first, then (when they wait on disks) a
// Blocking, then the Caller.

#include <memory>
#include <string>

#include "auth/authenticator.h"
#include "base/time.h"
#include "cas/object_store.h"
#include "db/database.h"
#include "git/repository.h"
#include "hub/repo_rows.h"
#include "hub/settings.h"
#include "jobs/worker.h"

namespace embrace::cas {
class ChunkedStore;
}

namespace embrace::hub {

class WriteLocks;  // hub/publish.h

struct Services {
  const Settings& settings;
  db::Database& database;
  git::Repositories& repositories;
  cas::ObjectStore& objects;  // large files by sha256
  cas::ChunkedStore& chunks;  // the same store, by its Xet doors
  auth::Authenticator& authenticator;
  jobs::Worker& jobs;
  Clock& clock;
  WriteLocks& write_locks;
  std::string signing_key;  // for presigned URLs; kept in the settings table
  std::shared_ptr<RepoRows> repo_rows = std::make_shared<RepoRows>();
};

// "<data>/git/ab/<id>.git": the projection of one repository.
std::string repository_folder(const Settings& settings, std::int64_t repo_id);

// The server's signing key, made on the first start and kept in the database.
Result<std::string> ensure_signing_key(rt::Blocking, db::Database& database);

}  // namespace embrace::hub
