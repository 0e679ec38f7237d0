#include "hub/search.h"

#include <algorithm>

#include "base/strings.h"
#include "hub/excerpt.h"
#include "hub/full_text.h"
#include "hub/hub_fixture.h"
#include "hub/revisions.h"
#include "hub/tag_kinds.h"

namespace embrace::hub {
namespace {

std::string shown(const std::vector<ExcerptPiece>& pieces) {
  std::string out;
  for (const auto& piece : pieces) out += piece.mark ? "[" + piece.text + "]" : piece.text;
  return out;
}

TEST(Excerpt, MarksTheBeginningsOfWords) {
  EXPECT_EQ(shown(make_excerpt("A  Training\n\nrun, retrain", {"train"})),
            "A [Train]ing run, retrain");
  EXPECT_EQ(shown(make_excerpt("a ab (a)", {"a"})), "[a] ab ([a])") << "a letter is a word";
  EXPECT_EQ(shown(make_excerpt("of \u201cLoRA\u201d\u2014a", {"lora", "a"})),
            "of \u201c[LoRA]\u201d\u2014[a]");
  EXPECT_EQ(shown(make_excerpt("nothing here", {"else"})), "nothing here");
  EXPECT_EQ(shown(make_excerpt("", {"x"})), "");
}

TEST(Excerpt, ShowsThePlaceWhereMostWordsAre) {
  std::string text = "llama first. ";
  for (int i = 0; i < 200; ++i) text += "filler words ";
  text += "the llama model begins";
  for (int i = 0; i < 200; ++i) text += " more words";
  const auto excerpt = shown(make_excerpt(text, {"model", "llama"}, 100));
  EXPECT_NE(excerpt.find("the [llama] [model] begins"), std::string::npos) << excerpt;
  EXPECT_LT(excerpt.size(), 140u);
}

TEST(Excerpt, CutsBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "\xe4\xb8\xad";
  for (std::size_t bytes = 10; bytes < 16; ++bytes)
    EXPECT_TRUE(is_valid_utf8(shown(make_excerpt(cat(text, " x ", text), {"x"}, bytes))));
  // Broken text stays inside its bounds.
  make_excerpt(std::string(1000, '\x80'), {"\x80"}, 10);
}

TEST(TagKinds, AreToldApart) {
  EXPECT_EQ(tag_kind(RepoType::Model, "text-generation"), "pipeline_tag");
  EXPECT_EQ(tag_kind(RepoType::Model, "transformers"), "library");
  EXPECT_EQ(tag_kind(RepoType::Model, "en"), "language");
  EXPECT_EQ(tag_kind(RepoType::Model, "zh-Hant"), "language");
  EXPECT_EQ(tag_kind(RepoType::Model, "license:mit"), "license");
  EXPECT_EQ(tag_kind(RepoType::Model, "base_model:quantized:acme/x"), "base_model");
  EXPECT_EQ(tag_kind(RepoType::Model, "llama"), "other");
  EXPECT_EQ(tag_kind(RepoType::Model, "e"), "other");
  EXPECT_EQ(tag_kind(RepoType::Model, "n "), "other");
  EXPECT_EQ(tag_kind(RepoType::Model, "arxiv:2301.00001"), "other");
  EXPECT_EQ(tag_kind(RepoType::Dataset, "en"), "other") << "there it is language:en";
  EXPECT_EQ(tag_kind(RepoType::Space, "gradio"), "sdk");
  EXPECT_EQ(tag_label("license", "license:mit"), "mit");
  EXPECT_EQ(tag_label("language", "en"), "en");
}

class SearchTest : public HubTest, public ::testing::WithParamInterface<db::Dialect> {
 protected:
  SearchTest() : HubTest(GetParam()), acme(user("acme")), eve(user("eve")) {}

