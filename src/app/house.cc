#include "app/house.h"

#include "app/blobs.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "db/migrations.h"
#include "hub/doctor.h"
#include "hub/young_packs.h"
#include "meta/schema.h"

namespace embrace::app {

House::~House() = default;

Result<std::unique_ptr<House>> House::open(rt::Blocking blocking, Settings settings) {
  std::unique_ptr<House> house(new House(std::move(settings)));
  const Settings& s = house->settings_;
  EMB_DO(make_folders(s.hub.data_folder));
  EMB_DO(make_folders(s.hub.data_folder + "/git"));
  auto database = db::Database::open(blocking, s.database);
  if (!database) return fail(std::move(database).error().while_doing("open the database"));
  house->database_ = *std::move(database);
  EMB_DO(db::migrate(blocking, *house->database_, meta::migrations()));
  EMB_TRY(house->blobs_, open_blobs(blocking, s, house->clock_));
  house->catalog_ = std::make_unique<meta::SqlCatalog>(*house->database_);
  house->objects_ =
      std::make_unique<cas::ChunkedStore>(*house->blobs_, *house->catalog_, house->clock_);
  EMB_TRY(const std::size_t adopted, house->objects_->adopt_whole_objects(blocking));
  if (adopted > 0)
    log::info("large files of an earlier version were cut into chunks",
              {{"files", static_cast<std::int64_t>(adopted)}});
  house->authenticator_ =
      std::make_unique<auth::Authenticator>(*house->database_, house->clock_, s.hub.session_days);
  // Two threads: a garbage collection may take hours, and folds must not wait for it.
  house->jobs_ = std::make_unique<jobs::Worker>(*house->database_, house->clock_, 2);
  EMB_TRY(std::string key, hub::ensure_signing_key(blocking, *house->database_));
  house->services_ = std::make_unique<hub::Services>(hub::Services{
      s.hub, *house->database_, house->repositories_, *house->objects_, *house->objects_,
      *house->authenticator_, *house->jobs_, house->clock_, house->write_locks_, std::move(key)});
  EMB_DO(hub::open_young_packs(*house->services_, blocking));
  hub::register_maintenance(*house->services_);
  return house;
}

}  // namespace embrace::app
