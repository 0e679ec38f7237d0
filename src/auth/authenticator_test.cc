#include "auth/authenticator.h"

#include <gtest/gtest.h>

#include <functional>

#include "auth/caller_cache.h"
#include "auth/throttle.h"
#include "auth/tries.h"
#include "base/strings.h"
#include "crypto/secrets.h"
#include "crypto/sha256.h"
#include "meta/accounts.h"
#include "meta/schema.h"
#include "testing/fake_clock.h"
#include "testing/temp_folder.h"

namespace embrace::auth {
namespace {

using Kind = Credentials::Kind;

class AuthenticatorTest : public ::testing::Test {
 protected:
  template <class F>
  auto write(F fn) {
    return database_->write(blocking_, fn);
  }

  void SetUp() override {
    database_ = db::Database::open(blocking_, {.url = "sqlite://" + folder_ / "hub.db",
                                               .sync_every_commit = false})
                    .value();
    ASSERT_TRUE(db::migrate(blocking_, *database_, meta::migrations()));
    meta::Account alice;
    alice.name = "alice";
    alice.password_hash = crypto::hash_password("correct horse", {.memory_kib = 64, .passes = 1});
    alice_ = write([&](db::Session& s) { return meta::accounts::create(s, alice); }).value();
    auth_ = std::make_unique<Authenticator>(*database_, clock_);
  }

  meta::Token add_token(std::string_view value, std::optional<Millis> expires_ms = std::nullopt) {
    meta::Token token;
    token.user_id = alice_.id;
    token.role = meta::TokenRole::Write;
    token.secret_sha256 = crypto::sha256(value);
    token.expires_ms = expires_ms;
    return write([&](db::Session& s) { return meta::accounts::create_token(s, token); }).value();
  }
  static Credentials token(std::string_view value) {
    return Credentials::parse(cat("Bearer ", value), std::nullopt);
  }
  static Credentials password(std::string_view user, std::string_view word) {
    return Credentials::parse("Basic " + to_base64(cat(user, ':', word)), std::nullopt);
  }
  static Credentials cookie(std::string_view value) {
    return Credentials::parse(std::nullopt, cat(kSessionCookie, '=', value));
  }
  Result<Caller> ask(const Credentials& credentials, std::string_view peer = "10.0.0.1") {
    return auth_->authenticate(blocking_, credentials, peer);
  }
  static void expect_refused(const Result<Caller>& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Code::Unauthenticated);
    EXPECT_EQ(answer.error().tag(), Tag::InvalidCredentials);
    EXPECT_EQ(answer.error().message(), "Invalid credentials in Authorization header");
  }

  const rt::Blocking blocking_ = rt::Blocking::on_main_thread();
  ::testing::TempFolder folder_;
  ::testing::FakeClock clock_;
  std::unique_ptr<db::Database> database_;
  meta::Account alice_;
  std::unique_ptr<Authenticator> auth_;
};

// Does something the second time that it is asked: between the check of a password and the writing
// of its session.
class BusyClock : public Clock {
 public:
  explicit BusyClock(std::function<void()> work) : work_(std::move(work)) {}
  Millis now_ms() const override {
    if (++reads_ == 2) work_();
    return 1'700'000'000'000;
  }

 private:
  std::function<void()> work_;
  mutable int reads_ = 0;
};

TEST_F(AuthenticatorTest, AReplacedPasswordMakesNoSession) {
  bool is_replaced = false;
  BusyClock clock([&] {
    alice_.password_hash = crypto::hash_password("battery staple", {.memory_kib = 64, .passes = 1});
    is_replaced = write([&](db::Session& s) -> Status {
                    EMB_DO(meta::accounts::remove_sessions_of(s, alice_.id));
                    return meta::accounts::update(s, alice_);
                  }).has_value();
  });
  Authenticator authenticator(*database_, clock);
  const auto session = authenticator.log_in(blocking_, "alice", "correct horse", "10.0.0.1");
  ASSERT_TRUE(is_replaced);
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().tag(), Tag::InvalidCredentials);
  EXPECT_TRUE(authenticator.log_in(blocking_, "alice", "battery staple", "10.0.0.1"));
}

TEST_F(AuthenticatorTest, NothingIsAnonymousAndNonsenseIsRefused) {
  EXPECT_TRUE(ask({})->is_anonymous());
  EXPECT_TRUE(auth_->find_cached({})->is_anonymous());
  expect_refused(ask(Credentials::parse("nonsense", std::nullopt)));
  expect_refused(ask(token("hf_unknown")));
  expect_refused(ask(cookie("unknown")));
}

