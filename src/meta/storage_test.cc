#include "meta/storage.h"

#include <atomic>
#include <thread>

#include "meta/meta_contract.h"

namespace embrace::meta {
namespace {

Digest digest_of(unsigned number) {
  return Digest::parse(cat(std::string(62, 'a'), number / 10, number % 10)).value();
}

class Storage : public MetaContract {
 protected:
  void SetUp() override {
    MetaContract::SetUp();
    if (IsSkipped()) return;
    alice_ = add_account("Alice");
    bob_ = add_account("Bob");
    bert_ = add_repo(alice_, "bert");
  }
  Status link(const Repo& repo, unsigned number, Millis now_ms) {
    return write([&](db::Session& s) {
      return repos::link_lfs(s, repo.id, {{digest_of(number), number * 10}}, now_ms);
    });
  }
  bool is_linked(const Repo& repo, unsigned number) {
    return read([&](db::Session& s) { return repos::find_lfs(s, repo.id, digest_of(number)); })
        .value()
        .has_value();
  }
  bool is_there(unsigned number) {
    return read([&](db::Session& s) {
             return s.row<std::int64_t>("SELECT id FROM xet_files WHERE sha256 = :sha256",
                                        digest_of(number).hex());
           })
        .value()
        .has_value();
  }
  Result<bool> drop(unsigned number, Millis before_ms, Millis now_ms = 9000) {
    return write([&](db::Session& s) {
      return storage::drop_unlinked(s, digest_of(number), before_ms, now_ms);
    });
  }
  bool condemn(unsigned number, Millis before_ms, Millis now_ms) {
    return write([&](db::Session& s) {
             return storage::condemn_link(s, bert_.id, digest_of(number), before_ms, now_ms);
           })
        .value();
  }
  bool unlink(unsigned number, Millis before_ms, Millis condemned_before_ms) {
    return write([&](db::Session& s) {
             return storage::remove_condemned_link(s, bert_.id, digest_of(number), before_ms,
                                                   condemned_before_ms, 9000);
           })
        .value();
  }
  std::vector<LfsLink> unlinked(Millis before_ms) {
    return read([&](db::Session& s) { return storage::unlinked_files(s, before_ms, "", 10); })
        .value();
  }

