#include "meta/repos.h"

#include <thread>

#include "meta/meta_contract.h"

namespace embrace::meta {
namespace {

class Repos : public MetaContract {
 protected:
  void SetUp() override {
    MetaContract::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    alice_ = add_account("Alice");
  }
  Status change(std::int64_t repo, std::string_view name, std::optional<std::string_view> expected,
                std::optional<std::string_view> next) {
    return write([&](db::Session& s) { return repos::change_ref(s, repo, name, expected, next); });
  }
  std::optional<Repo> find(std::string_view id) {
    return read([&](db::Session& s) { return repos::find(s, name_of(id)); }).value();
  }
  Account alice_;
};
INSTANTIATE_TEST_SUITE_P(Every, Repos, every_dialect(), dialect_name);

const std::string kOidA(40, 'a'), kOidB(40, 'b'), kOidC(40, 'c');

Digest digest_of(std::uint8_t byte) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(byte);
  return Digest(bytes);
}

TEST_P(Repos, AreFoundWithoutRegardToCaseAndKeepTheirSpelling) {
  Repo wanted;
  wanted.is_private = true;
  wanted.gating = Gating::Manual;
  wanted.default_branch = "trunk";
  wanted.likes = 3;
  wanted.trending = 0.1;
  wanted.card.tags = {"en", "bert"};
  wanted.card.used_bytes = 1ull << 40;
  const Repo repo = add_repo(alice_, "BERT", wanted);
  auto found = find("aLiCe/bert");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, repo.id);
  EXPECT_EQ(found->name.id(), "Alice/BERT");
  EXPECT_TRUE(found->is_private);
  EXPECT_EQ(found->gating, Gating::Manual);
  EXPECT_EQ(found->default_branch, "trunk");
  EXPECT_EQ(found->likes, 3);
  EXPECT_EQ(found->trending, 0.1);
  EXPECT_EQ(found->card.tags, (std::vector<std::string>{"en", "bert"}));
  EXPECT_EQ(found->card.used_bytes, 1ull << 40);
  EXPECT_TRUE(read([&](db::Session& s) { return repos::find_by_id(s, repo.id); }).value());
  EXPECT_FALSE(read([](db::Session& s) {
                 return repos::find(s, name_of("Alice/BERT", RepoType::Dataset));
               }).value());
}

TEST_P(Repos, AnotherSpellingOfATakenNameIsAConflict) {
  add_repo(alice_, "bert");
  Repo same;
  same.name = name_of("ALICE/Bert");
  same.namespace_id = alice_.id;
  EXPECT_EQ(write([&](db::Session& s) { return repos::create(s, same); }).error().code(),
            Code::Conflict);
  same.name.type = RepoType::Dataset;
  EXPECT_TRUE(write([&](db::Session& s) { return repos::create(s, same); }));
}

TEST_P(Repos, SettingsChangeAlone) {
  Repo repo = add_repo(alice_, "bert");
  repo.is_private = repo.is_disabled = repo.discussions_disabled = true;
  repo.gating = Gating::Auto;
  repo.default_branch = "dev";
  repo.likes = 99;
  ASSERT_TRUE(write([&](db::Session& s) { return repos::update_settings(s, repo); }));
  auto found = find("Alice/bert");
  EXPECT_TRUE(found->is_private && found->is_disabled && found->discussions_disabled);
  EXPECT_EQ(found->gating, Gating::Auto);
  EXPECT_EQ(found->default_branch, "dev");
  EXPECT_EQ(found->likes, 0);
  repo.id = 999;
  EXPECT_EQ(write([&](db::Session& s) { return repos::update_settings(s, repo); }).error().code(),
            Code::NotFound);
}