TEST_F(AuthenticatorTest, ATokenBringsItsUserAndMemberships) {
  meta::Account acme;
  acme.kind = meta::AccountKind::Organization;
  acme.name = "acme";
  acme = write([&](db::Session& s) { return meta::accounts::create(s, acme); }).value();
  ASSERT_TRUE(write([&](db::Session& s) {
    return meta::accounts::set_member(s, acme.id, alice_.id, meta::Role::Write);
  }));
  add_token("hf_one");
  EXPECT_FALSE(auth_->find_cached(token("hf_one")));
  const auto caller = ask(token("hf_one"));
  ASSERT_TRUE(caller) << caller.error().message();
  EXPECT_EQ(caller->name(), "alice");
  EXPECT_EQ(caller->token->role, meta::TokenRole::Write);
  EXPECT_EQ(caller->role_in(acme.id), meta::Role::Write);
  EXPECT_EQ(caller->role_in(alice_.id), meta::Role::Admin);
  EXPECT_EQ(auth_->find_cached(token("hf_one"))->id(), alice_.id);
  EXPECT_FALSE(auth_->find_cached(cookie("hf_one")));  // another kind of secret
}

TEST_F(AuthenticatorTest, ARevokedTokenStopsWithinTheCacheTimeOrAtOnceWhenForgotten) {
  const auto first = add_token("hf_one");
  const auto second = add_token("hf_two");
  ASSERT_TRUE(ask(token("hf_one")));
  ASSERT_TRUE(ask(token("hf_two")));
  ASSERT_TRUE(write([&](db::Session& s) -> Status {
    EMB_DO(meta::accounts::remove_token(s, alice_.id, first.id));
    return meta::accounts::remove_token(s, alice_.id, second.id);
  }));
  EXPECT_TRUE(ask(token("hf_one")));
  clock_.advance_ms(kCacheSeconds * 1000);
  expect_refused(ask(token("hf_one")));
  auth_->forget(alice_.id);
  expect_refused(ask(token("hf_two")));
}

TEST_F(AuthenticatorTest, ATokenExpiresEvenWhileCached) {
  add_token("hf_one", clock_.now_ms() + 2000);
  ASSERT_TRUE(ask(token("hf_one")));
  clock_.advance_ms(2000);
  EXPECT_FALSE(auth_->find_cached(token("hf_one")));
  expect_refused(ask(token("hf_one")));
}

TEST_F(AuthenticatorTest, ADisabledUserIsRefused) {
  add_token("hf_one");
  alice_.is_disabled = true;
  ASSERT_TRUE(write([&](db::Session& s) { return meta::accounts::update(s, alice_); }));
  expect_refused(ask(token("hf_one")));
  expect_refused(ask(password("alice", "correct horse")));
}

