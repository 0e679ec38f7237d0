#include "hub/card_rule.h"

#include "base/strings.h"

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

Status check_new_card(Services& services, rt::Blocking blocking, git::Repository& repository,
                      RepoType type, const git::Oid& readme,
                      const std::optional<git::Oid>& before) {
  EMB_TRY(const auto problems,
          judge_new_card(services, blocking, repository, type, readme, before));
  if (problems.empty()) return Done{};
  std::string message = "Invalid metadata in README.md.";
  for (const auto& problem : problems) message += cat("\n- ", problem.message);
  return fail(Code::InvalidArgument, std::move(message));
}

}  // namespace embrace::hub
