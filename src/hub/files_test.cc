#include "hub/files.h"

#include "base/strings.h"
#include "hub/downloads.h"
#include "hub/hub_fixture.h"
#include "hub/lfs.h"
#include "hub/spilled_blobs.h"
#include "hub/tree_size.h"
#include "meta/repos.h"
#include "testing/content_text.h"

namespace embrace::hub {
namespace {

class FilesTest : public HubTest {
 protected:
  void SetUp() override {
    acme = user("acme");
    repo = make_repo(acme, "acme/bert");
    put_files(
        acme, repo,
        {{"config.json", "{}"}, {"sub/a.txt", "aaa"}, {"sub/deep/b.txt", "b"}, {"z.txt", "zz"}});
    weights = put_lfs_file(acme, repo, "model.bin", "the weights");
    repo = reload(repo);
  }
  TreePage tree(TreeQuery query) {
    if (query.rev.empty()) query.rev = "main";
    return must(list_tree(services(), blocking, anonymous(), repo.name, query));
  }
  static std::string paths(const std::vector<TreeEntry>& entries) {
    std::string all;
    for (const auto& item : entries) all += item.entry.path + " ";
    return all;
  }
  Result<FoundFile> find(std::string_view path, std::string_view rev = "main") {
    return find_file(services(), blocking, anonymous(), repo.name, rev, path);
  }