  Account alice_, bob_;
  Repo bert_;
};

TEST_P(Storage, AFileThatIsGoneCanNotBeLinked) {
  const auto linked = link(bert_, 1, 5);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().code(), Code::Unusable);
  EXPECT_TRUE(linked.error().message().contains("upload it again"));
  EXPECT_FALSE(is_linked(bert_, 1));
}

TEST_P(Storage, OnlyFilesWithoutLinksThatNobodyUsedAreDropped) {
  add_file(digest_of(1), 10, 1000);
  add_file(digest_of(2), 20, 1000);
  add_file(digest_of(3), 30, 3000);
  ASSERT_TRUE(link(bert_, 2, 1500));
  ASSERT_EQ(unlinked(2000).size(), 1u);
  EXPECT_EQ(unlinked(2000)[0].sha256, digest_of(1));
  EXPECT_FALSE(drop(2, 9999).value()) << "it is linked";
  EXPECT_FALSE(drop(3, 2000).value()) << "it was used since";
  EXPECT_FALSE(drop(4, 9999).value()) << "it is not there";
  EXPECT_TRUE(drop(1, 2000).value());
  EXPECT_FALSE(is_there(1));
  EXPECT_TRUE(is_there(2));
  EXPECT_TRUE(is_there(3));
}

TEST_P(Storage, OldLinksAreThoseThatNobodyUsed) {
  for (unsigned i = 1; i <= 3; ++i) add_file(digest_of(i), i * 10);
  for (unsigned i = 1; i <= 3; ++i) ASSERT_TRUE(link(bert_, i, 1000));
  ASSERT_TRUE(link(bert_, 2, 3000));
  ASSERT_TRUE(write([&](db::Session& s) {
    return repos::keep_lfs(s, bert_.id, {digest_of(3), digest_of(9)}, 2000, 3000);
  }));
  const auto old = [&](Millis before_ms) {
    return read([&](db::Session& s) { return storage::old_links(s, bert_.id, before_ms); }).value();
  };
  ASSERT_EQ(old(2000).size(), 1u);
  EXPECT_EQ(old(2000)[0].link.sha256, digest_of(1));
  EXPECT_FALSE(old(2000)[0].condemned_ms);
  EXPECT_EQ(old(4000).size(), 3u);
  const auto repos_before = [&](Millis before_ms) {
    return read([&](db::Session& s) { return storage::repos_with_old_links(s, before_ms, 0, 10); })
        .value();
  };
  EXPECT_EQ(repos_before(2000), std::vector<std::int64_t>{bert_.id});
  EXPECT_TRUE(repos_before(500).empty());
}

TEST_P(Storage, ALinkGoesInTwoStepsUnlessItIsUsedMeanwhile) {
  for (unsigned i = 1; i <= 4; ++i) add_file(digest_of(i), i * 10);
  for (unsigned i = 1; i <= 4; ++i) ASSERT_TRUE(link(bert_, i, 1000));
  EXPECT_FALSE(unlink(1, 2000, 9000)) << "not condemned";
  EXPECT_FALSE(condemn(1, 1000, 3000)) << "not old enough";
  for (unsigned i = 1; i <= 4; ++i) EXPECT_TRUE(condemn(i, 2000, 3000));
  EXPECT_FALSE(condemn(1, 2000, 4000)) << "the first time counts";
  EXPECT_FALSE(unlink(1, 2000, 3000)) << "condemned just now";
  ASSERT_TRUE(link(bert_, 2, 3500));
  ASSERT_TRUE(write([&](db::Session& s) -> Status {
    EMB_DO(repos::keep_lfs(s, bert_.id, {digest_of(3)}, 2000, 3500));
    return storage::reprieve_link(s, bert_.id, digest_of(4));
  }));
  EXPECT_TRUE(unlink(1, 9999, 4000));
  for (unsigned i = 2; i <= 4; ++i) EXPECT_FALSE(unlink(i, 9999, 9999)) << i;
  EXPECT_FALSE(is_linked(bert_, 1));
  EXPECT_TRUE(unlinked(9000).empty()) << "the grace of a file begins when it loses its link";
  EXPECT_EQ(unlinked(9001).size(), 1u);
}

TEST_P(Storage, TheRefsVersionMovesOnlyFromWhatWasSeen) {
  const auto move = [&](std::int64_t seen) {
    return write([&](db::Session& s) { return storage::move_refs_version(s, bert_.id, seen); })
        .value();
  };
  EXPECT_TRUE(move(bert_.refs_version));
  EXPECT_FALSE(move(bert_.refs_version));
  EXPECT_TRUE(move(bert_.refs_version + 1));
}

// One of the two wins, and the other one notices.
TEST_P(Storage, AFileIsNeverLinkedAndGone) {
  for (unsigned round = 10; round < 40; ++round) {
    add_file(digest_of(round), 1, 1000);
    std::atomic<bool> is_started = false;
    std::thread dropper([&] {
      while (!is_started) std::this_thread::yield();
      EXPECT_TRUE(drop(round, 2000));
    });
    is_started = true;
    const auto linked = link(bert_, round, 5000);
    dropper.join();
    EXPECT_EQ(linked.has_value(), is_there(round)) << round;
    EXPECT_EQ(linked.has_value(), is_linked(bert_, round)) << round;
  }
}

TEST_P(Storage, ALinkThatBeganBeforeTheDropIsRefused) {
  if (GetParam() == db::Dialect::Sqlite) GTEST_SKIP() << "writers stand in line there";
  add_file(digest_of(1), 10);
  unsigned attempts = 0;
  const auto linked = write([&](db::Session& s) -> Status {
    EMB_DO(s.row<std::int64_t>("SELECT id FROM xet_files LIMIT 1"));  // begins the snapshot
    if (++attempts == 1) std::thread([&] { EXPECT_TRUE(drop(1, 2000).value()); }).join();
    return repos::link_lfs(s, bert_.id, {{digest_of(1), 10}}, 5000);
  });
  EXPECT_EQ(attempts, 2u);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().code(), Code::Unusable);
}

TEST_P(Storage, ADropThatBeganBeforeTheLinkLeavesTheFile) {
  if (GetParam() == db::Dialect::Sqlite) GTEST_SKIP() << "writers stand in line there";
  add_file(digest_of(1), 10);
  add_file(digest_of(2), 20);
  ASSERT_TRUE(link(bert_, 2, 1000));
  const Repo copy = add_repo(alice_, "copy");
  for (unsigned file : {1u, 2u}) {
    unsigned attempts = 0;
    const auto dropped = write([&](db::Session& s) -> Result<bool> {
      EMB_DO(s.row<std::int64_t>("SELECT id FROM xet_files LIMIT 1"));
      if (file == 2) EMB_DO(s.run("DELETE FROM repo_lfs WHERE repo_id = :repo", bert_.id));
      if (++attempts == 1) {
        std::thread([&] {
          if (file == 1) {
            EXPECT_TRUE(link(copy, 1, 5000));
          } else {
            EXPECT_TRUE(write([&](db::Session& other) {
              return repos::copy_lfs_links(other, bert_.id, copy.id, 5000);
            }));
          }
        }).join();
      }
      return storage::drop_unlinked(s, digest_of(file), 2000, 9000);
    });
    EXPECT_EQ(attempts, 2u) << file;
    EXPECT_FALSE(dropped.value()) << file;
    EXPECT_TRUE(is_there(file)) << file;
    EXPECT_TRUE(is_linked(copy, file)) << file;
  }
}