TEST_P(Repos, AnOldNameIsKeptForTheRepositoryThatLeftIt) {
  const Repo bert = add_repo(alice_, "bert");
  const Repo other = add_repo(alice_, "other");
  auto move = [&](const Repo& repo, std::string_view from, std::string_view to) {
    return write([&](db::Session& s) -> Status {
      EMB_DO(repos::rename(s, repo.id, name_of(to), alice_.id));
      return repos::add_redirect(s, name_of(from), repo.id);
    });
  };
  ASSERT_TRUE(move(bert, "Alice/bert", "Alice/bert2"));
  EXPECT_FALSE(find("Alice/bert"));
  EXPECT_EQ(find("alice/BERT2")->id, bert.id);
  EXPECT_EQ(
      read([](db::Session& s) { return repos::find_redirect(s, name_of("alice/Bert")); }).value(),
      bert.id);

  Repo thief;
  thief.name = name_of("Alice/bert");
  thief.namespace_id = alice_.id;
  EXPECT_EQ(write([&](db::Session& s) { return repos::create(s, thief); }).error().code(),
            Code::Conflict);
  EXPECT_EQ(move(other, "Alice/other", "Alice/bert").error().code(), Code::Conflict);
  EXPECT_EQ(move(other, "Alice/other", "Alice/bert2").error().code(), Code::Conflict);
  EXPECT_TRUE(find("Alice/other"));

  ASSERT_TRUE(move(bert, "Alice/bert2", "Alice/bert"));  // home again
  EXPECT_FALSE(
      read([](db::Session& s) { return repos::find_redirect(s, name_of("Alice/bert")); }).value());
  EXPECT_EQ(
      read([](db::Session& s) { return repos::find_redirect(s, name_of("Alice/bert2")); }).value(),
      bert.id);
  ASSERT_TRUE(write([&](db::Session& s) { return repos::remove(s, bert.id); }));
  EXPECT_TRUE(write([&](db::Session& s) { return repos::create(s, thief); }));
}

TEST_P(Repos, AChangeOfSpellingIsARename) {
  const Repo bert = add_repo(alice_, "bert");
  ASSERT_TRUE(write(
      [&](db::Session& s) { return repos::rename(s, bert.id, name_of("Alice/BERT"), alice_.id); }));
  EXPECT_EQ(find("alice/bert")->name.name, "BERT");
}

TEST_P(Repos, ARefChangesOnlyFromWhatWasExpected) {
  const Repo repo = add_repo(alice_, "bert");
  constexpr auto kMain = "refs/heads/main";
  EXPECT_EQ(change(repo.id, kMain, kOidA, kOidB).error().code(), Code::Conflict);
  EXPECT_TRUE(change(repo.id, kMain, std::nullopt, std::nullopt));
  EXPECT_TRUE(change(repo.id, kMain, std::nullopt, kOidA));
  EXPECT_EQ(change(repo.id, kMain, std::nullopt, kOidB).error().code(), Code::Conflict);
  EXPECT_EQ(change(repo.id, kMain, std::nullopt, std::nullopt).error().code(), Code::Conflict);
  EXPECT_EQ(change(repo.id, kMain, kOidC, kOidB).error().code(), Code::Conflict);
  EXPECT_TRUE(change(repo.id, kMain, kOidA, kOidB));
  EXPECT_EQ(change(repo.id, kMain, kOidA, std::nullopt).error().code(), Code::Conflict);
  EXPECT_EQ(read([&](db::Session& s) { return repos::find_ref(s, repo.id, kMain); }).value()->oid,
            kOidB);
  EXPECT_TRUE(change(repo.id, "refs/heads/dev", std::nullopt, kOidC));
  auto refs = read([&](db::Session& s) { return repos::refs(s, repo.id); }).value();
  ASSERT_EQ(refs.size(), 2u);
  EXPECT_EQ(refs[0].name, "refs/heads/dev");
  EXPECT_TRUE(change(repo.id, kMain, kOidB, std::nullopt));
  EXPECT_FALSE(read([&](db::Session& s) { return repos::find_ref(s, repo.id, kMain); }).value());
}

TEST_P(Repos, OfTwoWritersOfARefOneWins) {
  const Repo repo = add_repo(alice_, "bert");
  ASSERT_TRUE(change(repo.id, "refs/heads/main", std::nullopt, kOidA));
  for (int round = 0; round < 10; ++round) {
    std::optional<Status> first, second;
    const bool forward = round % 2 == 0;
    const auto& from = forward ? kOidA : kOidB;
    const auto& to = forward ? kOidB : kOidA;
    auto attempt = [&](std::optional<Status>& out) {
      out = change(repo.id, "refs/heads/main", from, to);
    };
    std::thread one([&] { attempt(first); });
    std::thread two([&] { attempt(second); });
    one.join();
    two.join();
    ASSERT_NE(first->has_value(), second->has_value());
    EXPECT_EQ((first->has_value() ? *second : *first).error().code(), Code::Conflict);
  }
}

TEST_P(Repos, OfTwoWritersOfANewRefOneWins) {
  const Repo repo = add_repo(alice_, "bert");
  for (int round = 0; round < 10; ++round) {
    const std::string name = cat("refs/heads/b", round);
    std::optional<Status> first, second;
    std::thread one([&] { first = change(repo.id, name, std::nullopt, kOidA); });
    std::thread two([&] { second = change(repo.id, name, std::nullopt, kOidB); });
    one.join();
    two.join();
    ASSERT_NE(first->has_value(), second->has_value());
    EXPECT_EQ((first->has_value() ? *second : *first).error().code(), Code::Conflict);
  }
}

