#pragma once
// Young packs (docs/design/0012): a small commit's objects are a row of the transaction that
// publishes it, so that one sync of the database makes refs and objects durable together. The
// repository's folder shows them as files that nobody syncs, made after the row; some time later
// they are settled: joined into one durable pack, and their rows and files removed.
//
// What holds at all times: a young file has a committed row, and whatever a crash made of the file,
// the row brings it back. So no reader meets a damaged one, and no object that a folder shows can
// vanish from under a commit that was built on it.
//
// Threads: any that may block. Errors: as of the database and the disk.

#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "hub/services.h"

namespace embrace::hub {

// Held by whoever changes a repository's young files or rows, in whichever process: from before a
// row is committed until its files are there, and while packs are settled. The lock belongs to the
// open file, so a thread that takes it twice waits for itself. Never taken inside a transaction.
Result<File> lock_young_packs(const Settings& settings, std::int64_t repo_id);

// At the start, before anything is read: writes the files that a crash has damaged or lost, and
// lets the repositories ask for those that a commit is just about to write.
Status open_young_packs(Services&, rt::Blocking);

// On return the folder holds all that the refs which SQL showed before lead to: waits for a commit
// that is about to write its files, and writes those that are missing.
Status show_young_packs(Services&, rt::Blocking, std::int64_t repo_id);

// Joins the young packs of a repository, those that are there now, into one durable pack.
Status settle_young_packs(Services&, rt::Blocking, std::int64_t repo_id);
// The same, and the lock in hand while there is none: git takes young files for packs like any
// other, so whoever lets it change the folder sees to it that it finds none.
Result<File> lock_settled_packs(Services&, rt::Blocking, std::int64_t repo_id);
// Of every repository. One that fails is logged and does not hold up the others.
Status settle_all_young_packs(Services&, rt::Blocking);

// Inside the publishing transaction of a young pack: asks for the job that settles when many have
// gathered. true when it did.
Result<bool> request_settling(Services&, db::Session&, std::int64_t repo_id);

// What the doctor says about the young packs of a repository: an empty list when rows and files
// agree.
Result<std::vector<std::string>> examine_young_packs(Services&, rt::Blocking, std::int64_t repo_id);

}  // namespace embrace::hub
