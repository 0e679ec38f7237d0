#include <gtest/gtest.h>

#include <algorithm>

#include "base/strings.h"
#include "hub/doctor.h"
#include "hub/hub_fixture.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

class DoctorStoreTest : public HubTest {
 protected:
  DoctorStoreTest() : alice(user("alice")), repo(make_repo(alice, "alice/bert")) {}
  std::vector<Finding> found(Finding::Gravity gravity) {
    auto report = must(examine(services(), blocking, {}));
    std::erase_if(report.findings, [&](const Finding& f) { return f.gravity != gravity; });
    return report.findings;
  }
  std::vector<Finding> errors() { return found(Finding::Gravity::Error); }
  static bool says(const std::vector<Finding>& findings, std::string_view what) {
    return std::ranges::any_of(findings, [&](const Finding& f) {
      return f.what.contains(what) || f.where.contains(what);
    });
  }
  blob::Key only_blob() {
    auto page = must(backend->list(blocking, "xorbs/", "", 10));
    EXPECT_EQ(page.items.size(), 1u);
    return page.items.at(0).key;
  }

  auth::Caller alice;
  meta::Repo repo;
};

TEST_F(DoctorStoreTest, AStoreAsItShouldBeHasNoFindings) {
  put_lfs_file(alice, repo, "a.bin", "the weights");
  put_lfs_file(alice, repo, "empty.bin", "");
  const auto report = must(examine(services(), blocking, {}));
  EXPECT_EQ(report.xorbs, 1u);
  EXPECT_TRUE(report.findings.empty()) << report.findings.front().what;
}

TEST_F(DoctorStoreTest, AXorbWithoutItsBlobIsAnError) {
  put_lfs_file(alice, repo, "a.bin", "the weights");
  must(backend->remove(blocking, only_blob()));
  const auto list = must(catalog->list_xorbs(blocking, 0, 10));
  EXPECT_TRUE(says(errors(), cat("xorb ", list.at(0).hash.text())));
}

TEST_F(DoctorStoreTest, ALinkToAFileThatIsGoneIsAnErrorThoughNoRefReachesIt) {
  const auto sha256 = put_object("sent, not committed");
  must(database->write(blocking, [&](db::Session& s) {
    return meta::repos::link_lfs(s, repo.id, {{sha256, 19}}, clock.now_ms());
  }));
  EXPECT_TRUE(errors().empty());
  must(objects->remove(blocking, sha256));
  const auto list = errors();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_TRUE(says(list, sha256.hex()));
  EXPECT_TRUE(says(list, "a repository links to it: the object is missing"));
}

TEST_F(DoctorStoreTest, ABlobThatNoRowNamesIsANote) {
  put_lfs_file(alice, repo, "a.bin", "the weights");
  const auto key = only_blob();
  auto writer = must(backend->create(blocking));
  must(writer->write(blocking, "left by a crash"));
  auto twin = key.text();
  twin.back() = twin.back() == '0' ? '1' : '0';  // another nonce
  must(writer->commit(blocking, must(blob::Key::parse(twin))));
  EXPECT_TRUE(errors().empty());
  EXPECT_TRUE(says(found(Finding::Gravity::Note), "named by no row"));
}

}  // namespace
}  // namespace embrace::hub
