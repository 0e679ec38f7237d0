#include "hub/card_rule.h"

namespace embrace::hub {

Result<std::vector<CardProblem>> judge_new_card(Services& services, rt::Blocking blocking,
                                                git::Repository& repository, RepoType type,
                                                const git::Oid& readme,
                                                const std::optional<git::Oid>& before) {
  if (readme == before) return std::vector<CardProblem>();
  const auto& settings = services.settings;
  EMB_TRY(auto text, repository.read_blob(blocking, readme, settings.regular_file_bytes_max));
  if (text.size() > settings.card_bytes_max) text.resize(settings.card_bytes_max);
  return check_card(text, type).errors;
}

}  // namespace embrace::hub