  auth::Caller acme;
  meta::Repo repo;
  Digest weights;
};

TEST_F(FilesTest, InfoListsFilesWithTheirRealSizes) {
  auto info =
      must(repo_info(services(), blocking, anonymous(), repo.name, "", {.file_sizes = true}));
  EXPECT_EQ(info.sha.hex(), repo.head_oid);
  ASSERT_EQ(info.files.size(), 6u);
  EXPECT_EQ(info.files[2].path, "model.bin");
  ASSERT_TRUE(info.files[2].lfs);
  EXPECT_EQ(info.files[2].size_bytes(), 11u);
  EXPECT_EQ(must(repo_info(services(), blocking, anonymous(), repo.name, "main", {.files = false}))
                .files.size(),
            0u);
  EXPECT_EQ(repo_info(services(), blocking, anonymous(), repo.name, "nope", {}).error().tag(),
            Tag::RevisionNotFound);
}

TEST_F(FilesTest, LargeBlobsAreServedFromOneFileForAllReaders) {
  std::string bytes(kSpillAboveBytes + 100, 'x');
  bytes.replace(1000, 5, "hello");
  put_file(acme, repo, "large.txt", bytes);
  const auto file = must(find("large.txt"));
  const auto whole = must(open_blob(services(), blocking, file, 0, bytes.size()));
  const auto part = must(open_file(services(), blocking, file, 1000, 5));
  EXPECT_EQ(testing::content_text(whole), bytes);
  EXPECT_EQ(testing::content_text(part), "hello");
  const auto slice = [](const rt::Content& content) {
    return std::get<std::vector<FileSlice>>(content.bytes).at(0);
  };
  EXPECT_EQ(slice(whole).file, slice(part).file);
  EXPECT_EQ(open_blob(services(), blocking, file, 1, bytes.size()).error().code(),
            Code::RangeInvalid);
}

TEST_F(FilesTest, TheSizeOfAFolderIsThatOfItsFiles) {
  const auto size = [&](std::string_view path) {
    return tree_size(services(), blocking, anonymous(), repo.name, "main", path);
  };
  EXPECT_EQ(must(size("sub")), 4u);
  EXPECT_EQ(must(size("/sub/deep/")), 1u);
  const auto attributes = must(find(".gitattributes")).entry.blob_bytes;
  EXPECT_EQ(must(size("")), attributes + 2 + 4 + 2 + 11);
  put_file(acme, repo, "sub/c.txt", "12345");
  EXPECT_EQ(must(size("sub")), 9u);
  for (std::string_view none : {"nope", "z.txt"})
    EXPECT_EQ(size(none).error().tag(), Tag::EntryNotFound) << none;
}

TEST_F(FilesTest, TreesAreFlatOrRecursive) {
  EXPECT_EQ(paths(tree({}).entries), ".gitattributes config.json model.bin sub z.txt ");
  EXPECT_EQ(paths(tree({.path = "sub"}).entries), "sub/a.txt sub/deep ");
  EXPECT_EQ(paths(tree({.path = "sub/"}).entries), "sub/a.txt sub/deep ");
  EXPECT_EQ(paths(tree({.path = "sub", .recursive = true}).entries),
            "sub/a.txt sub/deep sub/deep/b.txt ");
  EXPECT_EQ(paths(tree({.recursive = true}).entries),
            ".gitattributes config.json model.bin sub sub/a.txt sub/deep sub/deep/b.txt z.txt ");
}

TEST_F(FilesTest, PagesStayOnTheCommitOfTheFirst) {
  auto page = tree({.recursive = true, .limit = 3});
  EXPECT_EQ(paths(page.entries), ".gitattributes config.json model.bin ");
  ASSERT_TRUE(page.next);
  put_file(acme, repo, "aaa-first", "1");
  auto next = tree({.recursive = true, .limit = 3, .cursor = *page.next});
  EXPECT_EQ(next.commit, page.commit);
  EXPECT_EQ(paths(next.entries), "sub sub/a.txt sub/deep ");
  next = tree({.recursive = true, .limit = 3, .cursor = *next.next});
  EXPECT_EQ(paths(next.entries), "sub/deep/b.txt z.txt ");
  EXPECT_FALSE(next.next);
}

TEST_F(FilesTest, BadCursorsAreRefused) {
  for (std::string cursor : {"x", "!!!", "AAAA"}) {
    auto page =
        list_tree(services(), blocking, anonymous(), repo.name, {.rev = "main", .cursor = cursor});
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code(), Code::InvalidArgument);
  }
}

TEST_F(FilesTest, ExpandedEntriesHaveTheirLastCommit) {
  const auto newer = put_file(acme, repo, "z.txt", "changed");
  for (const auto& item : tree({.expand = true}).entries) {
    ASSERT_TRUE(item.last_commit) << item.entry.path;
    if (item.entry.path == "z.txt") EXPECT_EQ(item.last_commit->oid, newer);
    if (item.entry.path == "sub") EXPECT_NE(item.last_commit->oid, newer);
  }
}

TEST_F(FilesTest, MissingFoldersSayWhichCommitLacksThem) {
  for (std::string path : {"nope", "config.json", "sub/nope"}) {
    auto page =
        list_tree(services(), blocking, anonymous(), repo.name, {.rev = "main", .path = path});
    ASSERT_FALSE(page) << path;
    EXPECT_EQ(page.error().tag(), Tag::EntryNotFound) << path;
    EXPECT_EQ(page.error().fact("repo_commit"), repo.head_oid) << path;
  }
}

TEST_F(FilesTest, PathsInfoOmitsWhatIsMissing) {
  auto found = must(paths_info(services(), blocking, anonymous(), repo.name, "main",
                               {"z.txt", "nope", "sub", "model.bin"}, true));
  EXPECT_EQ(paths(found), "z.txt sub model.bin ");
  EXPECT_TRUE(found[1].entry.is_folder());
  EXPECT_TRUE(found[0].last_commit);
  EXPECT_EQ(found[2].entry.lfs->sha256, weights);
  std::vector<std::string> many(settings.paths_info_max + 1, "x");
  EXPECT_EQ(
      paths_info(services(), blocking, anonymous(), repo.name, "main", many, false).error().code(),
      Code::TooLarge);
}

TEST_F(FilesTest, FilesAreFoundAndOpened) {
  auto file = must(find("model.bin"));
  EXPECT_EQ(file.etag(), cat('"', weights.hex(), '"'));
  EXPECT_EQ(::testing::content_text(must(open_file(services(), blocking, file, 4, 7))), "weights");
  EXPECT_TRUE(
      ::testing::content_text(must(open_blob(services(), blocking, file, 0, file.entry.blob_bytes)))
          .starts_with("version https://git-lfs"));
  file = must(find("sub/a.txt"));
  EXPECT_EQ(file.etag(), cat('"', file.entry.oid.hex(), '"'));
  EXPECT_EQ(::testing::content_text(must(open_file(services(), blocking, file, 0, 3))), "aaa");
  EXPECT_EQ(::testing::content_text(must(open_file(services(), blocking, file, 1, 1))), "a");
  EXPECT_EQ(open_file(services(), blocking, file, 1, 3).error().code(), Code::RangeInvalid);
  EXPECT_EQ(open_file(services(), blocking, file, 1, UINT64_MAX).error().fact("size"), "3");
}

TEST_F(FilesTest, MissingFilesSayWhichCommitLacksThem) {
  for (std::string path : {"nope", "sub", "", "sub/a.txt/x", "sub/"}) {
    for (int again = 0; again < 2; ++again) {  // from git, then from memory
      auto file = find(path);
      ASSERT_FALSE(file) << path;
      EXPECT_EQ(file.error().tag(), Tag::EntryNotFound) << path;
      EXPECT_EQ(file.error().fact("repo_commit"), repo.head_oid) << path;
    }
  }
  const auto old_head = repo.head_oid;
  put_file(acme, repo, "nope", "now there");
  EXPECT_TRUE(find("nope"));
  EXPECT_FALSE(find("nope", old_head));
}

TEST_F(FilesTest, JoinedRevisionsAreSplit) {
  put_file(acme, repo, "x.txt", "x", "refs/heads/feature/y");
  auto file =
      must(find_file(services(), blocking, anonymous(), repo.name, {"feature", "y", "x.txt"}));
  EXPECT_EQ(file.entry.path, "x.txt");
}

TEST_F(FilesTest, GatedFilesAreSeenButNotRead) {
  must(update_settings(services(), blocking, acme, repo.name, {.gating = meta::Gating::Manual}));
  EXPECT_EQ(find("config.json").error().tag(), Tag::GatedRepo);
  EXPECT_TRUE(repo_info(services(), blocking, anonymous(), repo.name, "", {}));
  EXPECT_FALSE(tree({}).entries.empty());
}

// What memory knows is as current as SQL, and decides nothing about rights.
TEST_F(FilesTest, MemoryKnowsAFileUntilAnythingIsWritten) {
  const std::vector<std::string> rest = {"main", "config.json"};
  const auto known = [&](const auth::Caller& caller) {
    return known_file(services(), caller, repo.name, rest);
  };
  const auto ask = [&](const auth::Caller& caller) {
    return find_file(services(), blocking, caller, repo.name, rest);
  };
  EXPECT_FALSE(known(anonymous()));
  const auto asked = must(ask(anonymous()));
  auto answer = known(anonymous());
  ASSERT_TRUE(answer);
  EXPECT_EQ(must(*answer).entry.oid, asked.entry.oid);
  EXPECT_EQ(must(*answer).commit, asked.commit);

  put_file(acme, repo, "config.json", "{\"new\": 1}");
  EXPECT_FALSE(known(anonymous()));
  const auto newer = must(ask(anonymous()));
  EXPECT_NE(newer.entry.oid, asked.entry.oid);
  EXPECT_EQ(must(known(anonymous()).value()).entry.oid, newer.entry.oid);

  must(update_settings(services(), blocking, acme, repo.name, {.is_private = true}));
  EXPECT_FALSE(known(anonymous()));
  must(ask(acme));
  answer = known(anonymous());  // the row is known, so the refusal is, too
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().tag(), Tag::RepoNotFound);
  EXPECT_TRUE(known(acme).value());
  const auto to_stranger = known(user("stranger"));
  EXPECT_TRUE(!to_stranger || !*to_stranger);