TEST_P(Repos, TouchCountsAndKeepsWhatIsNotGiven) {
  const Repo repo = add_repo(alice_, "bert");
  ASSERT_TRUE(write([&](db::Session& s) { return repos::touch(s, repo.id, kOidA, 77); }));
  ASSERT_TRUE(
      write([&](db::Session& s) { return repos::touch(s, repo.id, std::nullopt, std::nullopt); }));
  auto found = find("Alice/bert");
  EXPECT_EQ(found->refs_version, 2);
  EXPECT_EQ(found->head_oid, kOidA);
  EXPECT_EQ(found->modified_ms, 77);
}

TEST_P(Repos, PacksAreReplacedOnce) {
  const Repo repo = add_repo(alice_, "bert");
  const PackRow a{"pack-a", 10, 1}, b{"pack-b", 20, 2}, folded{"pack-c", 25, 3};
  ASSERT_TRUE(write([&](db::Session& s) -> Status {
    EMB_DO(repos::add_pack(s, repo.id, a));
    EMB_DO(repos::add_pack(s, repo.id, a));
    return repos::add_pack(s, repo.id, b);
  }));
  ASSERT_TRUE(
      write([&](db::Session& s) { return repos::replace_packs(s, repo.id, {a, b}, {folded}); }));
  auto late = write([&](db::Session& s) {
    return repos::replace_packs(s, repo.id, {a, b}, {PackRow{"pack-d", 25, 3}});
  });
  EXPECT_EQ(late.error().code(), Code::Conflict);
  auto packs = read([&](db::Session& s) { return repos::packs(s, repo.id); }).value();
  ASSERT_EQ(packs.size(), 1u);
  EXPECT_EQ(packs[0].name, "pack-c");
  EXPECT_EQ(packs[0].size_bytes, 25u);
  EXPECT_EQ(packs[0].objects, 3u);
}

TEST_P(Repos, TheCardIsReplacedAndBadTagsAreLeftOut) {
  const Repo repo = add_repo(alice_, "bert");
  CardIndex card{.card_json = R"({"license":"mit"})",
                 .tags = {"b", "a", "b", "", "two\nlines", "\xff"},
                 .pipeline_tag = "fill-mask",
                 .library_name = "transformers",
                 .license = "mit",
                 .sdk = "docker",
                 .description = "d",
                 .config_json = "{}",
                 .safetensors_json = R"({"total":5})",
                 .num_parameters = 5,
                 .used_bytes = 6};
  ASSERT_TRUE(write([&](db::Session& s) { return repos::set_card(s, repo.id, card); }));
  auto found = find("Alice/bert");
  EXPECT_EQ(found->card.tags, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(found->card.card_json, card.card_json);
  EXPECT_EQ(found->card.pipeline_tag, "fill-mask");
  EXPECT_EQ(found->card.library_name, "transformers");
  EXPECT_EQ(found->card.license, "mit");
  EXPECT_EQ(found->card.sdk, "docker");
  EXPECT_EQ(found->card.description, "d");
  EXPECT_EQ(found->card.config_json, "{}");
  EXPECT_EQ(found->card.safetensors_json, card.safetensors_json);
  EXPECT_EQ(found->card.num_parameters, 5);
  EXPECT_EQ(found->card.used_bytes, 6u);
  card.card_json = "\xff";
  EXPECT_EQ(write([&](db::Session& s) { return repos::set_card(s, repo.id, card); }).error().code(),
            Code::InvalidArgument);
}

TEST_P(Repos, DownloadsLeaveTheWindowAfterThirtyDays) {
  constexpr Millis kDay = 86'400'000;
  const Repo repo = add_repo(alice_, "bert");
  auto count = [&](Millis at, std::int64_t times) {
    ASSERT_TRUE(
        write([&](db::Session& s) { return repos::count_downloads(s, repo.id, times, at); }));
  };
  count(100 * kDay, 1);
  count(100 * kDay + 5, 4);
  count(110 * kDay, 2);
  EXPECT_EQ(find("Alice/bert")->downloads, 7);
  auto refresh = [&](Millis at) {
    ASSERT_TRUE(write([&](db::Session& s) { return repos::refresh_download_windows(s, at); }));
  };
  refresh(129 * kDay);
  EXPECT_EQ(find("Alice/bert")->downloads, 7);
  refresh(130 * kDay);
  EXPECT_EQ(find("Alice/bert")->downloads, 2);
  refresh(200 * kDay);
  EXPECT_EQ(find("Alice/bert")->downloads, 0);
  EXPECT_EQ(find("Alice/bert")->downloads_all, 7);
  EXPECT_TRUE(write([](db::Session& s) { return repos::count_downloads(s, 999, 1, kDay); }));
}

TEST_P(Repos, LfsLinksArePagedCopiedAndForgotten) {
  const Repo bert = add_repo(alice_, "bert");
  const Repo copy = add_repo(alice_, "copy");
  const std::vector<LfsLink> links = {{digest_of(2), 20}, {digest_of(1), 10}};
  for (const auto& link : links) add_file(link.sha256, link.size_bytes);
  ASSERT_TRUE(write([&](db::Session& s) -> Status {
    EMB_DO(repos::link_lfs(s, bert.id, links, 5));
    return repos::link_lfs(s, bert.id, links, 6);
  }));
  EXPECT_EQ(read([&](db::Session& s) { return repos::find_lfs(s, bert.id, digest_of(2)); })
                .value()
                ->size_bytes,
            20u);
  EXPECT_FALSE(
      read([&](db::Session& s) { return repos::find_lfs(s, copy.id, digest_of(2)); }).value());
  auto first = read([&](db::Session& s) { return repos::lfs_links(s, bert.id, "", 1); }).value();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].link.sha256, digest_of(1));
  EXPECT_EQ(first[0].linked_ms, 5);
  auto rest = read([&](db::Session& s) {
                return repos::lfs_links(s, bert.id, digest_of(1).hex(), 9);
              }).value();
  ASSERT_EQ(rest.size(), 1u);
  ASSERT_TRUE(write([&](db::Session& s) { return repos::copy_lfs_links(s, bert.id, copy.id, 9); }));
  EXPECT_EQ(read([&](db::Session& s) { return repos::lfs_links(s, copy.id, "", 9); })
                .value()[0]
                .linked_ms,
            9);
  ASSERT_TRUE(write([&](db::Session& s) { return repos::unlink_lfs(s, bert.id, digest_of(1)); }));
  EXPECT_TRUE(
      read([](db::Session& s) { return repos::is_lfs_linked_anywhere(s, digest_of(1)); }).value());
  ASSERT_TRUE(write([&](db::Session& s) { return repos::unlink_lfs(s, copy.id, digest_of(1)); }));
  EXPECT_FALSE(
      read([](db::Session& s) { return repos::is_lfs_linked_anywhere(s, digest_of(1)); }).value());
}

