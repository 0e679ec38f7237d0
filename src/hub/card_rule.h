#pragma once
// A README.md whose metadata can't be read is refused at every door, as the Hub does.

#include <optional>
#include <vector>

#include "git/repository.h"
#include "hub/card.h"
#include "hub/services.h"

namespace embrace::hub {

// What is wrong with the card that a commit brings; nothing when the file is the one that was there
// `before`.
Result<std::vector<CardProblem>> judge_new_card(Services&, rt::Blocking, git::Repository&,
                                                RepoType type, const git::Oid& readme,
                                                const std::optional<git::Oid>& before);
// The same as one refusal that lists the problems: InvalidArgument.
Status check_new_card(Services&, rt::Blocking, git::Repository&, RepoType type,
                      const git::Oid& readme, const std::optional<git::Oid>& before);

}  // namespace embrace::hub
