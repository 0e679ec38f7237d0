#include "meta/listing.h"

#include <algorithm>

#include "meta/meta_contract.h"
#include "meta/page_cursor.h"

namespace embrace::meta {
namespace {

using listing::Filter;
using listing::Sort;

struct Facts {
  std::vector<std::string> tags = {};
  std::string pipeline_tag = "";
  std::int64_t parameters = 0;
  std::int64_t likes = 0;
  bool is_private = false;
  bool is_disabled = false;
  Gating gating = Gating::Open;
  double trending = 0;
  Millis created_ms = 1000;
  RepoType type = RepoType::Model;
};

class Listing : public MetaContract {
 protected:
  void SetUp() override {
    MetaContract::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    acme_ = add_account("Acme", AccountKind::Organization);
    bob_ = add_account("bob");
  }

  Repo add(const Account& owner, std::string_view name, const Facts& facts = {}) {
    Repo repo;
    repo.name.type = facts.type;
    repo.card.tags = facts.tags;
    repo.card.pipeline_tag = facts.pipeline_tag;
    repo.card.num_parameters = facts.parameters;
    repo.likes = facts.likes;
    repo.downloads = 1000 - facts.likes;
    repo.is_private = facts.is_private;
    repo.is_disabled = facts.is_disabled;
    repo.gating = facts.gating;
    repo.trending = facts.trending;
    repo.created_ms = facts.created_ms;
    repo.modified_ms = 2'000'000 - facts.created_ms;
    return add_repo(owner, name, repo);
  }