  must(ask(acme));
  must(delete_repo(services(), blocking, acme, repo.name));
  EXPECT_FALSE(known(acme));
}

TEST_F(FilesTest, MemoryKnowsOfAbsence) {
  const std::vector<std::string> rest = {"HEAD", "sub", "adapter_config.json"};
  EXPECT_FALSE(find_file(services(), blocking, anonymous(), repo.name, rest));
  auto answer = known_file(services(), anonymous(), repo.name, rest);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().tag(), Tag::EntryNotFound);
  EXPECT_EQ(answer->error().fact("repo_commit"), repo.head_oid);
}

TEST_F(FilesTest, ALostLargeFileIsTheServersFault) {
  must(objects->remove(blocking, weights));
  auto opened = open_file(services(), blocking, must(find("model.bin")), 0, 11);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::Corrupt);
}

TEST_F(FilesTest, DownloadsAreCountedLater) {
  for (int i = 0; i < 3; ++i) count_download(services(), must(find("config.json")));
  count_download(services(), must(find("z.txt")));
  EXPECT_EQ(reload(repo).downloads, 0);
  must(flush_downloads(services(), blocking));
  must(flush_downloads(services(), blocking));
  EXPECT_EQ(reload(repo).downloads, 3);
  EXPECT_EQ(reload(repo).downloads_all, 3);
}

