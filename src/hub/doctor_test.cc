#include "hub/doctor.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/strings.h"
#include "blob/local_backend.h"
#include "hub/folders.h"
#include "hub/hub_fixture.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

namespace fs = std::filesystem;

class DoctorTest : public HubTest {
 protected:
  void SetUp() override {
    settings.young_pack_bytes_max = 0;  // packs are damaged here that no row brings back
    acme = user("acme");
    repo = make_repo(acme, "acme/bert");
    put_files(
        acme, repo,
        {{"config.json", "{}"}, {"sub/a.txt", "some text that is long enough to be damaged"}});
    weights = put_lfs_file(acme, repo, "model.bin", "the weights");
    repo = reload(repo);
    repositories.forget(folder_of(repo));
  }
  DoctorReport examine_now() { return must(examine(services(), blocking, {})); }
  static std::string render(const DoctorReport& report) {
    std::string text;
    for (const auto& f : report.findings) text += f.where + ": " + f.what + "\n";
    return text;
  }
  bool has_error(const DoctorReport& report, std::string_view what) {
    return std::ranges::any_of(report.findings, [&](const Finding& f) {
      return f.gravity == Finding::Gravity::Error &&
             (f.what.contains(what) || f.where.contains(what));
    });
  }
  void set_ref(std::string_view ref, const std::optional<std::string>& oid) {
    must(database->write(blocking, [&](db::Session& s) -> Status {
      EMB_TRY(auto now, meta::repos::find_ref(s, repo.id, ref));
      return meta::repos::change_ref(s, repo.id, ref,
                                     now ? std::optional<std::string_view>(now->oid) : std::nullopt,
                                     oid ? std::optional<std::string_view>(*oid) : std::nullopt);
    }));
  }
  static void flip_byte(const std::string& path, std::uint64_t from_end) {
    ASSERT_EQ(::chmod(path.c_str(), 0644), 0) << path;
    auto bytes = must(read_file(path, 1 << 30));
    ASSERT_GT(bytes.size(), from_end);
    bytes[bytes.size() - 1 - from_end] ^= 0x20;
    fs::remove(path);
    must(must(File::create_new(path)).write_all(bytes));
  }
  // The xorb that holds the object.
  std::string object_path() {
    const auto file = must(catalog->find_sha256(blocking, weights));
    const auto terms = must(catalog->terms(blocking, file->id, 0, 1));
    return static_cast<blob::LocalBackend&>(*backend).path_of(
        must(blob::Key::parse(terms.at(0).xorb.key)));
  }
  std::vector<std::string> pack_files() {
    std::vector<std::string> files;
    for (const auto& pack : must(git::list_packs(blocking, folder_of(repo)))) {
      files.push_back(folder_of(repo) + "/objects/pack/" + pack.name + ".pack");
    }
    return files;
  }

  auth::Caller acme;
  meta::Repo repo;
  Digest weights;
};

TEST_F(DoctorTest, ANameThatGitCanNotUseIsReported) {
  const auto name = "refs/heads/" + std::string(245, 'b');
  set_ref(name, repo.head_oid);
  const auto report = examine_now();
  EXPECT_TRUE(has_error(report, "longer than 200 bytes")) << render(report);
  EXPECT_TRUE(has_error(report, name)) << render(report);
}

TEST_F(DoctorTest, AHealthyHubIsClean) {
  make_repo(acme, "acme/data", RepoType::Dataset);
  auto report = examine_now();
  EXPECT_TRUE(report.findings.empty()) << render(report);
  EXPECT_EQ(report.repos, 2u);
  EXPECT_EQ(report.refs, 2u);
  EXPECT_EQ(report.commits, 4u);
  EXPECT_EQ(report.objects, 1u);
  EXPECT_EQ(report.object_bytes, 11u);
}

