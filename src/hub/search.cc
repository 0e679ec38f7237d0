#include "hub/search.h"

#include <algorithm>

#include "base/strings.h"
#include "meta/accounts.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kTextBytesMax = 200;

// 0: it is what was typed; 1: it begins with it; 2: it has it somewhere.
int distance(const meta::Repo& repo, std::string_view text) {
  const std::string id = to_lower(repo.name.id()), name = to_lower(repo.name.name);
  if (id == text || name == text) return 0;
  return id.starts_with(text) || name.starts_with(text) ? 1 : 2;
}

Result<QuickFound::Repos> search_repos(Services& services, db::Session& session,
                                       const auth::Caller& caller, RepoType type,
                                       const QuickSearch& search) {
  meta::listing::Filter filter;
  filter.type = type;
  for (std::string_view word : split(search.text, ' ')) {
    // Of a sentence that was pasted, the beginning.
    if (filter.search.size() == meta::listing::kTermsMax) break;
    if (!word.empty()) filter.search.emplace_back(word);
  }
  show_visible(filter, caller);
  // Some more than are shown, so that what is typed is found among what trends more.
  filter.limit = 5 * search.limit;
  QuickFound::Repos found;
  EMB_TRY(auto page, meta::listing::list(session, filter));
  found.total.count = static_cast<std::int64_t>(page.repos.size());
  if (page.next) {
    EMB_TRY(found.total, meta::listing::count(session, filter, services.settings.list_count_max));
  }
  found.repos = std::move(page.repos);
  const std::string text = to_lower(search.text);
  std::vector<std::pair<int, std::size_t>> order;
  for (std::size_t i = 0; i < found.repos.size(); ++i)
    order.emplace_back(distance(found.repos[i], text), i);
  std::ranges::sort(order);
  std::vector<meta::Repo> best;
  for (const auto& [far, i] : order) {
    if (best.size() < search.limit) best.push_back(std::move(found.repos[i]));
  }
  found.repos = std::move(best);
  return found;
}

}  // namespace

void show_visible(meta::listing::Filter& filter, const auth::Caller& caller) {
  filter.sees_all = caller.is_site_admin();
  if (caller.user) filter.visible_namespaces.push_back(caller.user->id);
  for (const auto& membership : caller.memberships) {
    if (membership.role >= meta::Role::Read) filter.visible_namespaces.push_back(membership.org_id);
  }
}

Result<std::int64_t> count_children(db::Session& session, const auth::Caller& caller,
                                    const meta::Repo& repo, std::int64_t most) {
  meta::listing::Filter filter;
  filter.type = RepoType::Model;
  filter.tags = {cat("base_model:", repo.name.id())};
  show_visible(filter, caller);
  EMB_TRY(const auto total, meta::listing::count(session, filter, most));
  return total.count;
}

Result<QuickFound> quick_search(Services& services, rt::Blocking blocking,
                                const auth::Caller& caller, const QuickSearch& asked) {
  QuickSearch search = asked;
  search.text = trim(asked.text);
  search.limit = std::min(asked.limit, kQuickSearchMax);
  if (search.text.empty() || search.limit == 0) return QuickFound{};
  if (search.text.size() > kTextBytesMax || !is_valid_utf8(search.text)) {
    return fail(Code::InvalidArgument,
                cat("\"q\" must be text of at most ", kTextBytesMax, " bytes"));
  }
  return services.database.read(blocking, [&](db::Session& session) -> Result<QuickFound> {
    QuickFound found;
    const auto repos = [&](bool wanted, RepoType type, QuickFound::Repos& into) -> Status {
      if (wanted) {
        EMB_TRY(into, search_repos(services, session, caller, type, search));
      }
      return Done{};
    };
    EMB_DO(repos(search.models, RepoType::Model, found.models));
    EMB_DO(repos(search.datasets, RepoType::Dataset, found.datasets));
    EMB_DO(repos(search.spaces, RepoType::Space, found.spaces));
    using meta::AccountKind;
    if (search.organizations) {
      EMB_TRY(found.organizations, meta::accounts::search(session, AccountKind::Organization,
                                                          search.text, search.limit));
    }
    if (search.users) {
      EMB_TRY(found.users,
              meta::accounts::search(session, AccountKind::User, search.text, search.limit));
    }
    return found;
  });
}

}  // namespace embrace::hub
