#include "hub/full_text.h"

#include <algorithm>

#include "auth/access.h"
#include "base/log.h"
#include "base/strings.h"
#include "hub/front_matter.h"
#include "hub/search.h"
#include "meta/card_texts.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kTextBytesMax = 500;
constexpr std::int64_t kCountMax = 1'000;
constexpr std::uint64_t kReadmeBytesMax = 4u << 20;
constexpr std::size_t kCardsInOneTurn = 100;

std::string render_cursor(std::size_t skip) { return to_base64url(cat("c", skip)); }

Result<std::size_t> parse_cursor(std::string_view text) {
  if (text.empty()) return std::size_t{0};
  const auto bytes = from_base64url(text);
  if (bytes && bytes->starts_with('c')) {
    const auto skip = parse_uint(std::string_view(*bytes).substr(1));
    if (skip && *skip <= meta::card_texts::kMatchesMax) return static_cast<std::size_t>(*skip);
  }
  return fail(Code::InvalidArgument,
              "the cursor is not one that this server gave: begin again without it");
}

// The blob of the card; zero when there is none.
Result<git::Oid> card_blob(rt::Blocking blocking, git::Repository& repository,
                           const git::Oid& tree) {
  auto entry = repository.find(blocking, tree, "README.md");
  if (!entry) {
    if (entry.error().tag() == Tag::EntryNotFound) return git::Oid();
    return fail(std::move(entry).error());
  }
  const bool is_text =
      entry->kind == git::EntryKind::File || entry->kind == git::EntryKind::Executable;
  return is_text && !entry->lfs ? entry->oid : git::Oid();
}

Result<std::string> read_text(rt::Blocking blocking, git::Repository& repository,
                              const git::Oid& blob) {
  if (blob.is_zero()) return std::string();
  EMB_TRY(const auto bytes, repository.blob_size(blocking, blob));
  if (bytes > kReadmeBytesMax) return std::string();
  EMB_TRY(const auto readme, repository.read_blob(blocking, blob, kReadmeBytesMax));
  return card_text(readme);
}

// Each word counts the more the more often it is said, less and less each time, and more in a short
// text than in a long one (as BM25 has it); said in the first lines, it is what the card is about.
double score(std::string_view text, const std::vector<std::string>& words, double usual_bytes) {
  constexpr std::size_t first_lines = 200;
  std::vector<double> counts(words.size(), 0);
  std::vector<char> is_early(words.size(), 0);
  for_each_match(text, words, [&](const WordMatch& match) {
    ++counts[match.word];
    if (match.begin < first_lines) is_early[match.word] = 1;
  });
  const double length = 0.25 + 0.75 * static_cast<double>(text.size()) / usual_bytes;
  double sum = 0;
  for (std::size_t i = 0; i < words.size(); ++i)
    sum += counts[i] * 2.2 / (counts[i] + 1.2 * length) + (is_early[i] != 0 ? 1 : 0);
  return sum;
}

// The ids, the best first; of two that are as good, the newer.
std::vector<std::int64_t> rank(const std::vector<meta::card_texts::Match>& matches,
                               const std::vector<std::string>& words) {
  double bytes = 1;
  for (const auto& match : matches) bytes += static_cast<double>(match.beginning.size());
  const double usual_bytes = bytes / static_cast<double>(std::max<std::size_t>(matches.size(), 1));
  std::vector<std::pair<double, std::int64_t>> scores;
  for (const auto& match : matches)
    scores.emplace_back(score(match.beginning, words, usual_bytes), match.repo_id);
  std::ranges::sort(scores, std::greater{});
  std::vector<std::int64_t> ids;
  for (const auto& [sum, id] : scores) ids.push_back(id);
  return ids;
}

}  // namespace

std::string card_text(std::string_view readme) {
  return std::string(split_front_matter(readme).body);
}

Result<std::string> read_card_text(rt::Blocking blocking, git::Repository& repository,
                                   const git::Oid& tree) {
  EMB_TRY(const auto blob, card_blob(blocking, repository, tree));
  return read_text(blocking, repository, blob);
}