TEST_P(Repos, APathIsLockedOnce) {
  const Repo repo = add_repo(alice_, "bert");
  const LfsLock wanted{.repo_id = repo.id,
                       .path = "a.bin",
                       .ref = "refs/heads/main",
                       .owner_id = alice_.id,
                       .owner_name = "",
                       .locked_ms = 4};
  const LfsLock lock = write([&](db::Session& s) { return repos::create_lock(s, wanted); }).value();
  EXPECT_EQ(lock.owner_name, "Alice");
  EXPECT_EQ(write([&](db::Session& s) { return repos::create_lock(s, wanted); }).error().code(),
            Code::Conflict);
  LfsLock another = wanted;
  another.path = "b.bin";
  ASSERT_TRUE(write([&](db::Session& s) { return repos::create_lock(s, another); }));
  EXPECT_EQ(
      read([&](db::Session& s) { return repos::locks(s, repo.id, "", 0, 10); }).value().size(), 2u);
  EXPECT_EQ(read([&](db::Session& s) { return repos::locks(s, repo.id, "", lock.id, 10); })
                .value()[0]
                .path,
            "b.bin");
  EXPECT_EQ(
      read([&](db::Session& s) { return repos::locks(s, repo.id, "a.bin", 0, 10); }).value().size(),
      1u);
  EXPECT_EQ(read([&](db::Session& s) { return repos::find_lock(s, repo.id, lock.id); })
                .value()
                ->locked_ms,
            4);
  ASSERT_TRUE(write([&](db::Session& s) { return repos::remove_lock(s, repo.id, lock.id); }));
  EXPECT_EQ(
      write([&](db::Session& s) { return repos::remove_lock(s, repo.id, lock.id); }).error().code(),
      Code::NotFound);
}

