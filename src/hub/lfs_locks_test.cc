#include <gtest/gtest.h>

#include "base/strings.h"
#include "hub/hub_fixture.h"
#include "hub/lfs.h"

namespace embrace::hub {
namespace {

class LfsLocksTest : public HubTest {
 protected:
  LfsLocksTest() : alice(user("alice")) {
    organization("acme", "alice");
    user("bob");
    join("acme", "bob", meta::Role::Write);
    alice = user("alice");
    bob = user("bob");
    repo = make_repo(alice, "acme/bert");
  }
  Result<meta::LfsLock> lock(const auth::Caller& caller, std::string path) {
    return create_lock(services(), blocking, caller, name("acme/bert"), std::move(path),
                       "refs/heads/main");
  }
  Result<LockPage> list(std::string_view path = "", std::optional<std::int64_t> id = std::nullopt,
                        std::int64_t after = 0, std::size_t limit = 0) {
    return list_locks(services(), blocking, alice, name("acme/bert"), path, id, after, limit,
                      auth::Right::Read);
  }

  auth::Caller alice, bob;
  meta::Repo repo;
};

TEST_F(LfsLocksTest, APathIsLockedOnceAndTheConflictTellsByWhom) {
  const auto held = must(lock(bob, "a.psd"));
  EXPECT_EQ(held.owner_name, "bob");
  EXPECT_EQ(held.path, "a.psd");
  EXPECT_EQ(held.locked_ms, clock.now_ms());
  const auto second = lock(alice, "a.psd");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::Conflict);
  EXPECT_EQ(second.error().fact("lock_id"), cat(held.id));
  EXPECT_EQ(second.error().fact("lock_owner"), "bob");
  EXPECT_TRUE(lock(alice, "b.psd"));
}

TEST_F(LfsLocksTest, ListingPagesAndFilters) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(lock(bob, cat("f", i)));
  const auto first = must(list("", std::nullopt, 0, 2));
  ASSERT_EQ(first.locks.size(), 2u);
  ASSERT_TRUE(first.next);
  const auto second = must(list("", std::nullopt, *first.next, 3));
  ASSERT_EQ(second.locks.size(), 3u);
  EXPECT_FALSE(second.next);
  EXPECT_EQ(must(list("f3")).locks.size(), 1u);
  EXPECT_EQ(must(list("", first.locks[1].id)).locks.at(0).path, "f1");
  EXPECT_TRUE(must(list("f0", first.locks[1].id)).locks.empty());
  EXPECT_TRUE(must(list("", 999)).locks.empty());
}

TEST_F(LfsLocksTest, OthersLocksYieldOnlyToAdministratorsWithForce) {
  const auto of_bob = must(lock(bob, "a")), of_alice = must(lock(alice, "b"));
  EXPECT_EQ(unlock(services(), blocking, alice, name("acme/bert"), of_bob.id, false).error().code(),
            Code::Denied);
  EXPECT_EQ(unlock(services(), blocking, bob, name("acme/bert"), of_alice.id, true).error().code(),
            Code::Denied);
  EXPECT_TRUE(unlock(services(), blocking, alice, name("acme/bert"), of_bob.id, true));
  EXPECT_TRUE(unlock(services(), blocking, alice, name("acme/bert"), of_alice.id, false));
  EXPECT_EQ(
      unlock(services(), blocking, alice, name("acme/bert"), of_alice.id, false).error().code(),
      Code::NotFound);
}

TEST_F(LfsLocksTest, LockingNeedsWriteAndAUsablePath) {
  EXPECT_EQ(lock(user("eve"), "a").error().code(), Code::Denied);
  EXPECT_EQ(lock(bob, "../a").error().code(), Code::Unusable);
  EXPECT_EQ(list_locks(services(), blocking, user("eve"), name("acme/bert"), "", std::nullopt, 0, 0,
                       auth::Right::Write)
                .error()
                .code(),
            Code::Denied);
}

}  // namespace
}  // namespace embrace::hub
