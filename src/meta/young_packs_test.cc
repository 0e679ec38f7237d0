#include "meta/young_packs.h"

#include "meta/meta_contract.h"

namespace embrace::meta {
namespace {

class YoungPacks : public MetaContract {};
INSTANTIATE_TEST_SUITE_P(Every, YoungPacks, every_dialect(), dialect_name);

TEST_P(YoungPacks, AreKeptByteForByteUntilTheyAreRemoved) {
  const auto alice = add_account("alice");
  const Repo one = add_repo(alice, "one"), two = add_repo(alice, "two");
  std::string bytes("PACK\0\0\0\2", 8);
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  const young_packs::Row first{"young-1", "a 12\n", bytes}, second{"young-2", "b 12\n", "x"};
  for (const auto& row : {second, first, first}) {
    ASSERT_TRUE(write([&](db::Session& s) { return young_packs::add(s, one.id, row); }));
  }
  ASSERT_TRUE(write([&](db::Session& s) { return young_packs::add(s, two.id, second); }));

  const auto listed =
      read([&](db::Session& s) { return young_packs::list(s, one.id, "", 10); }).value();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].name, "young-1");
  EXPECT_EQ(listed[0].items, "a 12\n");
  EXPECT_EQ(listed[0].bytes, bytes);
  const auto rest =
      read([&](db::Session& s) { return young_packs::list(s, one.id, "young-1", 10); }).value();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].name, "young-2");
  EXPECT_EQ(read([&](db::Session& s) { return young_packs::count(s, one.id); }).value(), 2u);
  EXPECT_EQ(read([](db::Session& s) { return young_packs::repos(s, 0, 10); }).value(),
            (std::vector<std::int64_t>{one.id, two.id}));

  ASSERT_TRUE(write([&](db::Session& s) { return young_packs::remove(s, one.id, {"young-1"}); }));
  EXPECT_EQ(read([&](db::Session& s) { return young_packs::names(s, one.id); }).value(),
            std::vector<std::string>{"young-2"});
  auto again =
      write([&](db::Session& s) { return young_packs::remove(s, one.id, {"young-2", "young-1"}); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::Conflict);
  EXPECT_EQ(read([&](db::Session& s) { return young_packs::count(s, one.id); }).value(), 1u);

  ASSERT_TRUE(write([&](db::Session& s) { return repos::remove(s, one.id); }));
  EXPECT_EQ(read([](db::Session& s) { return young_packs::repos(s, 0, 10); }).value(),
            std::vector<std::int64_t>{two.id});
}

}  // namespace
}  // namespace embrace::meta
