#pragma once
// House: every store and service below HTTP, built lowest first; destructors go in reverse. `serve`
// puts a server on top of it, `admin` and `doctor` use it directly, while a server runs or not.

#include <memory>

#include "app/settings.h"
#include "auth/authenticator.h"
#include "base/time.h"
#include "blob/backend.h"
#include "cas/chunked_store.h"
#include "db/database.h"
#include "git/repository.h"
#include "hub/publish.h"
#include "hub/services.h"
#include "jobs/worker.h"
#include "meta/catalog.h"

namespace embrace::app {

class House {
 public:
  // Creates the data folder when there is none, opens the database and migrates it.
  static Result<std::unique_ptr<House>> open(rt::Blocking, Settings settings);
  ~House();
  House(const House&) = delete;

  const Settings& settings() const { return settings_; }
  hub::Services& services() { return *services_; }

 private:
  explicit House(Settings settings) : settings_(std::move(settings)) {}

  // In the order of construction.
  const Settings settings_;
  SystemClock clock_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<blob::Backend> blobs_;
  std::unique_ptr<meta::SqlCatalog> catalog_;
  std::unique_ptr<cas::ChunkedStore> objects_;
  git::Repositories repositories_;
  std::unique_ptr<auth::Authenticator> authenticator_;
  std::unique_ptr<jobs::Worker> jobs_;
  hub::WriteLocks write_locks_;
  std::unique_ptr<hub::Services> services_;
};

}  // namespace embrace::app