TEST_P(Repos, PullRequestsAreNumberedFromOneInEachRepository) {
  const Repo repo = add_repo(alice_, "bert");
  const Repo other = add_repo(alice_, "other");
  auto open = [&](std::int64_t repo_id, std::string title) {
    const PullRequest pull{.repo_id = repo_id,
                           .title = std::move(title),
                           .description = "why",
                           .base_ref = "refs/heads/main",
                           .author_id = alice_.id,
                           .author_name = "",
                           .created_ms = 8};
    return write([&](db::Session& s) { return repos::create_pull(s, pull); });
  };
  EXPECT_EQ(open(repo.id, "first")->number, 1);
  EXPECT_EQ(open(repo.id, "second")->number, 2);
  EXPECT_EQ(open(other.id, "third")->number, 1);
  EXPECT_EQ(open(999, "nowhere").error().code(), Code::NotFound);
  auto found = read([&](db::Session& s) { return repos::find_pull(s, repo.id, 2); }).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->title, "second");
  EXPECT_EQ(found->author_name, "Alice");
  EXPECT_EQ(found->status, PullStatus::Open);
  ASSERT_TRUE(write(
      [&](db::Session& s) { return repos::set_pull_status(s, repo.id, 2, PullStatus::Merged); }));
  const auto pulls = [&](const repos::PullFilter& filter, std::size_t skip, std::size_t limit) {
    return read([&](db::Session& s) { return repos::pulls(s, repo.id, filter, skip, limit); })
        .value();
  };
  ASSERT_EQ(pulls({}, 0, 1).pulls.size(), 1u);
  EXPECT_EQ(pulls({}, 0, 1).total, 2u);
  EXPECT_EQ(pulls({}, 0, 1).pulls[0].status, PullStatus::Merged);
  EXPECT_EQ(pulls({}, 1, 9).pulls[0].number, 1);
  EXPECT_EQ(pulls({.is_open = true, .author = ""}, 0, 9).pulls[0].number, 1);
  EXPECT_EQ(pulls({.is_open = false, .author = "ALICE"}, 0, 9).pulls[0].number, 2);
  EXPECT_EQ(pulls({.is_open = std::nullopt, .author = "nobody"}, 0, 9).total, 0u);
  EXPECT_EQ(write([&](db::Session& s) {
              return repos::set_pull_status(s, repo.id, 9, PullStatus::Closed);
            })
                .error()
                .code(),
            Code::NotFound);
}

TEST_P(Repos, EventsComeInOrder) {
  ASSERT_TRUE(write([](db::Session& s) -> Status {
    EMB_DO(repos::add_event(s, Event{"repo.created", 5, 6, "{}"}, 7));
    return repos::add_event(s, Event{"repo.deleted", 5, 6, R"({"id":"a/b"})"}, 8);
  }));
  auto all = read([](db::Session& s) { return repos::events_after(s, 0, 10); }).value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].event.kind, "repo.created");
  EXPECT_EQ(all[1].event.json, R"({"id":"a/b"})");
  EXPECT_EQ(
      read([&](db::Session& s) { return repos::events_after(s, all[0].id, 10); }).value().size(),
      1u);
}

TEST_P(Repos, RemovingTakesEveryRowThatHangsOnIt) {
  Repo with_tags;
  with_tags.card.tags = {"en"};
  const Repo repo = add_repo(alice_, "bert", with_tags);
  add_file(digest_of(1), 1);
  ASSERT_TRUE(write([&](db::Session& s) -> Status {
    EMB_DO(repos::change_ref(s, repo.id, "refs/heads/main", std::nullopt, kOidA));
    EMB_DO(repos::add_pack(s, repo.id, {"pack-a", 1, 1}));
    EMB_DO(repos::link_lfs(s, repo.id, {{digest_of(1), 1}}, 1));
    EMB_DO(repos::count_downloads(s, repo.id, 1, 1));
    EMB_DO(repos::add_redirect(s, name_of("Alice/old"), repo.id));
    EMB_DO(repos::create_lock(
        s, {.repo_id = repo.id, .path = "a", .ref = "", .owner_id = alice_.id, .owner_name = ""}));
    EMB_DO(repos::create_pull(s, {.repo_id = repo.id,
                                  .title = "t",
                                  .description = "",
                                  .base_ref = "",
                                  .author_id = alice_.id,
                                  .author_name = ""}));
    return repos::remove(s, repo.id);
  }));
  for (const char* table : {"repos", "repo_tags", "refs", "packs", "repo_lfs", "repo_downloads",
                            "repo_redirects", "lfs_locks", "pulls"}) {
    auto left = read([&](db::Session& s) {
                  return s.row<std::int64_t>(cat("SELECT count(*) FROM ", table));
                }).value();
    EXPECT_EQ(std::get<0>(*left), 0) << table;
  }
  EXPECT_EQ(write([&](db::Session& s) { return repos::remove(s, repo.id); }).error().code(),
            Code::NotFound);
}

}  // namespace
}  // namespace embrace::meta