  std::string found(const auth::Caller& caller, std::string_view text) {
    TextSearch search;
    search.text = text;
    const auto answer = must(search_cards(services(), blocking, caller, search));
    EXPECT_EQ(answer.total, static_cast<std::int64_t>(answer.hits.size()));
    std::vector<std::string> ids;
    for (const auto& hit : answer.hits) ids.push_back(hit.repo.name.id());
    std::ranges::sort(ids);
    std::string out;
    for (const auto& id : ids) out += (out.empty() ? "" : " ") + id;
    return out;
  }

  auth::Caller acme, eve;
};
INSTANTIATE_TEST_SUITE_P(Every, SearchTest,
                         ::testing::Values(db::Dialect::Sqlite, db::Dialect::Postgres),
                         [](const auto& info) {
                           return info.param == db::Dialect::Sqlite ? "Sqlite" : "Postgres";
                         });

TEST_P(SearchTest, QuickSearchFindsNamesAndKeepsSecrets) {
  make_repo(acme, "acme/my-bert-model");
  make_repo(acme, "acme/bert");
  make_repo(acme, "acme/bert-data", RepoType::Dataset);
  make_repo(acme, "acme/bert-secret", RepoType::Model, true);
  user("bertha");
  organization("bert-fans", "acme");
  auto quick = [&](const auth::Caller& caller, std::string_view text) {
    QuickSearch search;
    search.text = text;
    return must(quick_search(services(), blocking, caller, search));
  };
  const auto seen = quick(anonymous(), "BERT");
  ASSERT_EQ(seen.models.repos.size(), 2u);
  EXPECT_EQ(seen.models.repos[0].name.name, "bert") << "what was typed comes first";
  EXPECT_EQ(seen.models.total.count, 2);
  EXPECT_EQ(seen.datasets.repos.size(), 1u);
  EXPECT_EQ(seen.users.at(0).name, "bertha");
  EXPECT_EQ(seen.organizations.at(0).name, "bert-fans");
  EXPECT_EQ(quick(acme, "bert").models.repos.size(), 3u);
  EXPECT_EQ(quick(eve, "secret").models.total.count, 0);
  EXPECT_EQ(quick(anonymous(), "acme model").models.repos.size(), 1u) << "words in any order";
  EXPECT_TRUE(quick(anonymous(), "  ").models.repos.empty());
  std::string pasted = "bert";
  for (int i = 0; i < 30; ++i) pasted += i < 19 ? " b" : " nowhere";
  EXPECT_EQ(quick(anonymous(), pasted).models.repos.size(), 2u) << "the first words count";
  QuickSearch hostile;
  hostile.text = "\xff";
  EXPECT_EQ(quick_search(services(), blocking, eve, hostile).error().code(), Code::InvalidArgument);
  hostile.text = std::string(1000, 'x');
  EXPECT_EQ(quick_search(services(), blocking, eve, hostile).error().code(), Code::InvalidArgument);
}

TEST_P(SearchTest, CardsAreFoundFromTheCommitThatBringsThem) {
  auto repo = make_repo(acme, "acme/bert");
  EXPECT_EQ(found(eve, "gargoyle"), "");
  put_file(acme, repo, "README.md", "---\nlicense: mit\ntags: [hidden]\n---\n# A gargoyle\n");
  EXPECT_EQ(found(eve, "gargoyle"), "acme/bert");
  EXPECT_EQ(found(eve, "hidden"), "") << "front matter is no text";
  put_file(acme, reload(repo), "other.txt", "x");
  EXPECT_EQ(found(eve, "gargoyle"), "acme/bert");
  must(create_branch(services(), blocking, acme, repo.name, {"side"}));
  put_file(acme, reload(repo), "README.md", "a basilisk", "refs/heads/side");
  EXPECT_EQ(found(eve, "basilisk"), "") << "only the default branch is searched";
  put_file(acme, reload(repo), "README.md", "a chimera");
  EXPECT_EQ(found(eve, "gargoyle"), "");
  EXPECT_EQ(found(eve, "chimera"), "acme/bert");

  TextSearch search;
  search.text = "chim";
  const auto answer = must(search_cards(services(), blocking, anonymous(), search));
  EXPECT_EQ(shown(answer.hits.at(0).excerpt), "a [chim]era");

  NewRepo copy;
  copy.name = name("acme/copy");
  must(duplicate_repo(services(), blocking, acme, repo.name, copy));
  EXPECT_EQ(found(eve, "chimera"), "acme/bert acme/copy");
  remove_file(acme, reload(repo), "README.md");
  EXPECT_EQ(found(eve, "chimera"), "acme/copy");
  must(delete_repo(services(), blocking, acme, name("acme/copy")));
  EXPECT_EQ(found(eve, "chimera"), "");
}

TEST_P(SearchTest, OnlyReadersFindACard) {
  auto hidden = make_repo(acme, "acme/hidden", RepoType::Model, true);
  put_file(acme, hidden, "README.md", "gargoyle");
  auto gated = make_repo(acme, "acme/gated");
  put_file(acme, gated, "README.md", "gargoyle");
  must(update_settings(services(), blocking, acme, gated.name, {.gating = meta::Gating::Auto}));
  EXPECT_EQ(found(eve, "gargoyle"), "");
  EXPECT_EQ(found(anonymous(), "gargoyle"), "");
  EXPECT_EQ(found(acme, "gargoyle"), "acme/gated acme/hidden");
  must(update_settings(services(), blocking, acme, hidden.name, {.is_private = false}));
  EXPECT_EQ(found(eve, "gargoyle"), "acme/hidden");
}

TEST_P(SearchTest, PagesEndAndCursorsAreChecked) {
  for (int i = 0; i < 5; ++i)
    put_file(acme, make_repo(acme, cat("acme/r", i)), "README.md", "gargoyle");
  TextSearch search;
  search.text = "gargoyle";
  search.limit = 2;
  std::vector<std::string> ids;
  for (;;) {
    const auto page = must(search_cards(services(), blocking, eve, search));
    EXPECT_EQ(page.total, 5);
    for (const auto& hit : page.hits) ids.push_back(hit.repo.name.id());
    if (!page.next) break;
    search.cursor = *page.next;
  }
  std::ranges::sort(ids);
  EXPECT_EQ(ids.size(), 5u);
  EXPECT_EQ(std::ranges::unique(ids).size(), 0u);
  for (const char* cursor : {"x", "Y2FiYw", "Yzk5OTk5OTk"}) {
    search.cursor = cursor;
    EXPECT_EQ(search_cards(services(), blocking, eve, search).error().code(),
              Code::InvalidArgument);
  }
}

TEST_P(SearchTest, TheBetterMatchComesFirst) {
  put_file(acme, make_repo(acme, "acme/often"), "README.md", "llama llama llama");
  put_file(
      acme, make_repo(acme, "acme/once"), "README.md",
      cat(std::string(400, '-'), " a llama and many other words that have nothing to do with it"));
  put_file(acme, make_repo(acme, "acme/early"), "README.md",
           cat("# llama llama llama\n", std::string(400, '-'), " and more words about it"));
  TextSearch search;
  search.text = "llama";
  std::string order;
  for (const auto& hit : must(search_cards(services(), blocking, eve, search)).hits)
    order += hit.repo.name.name + " ";
  EXPECT_EQ(order, "often early once ");
}

// Repositories from before there was an index.
TEST_P(SearchTest, TheJobReadsWhatIsMissing) {
  auto repo = make_repo(acme, "acme/bert");
  put_file(acme, repo, "README.md", "gargoyle");
  must(database->write(blocking, [](db::Session& s) { return s.run("DELETE FROM card_texts"); }));
  EXPECT_EQ(found(eve, "gargoyle"), "");
  must(index_missing_cards(services(), blocking));
  EXPECT_EQ(found(eve, "gargoyle"), "acme/bert");
  must(index_missing_cards(services(), blocking));
}

}  // namespace
}  // namespace embrace::hub