Result<std::optional<std::string>> changed_card_text(rt::Blocking blocking,
                                                     git::Repository& repository,
                                                     const git::Oid& old_head,
                                                     const git::Oid& new_head) {
  EMB_TRY(const auto commit, repository.commit(blocking, new_head));
  EMB_TRY(const auto blob, card_blob(blocking, repository, commit.tree));
  if (!old_head.is_zero()) {
    EMB_TRY(const auto old_commit, repository.commit(blocking, old_head));
    EMB_TRY(const auto old_blob, card_blob(blocking, repository, old_commit.tree));
    if (old_blob == blob) return std::nullopt;
  }
  EMB_TRY(auto text, read_text(blocking, repository, blob));
  return std::optional(std::move(text));
}

Result<TextFound> search_cards(Services& services, rt::Blocking blocking,
                               const auth::Caller& caller, const TextSearch& search) {
  if (search.text.size() > kTextBytesMax || !is_valid_utf8(search.text)) {
    return fail(Code::InvalidArgument,
                cat("\"q\" must be text of at most ", kTextBytesMax, " bytes"));
  }
  meta::card_texts::Query query;
  query.words = meta::card_texts::words_of(search.text);
  query.types = search.types;
  if (query.types.empty()) query.types = {RepoType::Model, RepoType::Dataset, RepoType::Space};
  meta::listing::Filter visible;
  show_visible(visible, caller);
  query.visible_namespaces = std::move(visible.visible_namespaces);
  query.sees_all = visible.sees_all;
  EMB_TRY(const std::size_t skip, parse_cursor(search.cursor));
  const std::size_t limit = std::clamp<std::size_t>(search.limit, 1, kTextSearchPageMax);

  TextFound found;
  EMB_DO(services.database.read(blocking, [&](db::Session& session) -> Status {
    EMB_TRY(const auto matches, meta::card_texts::matches(session, query));
    EMB_TRY(found.total, meta::card_texts::count(session, query, kCountMax));
    const auto ranked = rank(matches, query.words);
    const std::size_t end = std::min(ranked.size(), skip + limit);
    for (std::size_t i = skip; i < end; ++i) {
      EMB_TRY(auto repo, meta::repos::find_by_id(session, ranked[i]));
      EMB_TRY(const auto text, meta::card_texts::find(session, ranked[i]));
      // The query asked for no others; a second look, where a mistake would tell secrets.
      if (!repo || !text || !auth::may(caller, *repo, auth::Right::Read)) continue;
      found.hits.push_back({*std::move(repo), make_excerpt(*text, query.words)});
    }
    if (end < ranked.size()) found.next = render_cursor(end);
    return Done{};
  }));
  found.is_capped = found.total > kCountMax;
  found.total = std::min(found.total, kCountMax);
  return found;
}

namespace {

Status index_card_of(Services& services, rt::Blocking blocking,
                     const meta::card_texts::Missing& missing) {
  std::string text;
  if (auto head = git::Oid::parse(missing.head_oid)) {
    EMB_TRY(auto repository, services.repositories.borrow(
                                 blocking, repository_folder(services.settings, missing.repo_id)));
    EMB_TRY(const auto commit, repository->commit(blocking, *head));
    EMB_TRY(text, read_card_text(blocking, *repository, commit.tree));
  }
  return services.database.write(blocking, [&](db::Session& session) -> Status {
    // Published meanwhile: then its row is there, or the next turn reads the newer card.
    EMB_TRY(auto row, meta::repos::find_by_id(session, missing.repo_id));
    if (!row || row->head_oid != missing.head_oid) return Done{};
    return meta::card_texts::set(session, missing.repo_id, text);
  });
}

}  // namespace

Status index_missing_cards(Services& services, rt::Blocking blocking) {
  std::size_t indexed = 0;
  for (std::int64_t after = 0;;) {
    EMB_TRY(const auto missing, services.database.read(blocking, [&](db::Session& session) {
      return meta::card_texts::missing(session, after, kCardsInOneTurn);
    }));
    for (const auto& repo : missing) {
      after = repo.repo_id;
      if (auto done = index_card_of(services, blocking, repo); !done) {
        log::warn("a card can't be indexed",
                  {{"repo", repo.repo_id}, {"why", done.error().message()}});
      } else {
        ++indexed;
      }
    }
    if (missing.size() < kCardsInOneTurn) break;
  }
  if (indexed > 0) log::info("cards were indexed", {{"count", indexed}});
  return Done{};
}

}  // namespace embrace::hub