TEST_F(DoctorTest, AMissingPackIsFound) {
  auto files = pack_files();
  ASSERT_EQ(files.size(), 3u);
  for (const auto& file : files) {
    fs::rename(file, file + ".away");
    const auto index = file.substr(0, file.size() - 5) + ".idx";
    fs::rename(index, index + ".away");
    auto report = examine_now();
    EXPECT_FALSE(report.is_clean()) << render(report);
    EXPECT_TRUE(render(report).contains("the pack is recorded but not in the folder"))
        << render(report);
    fs::rename(file + ".away", file);
    fs::rename(index + ".away", index);
  }
  EXPECT_TRUE(examine_now().is_clean());
}

TEST_F(DoctorTest, AFlippedByteInAPackIsFound) {
  for (const auto& file : pack_files()) {
    const auto whole = must(read_file(file, 1 << 30));
    flip_byte(file, 30);  // before the trailer, inside an object's data
    auto report = examine_now();
    EXPECT_FALSE(report.is_clean()) << file;
    fs::remove(file);
    must(must(File::create_new(file)).write_all(whole));
  }
}

TEST_F(DoctorTest, ALargeObjectThatIsDamagedOrGoneIsFound) {
  flip_byte(object_path(), fs::file_size(object_path()) - 11);  // in the first chunk
  auto report = examine_now();
  EXPECT_TRUE(has_error(report, weights.hex())) << render(report);
  must(objects->remove(blocking, weights));
  report = examine_now();
  EXPECT_TRUE(has_error(report, "the object is missing")) << render(report);
}

TEST_F(DoctorTest, ALargeObjectOfAnotherSizeIsFound) {
  put_files(acme, repo, {{"liar.bin", git::LfsPointer{weights, 999}.render()}});
  auto report = examine_now();
  EXPECT_TRUE(has_error(report, "the object has 11 bytes, not 999")) << render(report);
}

TEST_F(DoctorTest, AnUnrecordedLargeObjectIsFound) {
  must(database->write(
      blocking, [&](db::Session& s) { return meta::repos::unlink_lfs(s, repo.id, weights); }));
  EXPECT_TRUE(has_error(examine_now(), "not recorded as part")) << render(examine_now());
}

TEST_F(DoctorTest, ARefToNowhereIsFound) {
  set_ref("refs/heads/ghost", "0123456789012345678901234567890123456789");
  auto report = examine_now();
  EXPECT_TRUE(has_error(report, "acme/bert refs/heads/ghost")) << render(report);
  EXPECT_EQ(std::ranges::count(report.findings, Finding::Gravity::Error, &Finding::gravity), 1);
}

TEST_F(DoctorTest, AHeadThatDisagreesIsFound) {
  const auto first =
      must(must(repositories.borrow(blocking, folder_of(repo)))->commit(blocking, head(repo)))
          .parents[0];
  set_ref("refs/heads/main", first.hex());
  EXPECT_TRUE(has_error(examine_now(), "the row says that its head is"));
  set_ref("refs/heads/main", std::nullopt);
  EXPECT_TRUE(has_error(examine_now(), "the default branch does not exist"));
}

TEST_F(DoctorTest, AMissingFolderIsFound) {
  fs::remove_all(folder_of(repo));
  EXPECT_TRUE(has_error(examine_now(), "folder can't be opened"));
}

TEST_F(DoctorTest, LeftoversAreNotedAndSwept) {
  must(make_folders(folder / "git/tmp-dead.git/objects"));
  must(make_folders(repository_folder(settings, 4711) + "/objects"));
  put_object("nobody's");
  auto report = examine_now();
  EXPECT_TRUE(report.is_clean()) << render(report);
  EXPECT_EQ(report.findings.size(), 3u) << render(report);
  register_maintenance(services());
  const auto folders = must(list_repository_folders(settings)).size();
  EXPECT_EQ(folders, 3u);
  // The folders are as old as the wall clock says, so move the hub's clock well past it.
  clock.advance_ms(200ll * 365 * 24 * 3600 * 1000);
  must(jobs->run_due(blocking));
  EXPECT_EQ(must(list_repository_folders(settings)).size(), 1u);
  EXPECT_TRUE(examine_now().is_clean());
}

}  // namespace
}  // namespace embrace::hub