TEST_F(AuthenticatorTest, UseIsNotedOnceAMinute) {
  add_token("hf_one");
  auto used = [&] {
    return database_
        ->read(
            blocking_,
            [](db::Session& s) { return meta::accounts::find_token(s, crypto::sha256("hf_one")); })
        .value()
        ->used_ms;
  };
  ASSERT_TRUE(ask(token("hf_one")));
  const Millis first = clock_.now_ms();
  EXPECT_EQ(used(), first);
  clock_.advance_ms(59'000);
  ASSERT_TRUE(ask(token("hf_one")));
  EXPECT_EQ(used(), first);
  clock_.advance_ms(6'000);
  ASSERT_TRUE(ask(token("hf_one")));
  EXPECT_EQ(used(), first + 65'000);
}

TEST_F(AuthenticatorTest, PasswordsWorkAndHaveNoToken) {
  const auto caller = ask(password("ALICE", "correct horse"));
  ASSERT_TRUE(caller) << caller.error().message();
  EXPECT_FALSE(caller->token);
  EXPECT_TRUE(caller->may_write());
  expect_refused(ask(password("alice", "wrong")));
  expect_refused(ask(password("nobody", "correct horse")));
  expect_refused(ask(password("alice", "")));
}

TEST_F(AuthenticatorTest, TenBadPasswordsForAUserLockOutTheirPeerAndNobodyElse) {
  for (int i = 0; i < 10; ++i) expect_refused(ask(password("alice", "wrong"), "10.0.1.1"));
  const auto refused = ask(password("Alice", "correct horse"), "10.0.1.1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::TooMany);
  EXPECT_EQ(refused.error().fact("retry_after"), "300");
  EXPECT_TRUE(ask(password("alice", "correct horse"), "10.0.2.1"));
  clock_.advance_ms(5 * 60 * 1000);
  EXPECT_TRUE(ask(password("alice", "correct horse"), "10.0.1.1"));
}

TEST_F(AuthenticatorTest, AGoodPasswordCostsItsPeerNothing) {
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(ask(password("alice", "correct horse"))) << i;
    auth_->forget_all();
  }
  for (int i = 0; i < 10; ++i) expect_refused(ask(password("alice", "wrong")));
}

TEST_F(AuthenticatorTest, TenBadPasswordsFromAPeerAreEnough) {
  for (int i = 0; i < 10; ++i) expect_refused(ask(password(cat("user", i), "guess"), "10.6.6.6"));
  EXPECT_EQ(ask(password("alice", "correct horse"), "10.6.6.6").error().code(), Code::TooMany);
  EXPECT_TRUE(ask(password("alice", "correct horse"), "10.0.0.1"));
}

TEST_F(AuthenticatorTest, ASessionLastsFromLogInToLogOut) {
  const auto session = auth_->log_in(blocking_, "alice", "correct horse", "10.0.0.1");
  ASSERT_TRUE(session) << session.error().message();
  EXPECT_EQ(session->cookie.size(), 43u);
  EXPECT_EQ(session->expires_ms, clock_.now_ms() + kSessionDays * Millis{86'400'000});
  EXPECT_EQ(ask(cookie(session->cookie))->id(), alice_.id);
  expect_refused(ask(token(session->cookie)));
  ASSERT_TRUE(auth_->log_out(blocking_, session->cookie));
  expect_refused(ask(cookie(session->cookie)));
  EXPECT_FALSE(auth_->log_in(blocking_, "alice", "wrong", "10.0.0.1"));
}

TEST_F(AuthenticatorTest, ASessionExpires) {
  const auto session = auth_->log_in(blocking_, "alice", "correct horse", "10.0.0.1").value();
  clock_.advance_ms(kSessionDays * Millis{86'400'000});
  expect_refused(ask(cookie(session.cookie)));
}

TEST(Throttle, TheWindowSlides) {
  Throttle throttle({.failures_max = 2, .window_ms = 100, .keys_max = 10});
  throttle.add_failure("a", 0);
  throttle.add_failure("a", 60);
  EXPECT_EQ(throttle.wait_ms("a", 70), 30);
  EXPECT_EQ(throttle.wait_ms("b", 70), 0);
  EXPECT_EQ(throttle.wait_ms("a", 100), 0);
  throttle.add_failure("a", 100);
  EXPECT_EQ(throttle.wait_ms("a", 100), 60);
  throttle.forget("a");
  EXPECT_EQ(throttle.wait_ms("a", 100), 0);
}

TEST(Throttle, ReservingCountsBeforeTheAnswerIsKnown) {
  Throttle throttle({.failures_max = 2, .window_ms = 100, .keys_max = 10});
  EXPECT_EQ(throttle.reserve("a", 0), 0);
  EXPECT_EQ(throttle.reserve("a", 10), 0);
  EXPECT_EQ(throttle.reserve("a", 20), 80) << "two run already";
  throttle.take_back("a", 10);
  EXPECT_EQ(throttle.reserve("a", 30), 0);
  throttle.take_back("a", 77);  // unknown: nothing to take back
  EXPECT_EQ(throttle.reserve("a", 40), 60);
}

TEST(Tries, ManyPeersTogetherReachTheLimitOfAUser) {
  Tries tries;
  for (int i = 0; i < 500; ++i)
    ASSERT_EQ(Tries::Try(tries, "alice", cat("10.0.", i / 200, ".", i % 200), 0).wait_ms(), 0) << i;
  EXPECT_GT(Tries::Try(tries, "alice", "10.9.9.9", 0).wait_ms(), 0);
  EXPECT_EQ(Tries::Try(tries, "bob", "10.9.9.9", 0).wait_ms(), 0);
}

TEST(Tries, APeerIsANetwork) {
  EXPECT_EQ(network_of("10.1.2.3"), "10.1.2.3");
  EXPECT_EQ(network_of("::ffff:10.1.2.3"), "10.1.2.3");
  EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(network_of("2001:db8:1:2::9"), "2001:db8:1:2::/64");
  EXPECT_EQ(network_of("fe80::1%eth0"), "fe80::/64");
  EXPECT_EQ(network_of("nonsense"), "nonsense");
}

TEST(Throttle, KeysAreBounded) {
  Throttle throttle({.failures_max = 1, .window_ms = 100, .keys_max = 2});
  for (const char* key : {"a", "b", "c"}) throttle.add_failure(key, 0);
  EXPECT_EQ(throttle.wait_ms("a", 1), 0);
  EXPECT_GT(throttle.wait_ms("c", 1), 0);
}

TEST(CallerCache, DropsTheLeastRecentlyUsed) {
  CallerCache cache(2, 1000);
  const auto key = [](std::string_view text) { return crypto::sha256(text); };
  cache.put(key("a"), Caller{}, 0, cache.epoch());
  cache.put(key("b"), Caller{}, 0, cache.epoch());
  EXPECT_TRUE(cache.find(key("a"), 1));
  cache.put(key("c"), Caller{}, 0, cache.epoch());
  EXPECT_TRUE(cache.find(key("a"), 1));
  EXPECT_FALSE(cache.find(key("b"), 1));
  EXPECT_FALSE(cache.find(key("a"), 1000));
}

TEST(CallerCache, WhatWasReadBeforeAForgetStaysOut) {
  CallerCache cache(2, 1000);
  const auto key = crypto::sha256("a");
  const auto epoch = cache.epoch();
  cache.forget(1);
  cache.put(key, Caller{}, 0, epoch);
  EXPECT_FALSE(cache.find(key, 1));
}

}  // namespace
}  // namespace embrace::auth