TEST_F(FilesTest, APointerWithoutALinkGivesNothing) {
  const auto bob = user("bob");
  const auto hidden = make_repo(bob, "bob/secret", RepoType::Model, true);
  const auto secret = put_lfs_file(bob, hidden, "w.bin", "secret weights");
  const git::LfsPointer pointer{.sha256 = secret, .size_bytes = 14};
  put_file(acme, repo, "stolen.bin", pointer.render());  // as if a writer had a hole
  const auto stolen = must(find("stolen.bin"));
  const auto opened = open_file(services(), blocking, stolen, 0, 14);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().tag(), Tag::EntryNotFound);
  EXPECT_EQ(opened.error().fact("repo_commit"), stolen.commit.hex());

  // Nor does a wrong size.
  put_file(acme, repo, "longer.bin", git::LfsPointer{weights, 10}.render());
  EXPECT_FALSE(open_file(services(), blocking, must(find("longer.bin")), 0, 10));
}

TEST_F(FilesTest, ADeletedLargeFileIsGoneAtOnce) {
  // Bytes of its own: links that other tests' repositories had are remembered (lfs_links.h).
  const auto own = put_lfs_file(acme, repo, "model.bin", "only here..");
  ASSERT_TRUE(open_file(services(), blocking, must(find("model.bin")), 0, 11));
  ASSERT_TRUE(open_file(services(), blocking, must(find("model.bin")), 0, 11));
  must(delete_lfs_files(services(), blocking, acme, repo.name, {own}, false));
  EXPECT_EQ(open_file(services(), blocking, must(find("model.bin")), 0, 11).error().tag(),
            Tag::EntryNotFound);
  must(database->write(
      blocking, [&](db::Session& s) { return meta::repos::link_lfs(s, repo.id, {{own, 11}}, 1); }));
  EXPECT_TRUE(open_file(services(), blocking, must(find("model.bin")), 0, 11));
}

TEST_F(FilesTest, SubmodulesAreNoFiles) {
  auto repository = must(repositories.borrow(blocking, folder_of(repo)));
  const auto parent = head(repo);
  const auto tree_oid =
      must(repository->edit_tree(blocking, must(repository->commit(blocking, parent)).tree,
                                 {{.kind = git::TreeEdit::Kind::Put,
                                   .path = "sub/module",
                                   .blob = must(git::Oid::parse(std::string(40, 'a'))),
                                   .entry = git::EntryKind::Submodule}}));
  const auto commit = must(
      repository->write_commit(blocking, tree_oid, {parent}, {"a", "a@b"}, clock.now_ms(), "m"));
  Publication publication;
  publication.repo = repo;
  publication.pack = must(repository->finish_pack(blocking));
  publication.changes = {{"refs/heads/main", parent, commit}};
  must(publish(services(), blocking, *repository, publication));

  EXPECT_EQ(paths(tree({.path = "sub"}).entries), "sub/a.txt sub/deep ");
  EXPECT_TRUE(
      must(paths_info(services(), blocking, anonymous(), repo.name, "main", {"sub/module"}, false))
          .empty());
  EXPECT_EQ(must(repo_info(services(), blocking, anonymous(), repo.name, "main", {})).files.size(),
            6u);
  EXPECT_EQ(find("sub/module").error().tag(), Tag::EntryNotFound);
}

}  // namespace
}  // namespace embrace::hub