  listing::Page page(const Filter& filter) {
    auto page = read([&](db::Session& s) { return listing::list(s, filter); });
    EXPECT_TRUE(page) << page.error().message();
    return page ? *std::move(page) : listing::Page{};
  }
  // The names, over all pages.
  std::string names(Filter filter = {}) {
    std::string out;
    for (;;) {
      auto one = page(filter);
      for (const auto& repo : one.repos) out += (out.empty() ? "" : " ") + repo.name.name;
      if (!one.next) return out;
      filter.cursor = *one.next;
    }
  }
  Account acme_, bob_;
};
INSTANTIATE_TEST_SUITE_P(Every, Listing, every_dialect(), dialect_name);

TEST_P(Listing, EverySortPagesBothWays) {
  // Ties everywhere, so that the id has to decide.
  add(acme_, "a", {.parameters = 7, .likes = 1, .trending = 0.1, .created_ms = 10});
  add(acme_, "b", {.parameters = 7, .likes = 1, .trending = 0.1, .created_ms = 20});
  add(bob_, "c", {.parameters = 9, .likes = 5, .trending = 1e-9, .created_ms = 20});
  add(acme_, "d", {.parameters = 0, .likes = 5, .trending = 1.0 / 3, .created_ms = 5});
  const std::pair<Sort, std::string> expected[] = {
      {Sort::Trending, "d b a c"},  {Sort::CreatedAt, "c b a d"}, {Sort::LastModified, "d a c b"},
      {Sort::Downloads, "b a d c"}, {Sort::Likes, "d c b a"},     {Sort::NumParameters, "c b a d"},
      {Sort::Id, "c d b a"},
  };
  for (const auto& [sort, down] : expected) {
    Filter filter;
    filter.sort = sort;
    for (std::size_t limit : {1, 2, 3, 4, 100}) {
      filter.limit = limit;
      filter.ascending = false;
      EXPECT_EQ(names(filter), down) << static_cast<int>(sort) << " by " << limit;
      filter.ascending = true;
      EXPECT_EQ(names(filter), std::string(down.rbegin(), down.rend())) << static_cast<int>(sort);
    }
  }
}

TEST_P(Listing, PagesAreStableWhileRepositoriesAreAdded) {
  for (int i = 0; i < 6; ++i) add(acme_, cat("m", i), {.created_ms = 100 + i});
  Filter filter;
  filter.sort = Sort::CreatedAt;
  filter.limit = 2;
  std::string seen;
  for (int step = 0;; ++step) {
    auto one = page(filter);
    for (const auto& repo : one.repos) seen += repo.name.name;
    if (!one.next) break;
    filter.cursor = *one.next;
    add(acme_, cat("new", step), {.created_ms = 1000 + step});
  }
  EXPECT_EQ(seen, "m5m4m3m2m1m0");
}

TEST_P(Listing, PrivateOnesAreShownToWhomTheyBelong) {
  add(acme_, "open");
  add(acme_, "acmes", {.is_private = true});
  add(bob_, "bobs", {.is_private = true});
  add(bob_, "gone", {.is_disabled = true});
  Filter filter;
  filter.sort = Sort::Id;
  filter.ascending = true;
  EXPECT_EQ(names(filter), "open");
  filter.visible_namespaces = {acme_.id};
  EXPECT_EQ(names(filter), "acmes open");
  filter.visible_namespaces = {acme_.id, bob_.id};
  EXPECT_EQ(names(filter), "acmes open bobs");
  filter.is_private = true;
  EXPECT_EQ(names(filter), "acmes bobs");
  filter.is_private = false;
  EXPECT_EQ(names(filter), "open");
  filter.is_private = std::nullopt;
  filter.visible_namespaces = {};
  filter.sees_all = true;
  EXPECT_EQ(names(filter), "acmes open bobs gone");
}

TEST_P(Listing, EveryFilterNarrows) {
  add(acme_, "bert-base",
      {.tags = {"en", "pytorch"}, .pipeline_tag = "fill-mask", .parameters = 110});
  add(acme_, "bert-large", {.tags = {"en", "fr"}, .pipeline_tag = "fill-mask", .parameters = 340});
  add(bob_, "llama_100%",
      {.tags = {"en"},
       .pipeline_tag = "text-generation",
       .parameters = 7000,
       .gating = Gating::Auto});
  add(bob_, "plain");
  add(bob_, "bert-data", {.tags = {"en"}, .type = RepoType::Dataset});
  auto with = [&](auto change) {
    Filter filter;
    filter.sort = Sort::Id;
    filter.ascending = true;
    change(filter);
    return names(filter);
  };
  EXPECT_EQ(with([](Filter& f) { f.author = "ACME"; }), "bert-base bert-large");
  EXPECT_EQ(with([](Filter& f) { f.author = "nobody"; }), "");
  EXPECT_EQ(with([](Filter& f) { f.tags = {"en"}; }), "bert-base bert-large llama_100%");
  EXPECT_EQ(with([](Filter& f) { f.tags = {"en", "fr"}; }), "bert-large");
  EXPECT_EQ(with([](Filter& f) { f.tags = {"EN"}; }), "");
  EXPECT_EQ(with([](Filter& f) { f.pipeline_tag = "fill-mask"; }), "bert-base bert-large");
  EXPECT_EQ(with([](Filter& f) { f.search = {"BERT"}; }), "bert-base bert-large");
  EXPECT_EQ(with([](Filter& f) { f.search = {"bert", "large"}; }), "bert-large");
  EXPECT_EQ(with([](Filter& f) { f.search = {"acme/b"}; }), "bert-base bert-large");
  EXPECT_EQ(with([](Filter& f) { f.search = {"_"}; }), "llama_100%");
  EXPECT_EQ(with([](Filter& f) { f.search = {"0%"}; }), "llama_100%");
  EXPECT_EQ(with([](Filter& f) { f.search = {"!"}; }), "");
  EXPECT_EQ(with([](Filter& f) { f.gated = true; }), "llama_100%");
  EXPECT_EQ(with([](Filter& f) { f.gated = false; }), "bert-base bert-large plain");
  EXPECT_EQ(with([](Filter& f) { f.num_parameters_min = 200; }), "bert-large llama_100%");
  EXPECT_EQ(with([](Filter& f) { f.num_parameters_max = 340; }), "bert-base bert-large");
  EXPECT_EQ(with([](Filter& f) {
              f.type = RepoType::Dataset;
              f.tags = {"en"};
            }),
            "bert-data");
  EXPECT_EQ(with([](Filter& f) {
              f.author = "bob";
              f.tags = {"en"};
              f.pipeline_tag = "text-generation";
              f.search = {"lla"};
            }),
            "llama_100%");
}

TEST_P(Listing, LinkedOnesNameAModelOrADataset) {
  add(acme_, "chat", {.tags = {"gradio", "model:acme/bert"}, .type = RepoType::Space});
  add(acme_, "view", {.tags = {"dataset:acme/wiki"}, .type = RepoType::Space});
  add(acme_, "alone", {.tags = {"gradio", "models"}, .type = RepoType::Space});
  Filter filter;
  filter.type = RepoType::Space;
  filter.sort = Sort::Id;
  filter.ascending = true;
  EXPECT_EQ(names(filter), "alone chat view");
  filter.is_linked = true;
  EXPECT_EQ(names(filter), "chat view");
  filter.tags = {"gradio"};
  EXPECT_EQ(names(filter), "chat");
}

TEST_P(Listing, SearchFollowsRenamesAndRemovals) {
  const Repo one = add(acme_, "first-model");
  const Repo two = add(acme_, "first-other");
  ASSERT_TRUE(write([&](db::Session& s) -> Status {
    EMB_DO(repos::rename(s, one.id, name_of("Acme/SECOND"), acme_.id));
    return repos::remove(s, two.id);
  }));
  Filter filter;
  filter.search = {"first"};
  EXPECT_EQ(names(filter), "");
  filter.search = {"second"};
  EXPECT_EQ(names(filter), "SECOND");
  for (const char* hostile :
       {"\"\"\"", "a\" OR \"b", "NEAR(", "sec*", "\xc3\xa9\xc3\xa9\xc3\xa9", "-- '"}) {
    filter.search = {hostile};
    EXPECT_EQ(names(filter), "") << hostile;
  }
}

TEST_P(Listing, TagsAreFilledWhenAskedFor) {
  add(acme_, "bert", {.tags = {"en", "fr"}});
  Filter filter;
  EXPECT_EQ(page(filter).repos.at(0).card.tags, (std::vector<std::string>{"en", "fr"}));
  filter.with_tags = false;
  EXPECT_TRUE(page(filter).repos.at(0).card.tags.empty());
}

TEST_P(Listing, DocumentsAreReadForWhoAsksForThem) {
  Repo repo;
  repo.card.card_json = R"({"license":"mit"})";
  repo.card.config_json = R"({"model_type":"bert"})";
  repo.card.gguf_json = R"({"total":7})";
  repo.card.description = "short";
  add_repo(acme_, "bert", repo);
  Filter filter;
  const auto card = [&] { return page(filter).repos.at(0).card; };
  EXPECT_EQ(card().description, "short");
  EXPECT_EQ(card().card_json + card().config_json + card().gguf_json, "");
  filter.with_card = true;
  EXPECT_EQ(card().card_json, repo.card.card_json);
  EXPECT_EQ(card().config_json + card().gguf_json, "");
  filter.with_card = false;
  filter.with_config = filter.with_gguf = true;
  EXPECT_EQ(card().card_json, "");
  EXPECT_EQ(card().config_json, repo.card.config_json);
  EXPECT_EQ(card().gguf_json, repo.card.gguf_json);
}

TEST_P(Listing, APageEndsWhereItsBytesDo) {
  for (int i = 0; i < 5; ++i) {
    Repo repo = add(acme_, cat("m", i), {.tags = {std::string(100, 't')}, .created_ms = 100 + i});
    repo.card.card_json = cat(R"({"text":")", std::string(1000, 'x'), R"("})");
    ASSERT_TRUE(write([&](db::Session& s) { return repos::set_card(s, repo.id, repo.card); }));
  }
  Filter filter;
  filter.sort = Sort::CreatedAt;
  filter.with_card = true;
  filter.bytes_max = 1500;
  EXPECT_EQ(page(filter).repos.size(), 2u) << "the row that goes beyond is shown";
  EXPECT_EQ(names(filter), "m4 m3 m2 m1 m0");
  filter.bytes_max = 0;
  EXPECT_EQ(page(filter).repos.size(), 1u);
  EXPECT_EQ(names(filter), "m4 m3 m2 m1 m0");
  filter.with_card = false;
  filter.bytes_max = 150;
  EXPECT_EQ(page(filter).repos.size(), 2u) << "tags count, too";
  EXPECT_EQ(names(filter), "m4 m3 m2 m1 m0");
}

TEST_P(Listing, PagesWithDocumentsAreShort) {
  for (std::size_t i = 0; i <= listing::kDocumentsLimitMax; ++i) add(acme_, cat("m", i));
  Filter filter;
  filter.limit = 1000;
  EXPECT_EQ(page(filter).repos.size(), listing::kDocumentsLimitMax + 1);
  filter.with_card = true;
  const auto first = page(filter);
  EXPECT_EQ(first.repos.size(), listing::kDocumentsLimitMax);
  EXPECT_TRUE(first.next);
}

TEST_P(Listing, WhatCannotBeMeantIsRefused) {
  auto code_of = [&](auto change) {
    Filter filter;
    change(filter);
    auto page = read([&](db::Session& s) { return listing::list(s, filter); });
    return page ? Code::Internal : page.error().code();
  };
  using detail::PageCursor;
  EXPECT_EQ(code_of([](Filter& f) { f.cursor = "!!"; }), Code::InvalidArgument);
  EXPECT_EQ(code_of([](Filter& f) { f.cursor = std::string(2000, 'a'); }), Code::InvalidArgument);
  EXPECT_EQ(code_of([](Filter& f) { f.cursor = to_base64url("0d:1:nan"); }), Code::InvalidArgument);
  EXPECT_EQ(code_of([](Filter& f) { f.cursor = to_base64url("9d:1:1"); }), Code::InvalidArgument);
  EXPECT_EQ(code_of([](Filter& f) { f.cursor = to_base64url("1d:x:1"); }), Code::InvalidArgument);
  EXPECT_EQ(code_of([](Filter& f) { f.cursor = to_base64url("1d:1"); }), Code::InvalidArgument);
  EXPECT_EQ(code_of([](Filter& f) {
              f.cursor = PageCursor{Sort::Likes, false, 1, std::int64_t{1}}.render();
            }),
            Code::InvalidArgument);
  EXPECT_EQ(code_of([](Filter& f) { f.search = {std::string("a\0b", 3)}; }), Code::InvalidArgument);
  EXPECT_EQ(code_of([](Filter& f) { f.tags = {"\xff"}; }), Code::InvalidArgument);
  EXPECT_EQ(code_of([](Filter& f) { f.search.assign(21, "a"); }), Code::InvalidArgument);
}

TEST_P(Listing, CountsAreOfOneNamespaceAndTypeAndPublic) {
  add(acme_, "a");
  add(acme_, "b", {.is_private = true});
  add(acme_, "c", {.type = RepoType::Dataset});
  add(bob_, "d");
  auto count = [&](RepoType type, std::string_view author) {
    return read([&](db::Session& s) { return listing::count_public(s, type, author); }).value();
  };
  EXPECT_EQ(count(RepoType::Model, "acme"), 1) << "private ones are not counted";
  EXPECT_EQ(count(RepoType::Dataset, "ACME"), 1);
  EXPECT_EQ(count(RepoType::Space, "acme"), 0);
}

TEST_P(Listing, TagCountsFollowThePublicRepositories) {
  auto counts = [&] {
    std::string out;
    for (const auto& [tag, uses] :
         read([](db::Session& s) { return listing::tag_counts(s, RepoType::Model, 10); }).value()) {
      out += cat(tag, uses, ' ');
    }
    return out;
  };
  Repo bert = add(acme_, "bert", {.tags = {"en", "mit"}});
  Repo secret = add(acme_, "secret", {.tags = {"en", "hush"}, .is_private = true});
  EXPECT_EQ(counts(), "en1 mit1 ");
  secret.is_private = false;
  ASSERT_TRUE(write([&](db::Session& s) { return repos::update_settings(s, secret); }));
  EXPECT_EQ(counts(), "en2 hush1 mit1 ");
  bert.card.tags = {"en", "fr"};
  ASSERT_TRUE(write([&](db::Session& s) { return repos::set_card(s, bert.id, bert.card); }));
  EXPECT_EQ(counts(), "en2 fr1 hush1 ");
  ASSERT_TRUE(write([&](db::Session& s) { return repos::remove(s, secret.id); }));
  EXPECT_EQ(counts(), "en1 fr1 ");
}

TEST_P(Listing, CountsAreThoseOfAllPages) {
  for (int i = 0; i < 7; ++i) add(acme_, cat("bert-", i), {.tags = {"x"}, .pipeline_tag = "p"});
  for (int i = 0; i < 3; ++i) add(bob_, cat("gpt-", i), {.tags = {"x", "y"}, .is_private = true});
  add(bob_, "gone", {.is_disabled = true});
  add(acme_, "data", {.type = RepoType::Dataset});
  const auto counted = [&](const Filter& filter, std::int64_t most = 100) {
    auto total = read([&](db::Session& s) { return listing::count(s, filter, most); });
    EXPECT_TRUE(total) << total.error().message();
    return cat(total->count, total->is_capped ? "+" : "");
  };
  EXPECT_EQ(counted({}), "7");
  EXPECT_EQ(counted({.visible_namespaces = {bob_.id}}), "10");
  EXPECT_EQ(counted({.sees_all = true}), "11");
  EXPECT_EQ(counted({.visible_namespaces = {bob_.id}, .tags = {"x"}}), "10");
  EXPECT_EQ(counted({.visible_namespaces = {bob_.id}, .tags = {"x", "y"}}), "3");
  EXPECT_EQ(counted({.search = {"BERT"}}), "7");
  EXPECT_EQ(counted({.author = "acme", .pipeline_tag = "p"}), "7");
  EXPECT_EQ(counted({.search = {"nothing"}}), "0");
  EXPECT_EQ(counted({}, 7), "7");
  EXPECT_EQ(counted({}, 6), "6+");
  Filter paged;
  paged.limit = 2;
  paged.cursor = *page(paged).next;
  EXPECT_EQ(counted(paged), "7") << "wherever the page is";
}

}  // namespace
}  // namespace embrace::meta