TEST_P(Storage, ANamespaceUsesEachOfItsFilesOnce) {
  const Repo second = add_repo(alice_, "second");
  const Repo foreign = add_repo(bob_, "foreign");
  for (unsigned i = 1; i <= 3; ++i) add_file(digest_of(i), i * 10);
  ASSERT_TRUE(link(bert_, 1, 5));
  ASSERT_TRUE(link(second, 1, 5));
  ASSERT_TRUE(link(second, 2, 5));
  ASSERT_TRUE(link(foreign, 3, 5));
  ASSERT_TRUE(
      write([&](db::Session& s) { return repos::add_pack(s, bert_.id, {"pack-a", 1000, 3}); }));
  const auto used = [&](const Account& owner) {
    return read([&](db::Session& s) { return storage::used_bytes(s, owner.id); }).value();
  };
  EXPECT_EQ(used(alice_), 1030u);
  EXPECT_EQ(used(bob_), 30u);
  const auto added = [&](std::vector<LfsLink> links) {
    return read([&](db::Session& s) { return storage::added_bytes(s, alice_.id, links); }).value();
  };
  EXPECT_EQ(added({{digest_of(1), 10}, {digest_of(2), 20}}), 0u);
  EXPECT_EQ(added({{digest_of(3), 30}, {digest_of(3), 30}, {digest_of(4), 5}}), 35u);
  const auto all = read([&](db::Session& s) { return storage::linked_files(s, "", 10); }).value();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[2].size_bytes, 30u);
}

TEST_P(Storage, ALinkCountsForItsPayerUntilTheNamespaceTakesIt) {
  for (unsigned i = 1; i <= 2; ++i) add_file(digest_of(i), i * 10);
  const auto link_for = [&](unsigned number, std::optional<std::int64_t> payer) {
    ASSERT_TRUE(write([&](db::Session& s) {
      return repos::link_lfs(s, bert_.id, {{digest_of(number), number * 10}}, 5, payer);
    }));
  };
  const auto used = [&](const Account& account) {
    return read([&](db::Session& s) { return storage::used_bytes(s, account.id); }).value();
  };
  const auto added = [&](const Account& account, unsigned number) {
    return read([&](db::Session& s) {
             return storage::added_bytes(s, account.id, {{digest_of(number), number * 10}});
           })
        .value();
  };
  link_for(1, bob_.id);
  link_for(2, std::nullopt);
  EXPECT_EQ(used(alice_), 20u);
  EXPECT_EQ(used(bob_), 10u);
  EXPECT_EQ(added(alice_, 1), 10u);
  EXPECT_EQ(added(bob_, 1), 0u);
  EXPECT_EQ(read([&](db::Session& s) {
              return repos::lfs_of_payers(s, bert_.id, {digest_of(1), digest_of(2)});
            })
                .value()
                .size(),
            1u);
  EXPECT_EQ(read([&](db::Session& s) { return storage::uses(s, 0, 10); })->size(), 2u);
  link_for(2, bob_.id);  // it was there before
  EXPECT_EQ(used(bob_), 10u);
  link_for(1, std::nullopt);
  EXPECT_EQ(used(alice_), 30u);
  EXPECT_EQ(used(bob_), 0u);
}

TEST_P(Storage, AQuotaIsSetLiftedAndLeftToTheDefault) {
  const auto find = [&] {
    return read([&](db::Session& s) { return storage::find_quota(s, alice_.id); }).value();
  };
  const auto set = [&](std::optional<storage::Quota> quota) {
    ASSERT_TRUE(write([&](db::Session& s) { return storage::set_quota(s, alice_.id, quota); }));
  };
  EXPECT_FALSE(find());
  set(storage::Quota{.bytes = 500});
  EXPECT_EQ(find()->bytes, 500u);
  set(storage::Quota{});
  ASSERT_TRUE(find());
  EXPECT_FALSE(find()->bytes);
  const auto uses = read([&](db::Session& s) { return storage::uses(s, 0, 10); }).value();
  ASSERT_EQ(uses.size(), 1u) << "Bob has nothing";
  EXPECT_EQ(uses[0].name, "Alice");
  set(std::nullopt);
  EXPECT_FALSE(find());
}

INSTANTIATE_TEST_SUITE_P(Dialects, Storage, every_dialect(), dialect_name);

}  // namespace
}  // namespace embrace::meta
