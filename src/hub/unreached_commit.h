#pragma once
// Commits that no ref reaches any more can still be named by their id, but the garbage collection
// may have taken their large files. A ref that is made at one takes its files along or not at all.

#include <vector>

#include "git/repository.h"
#include "hub/services.h"
#include "meta/types.h"

namespace embrace::hub {

// The large files of the commit and its history, for the publication that makes a ref there: it
// links them again, so that they stay. Empty when the default branch reaches the commit. Unusable
// when a file is gone.
Result<std::vector<meta::LfsLink>> files_of_unreached(Services&, rt::Blocking,
                                                      const meta::Repo& repo,
                                                      git::Repository& repository,
                                                      const git::Oid& commit);

}  // namespace embrace::hub
