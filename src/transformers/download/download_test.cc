// The parts of downloads that need no server; tests/transformers/test_download.py has one.

#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "testing/temp_folder.h"
#include "transformers/download/cache_folder.h"
#include "transformers/download/content_check.h"
#include "transformers/download/hub.h"

namespace embrace::transformers {
namespace {

constexpr std::string_view kCommit = "0123456789abcdef0123456789abcdef01234567";

Result<HubSettings> settings_of(const std::map<std::string, std::string>& environment) {
  return HubSettings::from([&](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

TEST(HubSettings, CachesAreFoundAsTheOfficialClientFindsThem) {
  const auto cache = [](std::map<std::string, std::string> environment) {
    environment["HOME"] = "/u";
    return settings_of(environment)->cache.string();
  };
  EXPECT_EQ(cache({}), "/u/.cache/huggingface/hub");
  EXPECT_EQ(cache({{"XDG_CACHE_HOME", "/x"}}), "/x/huggingface/hub");
  EXPECT_EQ(cache({{"XDG_CACHE_HOME", "/x"}, {"HF_HOME", "/h"}}), "/h/hub");
  EXPECT_EQ(cache({{"HF_HOME", "~/h"}}), "/u/h/hub");
  EXPECT_EQ(cache({{"HF_HOME", "/h"}, {"HUGGINGFACE_HUB_CACHE", "/old"}}), "/old");
  EXPECT_EQ(cache({{"HF_HUB_CACHE", "/c"}, {"HUGGINGFACE_HUB_CACHE", "/old"}}), "/c");
}

TEST(HubSettings, TokensComeFromTheEnvironmentOrAFile) {
  const testing::TempFolder folder;
  std::ofstream(folder / "token") << " hf_file\n";
  EXPECT_EQ(settings_of({{"HF_HOME", folder.path()}})->token, "hf_file");
  EXPECT_EQ(settings_of({{"HF_TOKEN_PATH", folder / "token"}})->token, "hf_file");
  EXPECT_EQ(settings_of({{"HF_HOME", folder.path()}, {"HF_TOKEN", "hf_a"}})->token, "hf_a");
  EXPECT_EQ(settings_of({{"HUGGING_FACE_HUB_TOKEN", "hf_b"}})->token, "hf_b");
  EXPECT_EQ(settings_of({{"HF_TOKEN", "hf_a"}, {"HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"}})->token, "");
  EXPECT_EQ(settings_of({{"HF_HOME", "/none"}})->token, "");
  EXPECT_FALSE(settings_of({{"HF_TOKEN", "a\r\nX-Evil: 1"}}));
}

TEST(HubSettings, EndpointsAndOfflineAreRead) {
  EXPECT_EQ(settings_of({})->endpoint, "https://huggingface.co");
  EXPECT_EQ(settings_of({{"HF_ENDPOINT", "http://h:80/hub//"}})->endpoint, "http://h:80/hub");
  EXPECT_FALSE(settings_of({{"HF_ENDPOINT", "ftp://h"}}));
  EXPECT_FALSE(settings_of({})->offline);
  EXPECT_TRUE(settings_of({{"HF_HUB_OFFLINE", "1"}})->offline);
  EXPECT_TRUE(settings_of({{"TRANSFORMERS_OFFLINE", "YES"}})->offline);
  EXPECT_FALSE(settings_of({{"HF_HUB_OFFLINE", "0"}})->offline);
}

TEST(RepoAt, IsReadWithItsRevision) {
  EXPECT_EQ(RepoAt::parse("ns/name")->revision, "main");
  EXPECT_EQ(RepoAt::parse("ns/name@refs/pr/1")->revision, "refs/pr/1");
  for (const char* wrong : {"", "a/b/c", "../x", "ns/..", "ns/name@", "ns/name@../../x", "@main",
                            "ns/na me", "ns/name@a//b"}) {
    EXPECT_FALSE(RepoAt::parse(wrong)) << wrong;
  }
}

TEST(CacheFolder, PathsLeadNowhereElse) {
  for (const char* good : {"a", "a/b.json", ".gitattributes", "ü/ö", "a b", "..a", "a..b/..."})
    EXPECT_TRUE(check_relative_path(good)) << good;
  for (const std::string& bad :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string(".."),
        std::string("a/../b"), std::string("./a"), std::string("a/."), std::string("a\\b"),
        std::string("a\0b", 3), std::string(256, 'x'), std::string(5000, '/')}) {
    EXPECT_FALSE(check_relative_path(bad)) << bad;
  }
  for (const std::string& bad : {std::string(), std::string("."), std::string("../x"),
                                 std::string("a/b"), std::string("a\n"), std::string(201, 'a')}) {
    EXPECT_FALSE(check_etag(bad)) << bad;
  }
  EXPECT_TRUE(check_etag("d41d8cd98f00b204e9800998ecf8427e-5"));
}

TEST(CacheFolder, LinksAreRelativeAndReplaced) {
  const testing::TempFolder folder;
  const CacheFolder cache(folder.path(), *RepoName::parse(RepoType::Dataset, "ns/name"));
  std::filesystem::create_directories(cache.blob("abc").parent_path());
  std::ofstream(cache.blob("abc")) << "one";
  std::ofstream(cache.blob("def")) << "two";
  ASSERT_TRUE(cache.link(kCommit, "a/b.txt", "abc"));
  const auto place = cache.file(kCommit, "a/b.txt");
  EXPECT_EQ(place.string(),
            folder / "datasets--ns--name/snapshots/" + std::string(kCommit) + "/a/b.txt");
  EXPECT_EQ(std::filesystem::read_symlink(place), "../../../blobs/abc");
  ASSERT_TRUE(cache.link(kCommit, "a/b.txt", "def"));
  EXPECT_EQ(*read_file(place.string(), 10), "two");
}

// Names that appeared in a folder, in whatever way, since it is watched.
class Watch {
 public:
  explicit Watch(const std::string& folder) : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    EXPECT_GE(::inotify_add_watch(fd_, folder.c_str(), IN_CREATE | IN_MOVED_TO), 0);
  }
  ~Watch() { ::close(fd_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  std::string names() const {
    alignas(inotify_event) char buffer[4096];
    std::string out;
    const ssize_t got = ::read(fd_, buffer, sizeof buffer);
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      out += std::string(event->name) + ";";
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
    return out;
  }

 private:
  int fd_;
};

TEST(CacheFolder, OtherReadersMeetNothingUnfinished) {
  const testing::TempFolder folder;
  const CacheFolder cache(folder.path(), *RepoName::parse(RepoType::Model, "ns/name"));
  ASSERT_TRUE(cache.keep_commit("v1", kCommit));
  EXPECT_TRUE(std::filesystem::is_directory(cache.snapshot(kCommit)));
  std::filesystem::create_directories(cache.blob("abc").parent_path());
  std::ofstream(cache.blob("abc")) << "one";
  const Watch snapshot(cache.snapshot(kCommit).string());
  const Watch refs(folder / "models--ns--name/refs");
  const Watch blobs(cache.blob("abc").parent_path().string());
  ASSERT_TRUE(cache.link(kCommit, "a", "abc"));
  ASSERT_TRUE(cache.keep_commit("main", kCommit));
  EXPECT_EQ(snapshot.names(), "a;");
  EXPECT_EQ(refs.names(), "main;");
  EXPECT_EQ(blobs.names(), "");
  EXPECT_TRUE(std::filesystem::is_empty(folder / "models--ns--name/.tmp"));
}

TEST(CacheFolder, AFailedLinkLeavesNothingBehind) {
  const testing::TempFolder folder;
  const CacheFolder cache(folder.path(), *RepoName::parse(RepoType::Model, "ns/name"));
  std::filesystem::create_directories(cache.file(kCommit, "a"));
  EXPECT_FALSE(cache.link(kCommit, "a", "abc"));
  EXPECT_TRUE(std::filesystem::is_empty(folder / "models--ns--name/.tmp"));
}

TEST(CacheFolder, RevisionsAreRemembered) {
  const testing::TempFolder folder;
  const CacheFolder cache(folder.path(), *RepoName::parse(RepoType::Model, "name"));
  EXPECT_EQ(cache.find_commit(kCommit), kCommit);
  EXPECT_EQ(cache.find_commit("main"), std::nullopt);
  ASSERT_TRUE(cache.keep_commit("refs/pr/1", kCommit));
  EXPECT_EQ(cache.find_commit("refs/pr/1"), kCommit);
  EXPECT_EQ(*read_file(folder / "models--name/refs/refs/pr/1", 100), kCommit);
  EXPECT_FALSE(cache.keep_commit("../../x", kCommit));
  std::ofstream(folder / "models--name/refs/main") << "../../../etc";
  EXPECT_EQ(cache.find_commit("main"), std::nullopt) << "a ref that names no commit";
  EXPECT_FALSE(cache.is_known_absent(kCommit, "x/y"));
  ASSERT_TRUE(cache.keep_absence(kCommit, "x/y"));
  ASSERT_TRUE(cache.keep_absence(kCommit, "x/y"));
  EXPECT_TRUE(cache.is_known_absent(kCommit, "x/y"));
}

TEST(ContentCheck, SeesWhatIsWrong) {
  const auto check = [](std::string etag, std::uint64_t size, std::string_view bytes) {
    ContentCheck content(std::move(etag), size);
    content.add(bytes);
    return content.finish().has_value();
  };
  const std::string git = "ce013625030ba8dba906f756967f9e9ca394464a";  // of "hello\n"
  const std::string sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
  EXPECT_TRUE(check(git, 6, "hello\n"));
  EXPECT_TRUE(check(sha256, 6, "hello\n"));
  EXPECT_TRUE(check("other", 6, "hello\n"));
  EXPECT_FALSE(check(git, 6, "hellO\n"));
  EXPECT_FALSE(check(sha256, 6, "hellO\n"));
  EXPECT_FALSE(check("other", 7, "hello\n"));
  EXPECT_FALSE(check(git, 7, "hello\n"));
}

TEST(Hub, OfflineTheCacheAnswersAlone) {
  const testing::TempFolder folder;
  HubSettings settings;
  settings.cache = folder.path();
  settings.offline = true;
  Hub hub(settings);
  const auto blocking = rt::Blocking::on_main_thread();
  const RepoAt repo = *RepoAt::parse("ns/name");
  const auto absent = hub.download_file(blocking, repo, "a");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code(), Code::Unavailable);
  EXPECT_NE(absent.error().message().find("HF_HUB_OFFLINE"), std::string::npos);
  EXPECT_EQ(hub.find_file(blocking, repo, "a").error().code(), Code::NotFound);
  EXPECT_EQ(hub.download_snapshot(blocking, repo).error().code(), Code::Unavailable);
  EXPECT_EQ(hub.download_file(blocking, repo, "../a").error().code(), Code::InvalidArgument);

  const CacheFolder cache(folder.path(), repo.name);
  std::filesystem::create_directories(cache.blob("abc").parent_path());
  std::ofstream(cache.blob("abc")) << "one";
  ASSERT_TRUE(cache.link(kCommit, "a", "abc"));
  ASSERT_TRUE(cache.keep_commit("main", kCommit));
  EXPECT_EQ(*hub.download_file(blocking, repo, "a"), cache.file(kCommit, "a"));
  EXPECT_EQ(*hub.find_file(blocking, repo, "a"), cache.file(kCommit, "a"));
  EXPECT_EQ(*hub.download_snapshot(blocking, repo), cache.snapshot(kCommit));
  ASSERT_TRUE(cache.keep_absence(kCommit, "b"));
  EXPECT_EQ(hub.download_file(blocking, repo, "b").error().tag(), Tag::EntryNotFound);
}

}  // namespace
}  // namespace embrace::transformers
