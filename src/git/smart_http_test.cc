#include "git/smart_http.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "crypto/sha1.h"
#include "git/git_program.h"
#include "git/process.h"
#include "testing/run.h"

namespace embrace::git {
namespace {

using testing::blocking;
using testing::must;
using testing::put;
using testing::run;
using testing::shell_ok;
using testing::TempFolder;

// Gives its text in pieces of at most `piece` bytes.
class TextSource : public rt::ByteSource {
 public:
  explicit TextSource(std::string text, std::size_t piece = 1000)
      : text_(std::move(text)), piece_(piece) {}
  Task<Result<std::size_t>> read(std::span<char> into) override {
    const std::size_t count = std::min({into.size(), piece_, text_.size() - at_});
    std::copy_n(text_.data() + at_, count, into.data());
    at_ += count;
    co_return count;
  }
  bool is_drained() const { return at_ == text_.size(); }

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// The bytes of band 1 of the pkt-lines in `text`, from the first line that begins with 1 on.
std::string band_one(std::string_view text) {
  PktReader reader;
  reader.feed(text);
  std::string out;
  for (;;) {
    auto line = must(reader.next());
    if (line.kind == PktReader::Kind::NeedMore) return out;
    if (line.kind == PktReader::Kind::Payload && line.payload.starts_with('\1'))
      out += line.payload.substr(1);
  }
}

TEST(PktReader, ReadsAcrossPieces) {
  const std::string wire =
      pkt_line("hello\n") + std::string(kFlush) + "0001" + "0002" + pkt_line("") + "PACK";
  PktReader reader;
  std::vector<std::string> seen;
  for (char c : wire) {
    reader.feed({&c, 1});
    for (;;) {
      if (seen.size() == 5) break;
      auto line = must(reader.next());
      if (line.kind == PktReader::Kind::NeedMore) break;
      seen.push_back(cat(static_cast<int>(line.kind), ":", line.payload));
    }
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"0:hello\n", "1:", "2:", "3:", "0:"}));
  EXPECT_EQ(reader.rest(), "PACK");
  for (const char* bad : {"0003", "fff5", "00x0", "-001", "+001"}) {
    PktReader fresh;
    fresh.feed(bad);
    EXPECT_EQ(fresh.next().error().code(), Code::InvalidArgument) << bad;
  }
}

class SmartHttpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = temp_ / "repo";
    ASSERT_OK(Repository::create(blocking(), folder_));
    repo_ = must(Repository::open(blocking(), folder_));
    const Oid blob = must(repo_->write_blob(blocking(), "hello"));
    const Oid tree = must(repo_->edit_tree(blocking(), Oid(), {put("dir/hello.txt", blob)}));
    head_ = must(repo_->write_commit(blocking(), tree, {}, {"A", "a@x"}, 1'700'000'000'000, "one"));
    must(repo_->finish_pack(blocking()));
    ASSERT_OK(project_refs(blocking(), folder_, {{"refs/heads/main", head_}}, "main"));
    shell_ok(temp_.path(), "git clone -q repo work");
  }

  // The pack of what `range` brings, made by git; thin as a client's is.
  std::string pack_of(std::string_view range) {
    shell_ok(temp_ / "work",
             cat("printf '", range, "' | git pack-objects --revs --thin --stdout -q > ../pack"));
    return must(read_file(temp_ / "pack", 1 << 30));
  }
  Oid tip() {
    return must(Oid::parse(shell_ok(temp_ / "work", "git rev-parse HEAD | tr -d '\\n'")));
  }

  Result<std::unique_ptr<Quarantine>> receive(std::string pack, std::uint64_t bytes_max = 1 << 30) {
    TextSource body(std::move(pack));
    auto received = run(receive_into_result(body, bytes_max));
    body_drained_ = body.is_drained();
    return received;
  }
  Task<Result<std::unique_ptr<Quarantine>>> receive_into_result(TextSource& body,
                                                                std::uint64_t bytes_max) {
    co_return co_await Quarantine::receive(pool_, folder_, "", body, bytes_max);
  }

  std::size_t quarantines() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      count += entry.path().filename().string().starts_with("quarantine-");
    }
    return count;
  }

  Result<std::string> upload(std::string request, std::string protocol, bool gzipped = false) {
    TextSource body(std::move(request));
    return run(upload_task(body, std::move(protocol), gzipped));
  }
  Task<Result<std::string>> upload_task(TextSource& body, std::string protocol, bool gzipped) {
    EMB_CO_TRY(auto source, co_await serve_upload_pack(pool_, folder_, protocol, body, gzipped));
    co_return co_await rt::read_all(*source, 1 << 30);
  }

  TempFolder temp_;
  rt::Pool pool_{"test", 2};
  std::string folder_;
  std::unique_ptr<Repository> repo_;
  Oid head_;
  bool body_drained_ = false;
};

TEST_F(SmartHttpTest, AdvertisesRefs) {
  const std::string v0 = must(advertise_upload_pack(blocking(), folder_, ""));
  EXPECT_TRUE(v0.starts_with("001e# service=git-upload-pack\n0000")) << v0.substr(0, 60);
  EXPECT_TRUE(v0.contains(head_.hex() + " refs/heads/main")) << v0;
  const std::string v2 = must(advertise_upload_pack(blocking(), folder_, "version=2"));
  EXPECT_TRUE(v2.starts_with("000eversion 2\n")) << v2.substr(0, 60);
  EXPECT_TRUE(
      must(advertise_upload_pack(blocking(), folder_, "version=2\nX=1")).contains("service="));
  EXPECT_FALSE(advertise_upload_pack(blocking(), temp_ / "none", ""));
}

TEST_F(SmartHttpTest, ServesAFetchOfEitherProtocol) {
  const std::string v2 = pkt_line("command=fetch\n") + "0001" + pkt_line("no-progress\n") +
                         pkt_line(cat("want ", head_.hex(), "\n")) + pkt_line("done\n") + "0000";
  const std::string v0 = pkt_line(cat("want ", head_.hex(), " side-band-64k no-progress\n")) +
                         "0000" + pkt_line("done\n");
  for (const std::string& reply :
       {must(upload(v2, "version=2")), must(upload(gzip(v2), "version=2", true)),
        must(upload(v0, ""))}) {
    ASSERT_OK(write_file_durably(temp_ / "fetched", band_one(reply)));
    shell_ok(temp_.path(), "rm -rf t; git init -q t; git -C t unpack-objects -q < fetched");
    EXPECT_EQ(shell_ok(temp_ / "t", cat("git cat-file -p ", head_.hex(), ":dir/hello.txt")),
              "hello");
  }
}

TEST_F(SmartHttpTest, AFailedFetchIsAnError) {
  const std::string want = pkt_line(cat("want ", std::string(40, '1'), " side-band-64k\n")) +
                           "0000" + pkt_line("done\n");
  auto refused = upload(want, "");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message().contains("not our ref")) << refused.error().message();
  EXPECT_FALSE(upload("not gzip", "", true));
  EXPECT_EQ(upload(gzip(std::string(65 << 20, 'x')), "", true).error().code(), Code::TooLarge);
}

TEST_F(SmartHttpTest, ADroppedFetchIsKilled) {
  const std::string v0 = pkt_line(cat("want ", head_.hex(), "\n")) + "0000" + pkt_line("done\n");
  TextSource body(v0);
  auto source = must(run(serve_upload_pack(pool_, folder_, "", body, false)));
  source
      .reset();  // must not hang, and leaves no zombie (the sanitizers' exit would tell of a leak)
}

TEST_F(SmartHttpTest, AdvertisesForAPush) {
  const std::string empty = advertise_receive_pack({});
  EXPECT_TRUE(empty.contains(cat(Oid().hex(), " capabilities^{}", '\0', "report-status"))) << empty;
  const std::string some =
      advertise_receive_pack({{"refs/tags/v", head_}, {"refs/heads/main", head_}});
  EXPECT_LT(some.find("refs/heads/main"), some.find("refs/tags/v"));
  EXPECT_EQ(std::ranges::count(some, '\0'), 1);
}

TEST_F(SmartHttpTest, ReadsAPushRequest) {
  const std::string zero = Oid().hex();
  const std::string wire =
      pkt_line(cat("shallow ", head_.hex())) +
      pkt_line(cat(zero, " ", head_.hex(), " refs/heads/new", '\0',
                   " report-status side-band-64k atomic push-options agent=git/2")) +
      pkt_line(cat(head_.hex(), " ", zero, " refs/heads/old\n")) + "0000" +
      pkt_line("key=value\n") + "0000" + "PACKrest";
  for (std::size_t piece : {1, 7, 10'000}) {
    TextSource body(wire, piece);
    PktReader reader;
    auto request = must(run(read_push_request(body, reader)));
    ASSERT_EQ(request.commands.size(), 2u);
    EXPECT_EQ(request.commands[0].ref, "refs/heads/new");
    EXPECT_TRUE(request.commands[1].new_oid.is_zero());
    EXPECT_TRUE(request.report_status && request.side_band_64k && request.atomic && !request.quiet);
    EXPECT_EQ(request.push_options, std::vector<std::string>{"key=value"});
    EXPECT_TRUE(std::string_view("PACKrest").starts_with(reader.rest()));
  }
  for (const std::string& probe : {std::string("0000"), std::string()}) {
    TextSource body(probe);
    PktReader fresh;
    EXPECT_TRUE(must(run(read_push_request(body, fresh))).commands.empty());
  }
  for (const std::string& bad :
       {pkt_line("nonsense"), pkt_line(cat(zero, " ", zero, " refs/heads/../x")),
        pkt_line(cat(zero, " ", zero, " HEAD")), pkt_line("push-cert x"), std::string("0010abc"),
        pkt_line(cat(zero, " ", zero, " refs/heads/a"))}) {
    TextSource body(bad);
    PktReader fresh;
    EXPECT_FALSE(run(read_push_request(body, fresh))) << bad;
  }
}

TEST_F(SmartHttpTest, APushIsSeenOnlyWhenAdopted) {
  shell_ok(temp_ / "work",
           "echo more >> dir/hello.txt; mkdir -p x/y; echo new > x/y/new.bin; git add -A; git "
           "commit -q -m two\n"
           "cp x/y/new.bin copy; git add -A; git commit -q -m three");
  auto quarantine = must(receive(pack_of(cat(tip().hex(), "\\n^", head_.hex(), "\\n"))));
  EXPECT_FALSE(repo_->commit(blocking(), tip()));
  auto view = must(quarantine->open(blocking()));
  EXPECT_EQ(must(view->commit(blocking(), tip())).title, "three");
  EXPECT_EQ(must(view->count_commits(blocking(), tip())), 3u);
  ASSERT_OK(quarantine->check_connectivity(blocking(), {tip()}, {head_}));
  auto blobs = must(quarantine->new_blobs(blocking(), {tip()}, {head_}));
  std::ranges::sort(blobs, {}, &Quarantine::NewBlob::path);
  ASSERT_EQ(blobs.size(), 2u);
  EXPECT_EQ(blobs[0].path, "copy");
  EXPECT_EQ(blobs[0].size_bytes, 4u);
  EXPECT_EQ(blobs[1].path, "dir/hello.txt");
  auto pack = must(quarantine->adopt(blocking()));
  ASSERT_TRUE(pack);
  EXPECT_GE(pack->objects, 7u);
  quarantine.reset();
  EXPECT_EQ(quarantines(), 0u);
  EXPECT_EQ(must(repo_->commit(blocking(), tip())).title, "three");
  ASSERT_OK(project_refs(blocking(), folder_, {{"refs/heads/main", tip()}}, "main"));
  EXPECT_EQ(shell_ok(folder_, "git fsck --strict"), "");
}

TEST_F(SmartHttpTest, EmptyPacksAndNoPackAtAllAreFine) {
  for (const std::string& pack : {std::string(), pack_of(cat("^", head_.hex(), "\\n"))}) {
    auto quarantine = must(receive(pack));
    EXPECT_TRUE(must(quarantine->new_blobs(blocking(), {head_}, {head_})).empty());
    ASSERT_OK(quarantine->check_connectivity(blocking(), {head_}, {head_}));
    EXPECT_FALSE(must(quarantine->adopt(blocking())));
  }
}

TEST_F(SmartHttpTest, BrokenPacksAreRefused) {
  shell_ok(temp_ / "work", "head -c 300000 /dev/urandom > big; git add -A; git commit -q -m big");
  const std::string pack = pack_of(cat(tip().hex(), "\\n^", head_.hex(), "\\n"));
  auto truncated = receive(pack.substr(0, pack.size() / 2));
  ASSERT_FALSE(truncated);
  EXPECT_EQ(truncated.error().code(), Code::InvalidArgument);
  EXPECT_TRUE(truncated.error().message().contains("early EOF")) << truncated.error().message();
  std::string flipped = pack;
  flipped[pack.size() / 2] ^= 1;
  EXPECT_EQ(receive(flipped).error().code(), Code::InvalidArgument);
  auto garbage = receive(std::string(2'000'000, 'g'));
  EXPECT_EQ(garbage.error().code(), Code::InvalidArgument);
  EXPECT_TRUE(body_drained_);  // the client must be able to hear why
  EXPECT_EQ(receive(pack, 1000).error().code(), Code::TooLarge);
  EXPECT_EQ(quarantines(), 0u);
  EXPECT_EQ(must(list_packs(blocking(), folder_)).size(), 1u);
}

TEST_F(SmartHttpTest, AnIncompletePushIsRefused) {
  shell_ok(
      temp_ / "work",
      "echo x > x; git add x; git commit -q -m two; echo y > y; git add y; git commit -q -m three");
  // Commit three without commit two.
  shell_ok(temp_ / "work",
           "git rev-list --objects HEAD^..HEAD | cut -d' ' -f1 | git pack-objects --stdout -q > "
           "../pack");
  auto quarantine = receive(must(read_file(temp_ / "pack", 1 << 30)));
  if (!quarantine) {  // index-pack may find it first
    EXPECT_EQ(quarantine.error().code(), Code::InvalidArgument);
    return;
  }
  auto checked = (*quarantine)->check_connectivity(blocking(), {tip()}, {head_});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code(), Code::InvalidArgument);
}

TEST_F(SmartHttpTest, PathsThatBreakTheRuleAreRefused) {
  shell_ok(temp_ / "work",
           "b=$(echo hello | git hash-object -w --stdin); printf '100644 blob "
           "%s\\tback\\\\slash\\n' $b > list\n"
           "t=$(git mktree < list); c=$(git commit-tree -p HEAD -m bad $t); git reset -q --hard $c "
           "|| git update-ref HEAD $c");
  auto quarantine = must(receive(pack_of(cat(tip().hex(), "\\n^", head_.hex(), "\\n"))));
  auto blobs = quarantine->new_blobs(blocking(), {tip()}, {head_});
  ASSERT_FALSE(blobs);
  EXPECT_EQ(blobs.error().code(), Code::Unusable);
}

TEST_F(SmartHttpTest, NewBlobsOfAMergeyPushAreThoseKnownHistoryLacks) {
  shell_ok(temp_ / "work",
           "git checkout -q -b side; echo s > side.txt; git add -A; git commit -q -m side\n"
           "git checkout -q main; echo m > main.txt; git add -A; git commit -q -m main2\n"
           "git merge -q -m merged side; git mv dir moved; git commit -q -m moved");
  auto quarantine = must(receive(pack_of(cat(tip().hex(), "\\n^", head_.hex(), "\\n"))));
  const Oid side = must(Oid::parse(shell_ok(temp_ / "work", "git rev-parse side | tr -d '\\n'")));
  std::vector<std::string> paths;
  for (const auto& blob : must(quarantine->new_blobs(blocking(), {tip()}, {head_})))
    paths.push_back(blob.path);
  std::ranges::sort(paths);
  EXPECT_EQ(paths, (std::vector<std::string>{"main.txt", "moved/hello.txt", "side.txt"}));
  paths.clear();
  for (const auto& blob : must(quarantine->new_blobs(blocking(), {tip()}, {side})))
    paths.push_back(blob.path);
  std::ranges::sort(paths);
  EXPECT_EQ(paths, (std::vector<std::string>{"main.txt", "moved/hello.txt"}));
}

// Ten names for one tree, nine times over: a billion paths in a kilobyte.
TEST_F(SmartHttpTest, APushThatSpellsEndlessPathsIsLookedThroughAtOnce) {
  shell_ok(temp_ / "work",
           "b=$(echo x | git hash-object -w --stdin)\n"
           "t=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '100644 blob %s\\tf%s\\n' $b $i; done |"
           " git mktree)\n"
           "for d in 1 2 3 4 5 6 7 8 9; do t=$(for i in 0 1 2 3 4 5 6 7 8 9; do"
           " printf '040000 tree %s\\td%s\\n' $t $i; done | git mktree); done\n"
           "git update-ref HEAD $(git commit-tree -p HEAD -m bomb $t)");
  auto quarantine = must(receive(pack_of(cat(tip().hex(), "\\n^", head_.hex(), "\\n"))));
  const auto blobs = must(quarantine->new_blobs(blocking(), {tip()}, {head_}));
  ASSERT_EQ(blobs.size(), 1u);
  EXPECT_EQ(blobs[0].path, "d0/d0/d0/d0/d0/d0/d0/d0/d0/f0");
}

// The tree is known by then; what is wrong is where it stands.
TEST_F(SmartHttpTest, AKnownTreeInTooDeepAPlaceIsRefused) {
  shell_ok(temp_ / "work",
           "n=$(printf 'n%.0s' $(seq 200)); b=$(echo x | git hash-object -w --stdin)\n"
           "t=$(printf '100644 blob %s\\t%s\\n' $b $n | git mktree)\n"
           "for d in 1 2 3; do t=$(printf '040000 tree %s\\t%s\\n' $t $n | git mktree); done\n"
           "deep=$(printf '040000 tree %s\\t%s\\n' $t $n | git mktree)\n"
           "root=$(printf '040000 tree %s\\ta\\n040000 tree %s\\tb\\n' $t $deep | git mktree)\n"
           "git update-ref HEAD $(git commit-tree -p HEAD -m deep $root)");
  auto quarantine = must(receive(pack_of(cat(tip().hex(), "\\n^", head_.hex(), "\\n"))));
  const auto blobs = quarantine->new_blobs(blocking(), {tip()}, {head_});
  ASSERT_FALSE(blobs);
  EXPECT_EQ(blobs.error().code(), Code::Unusable);
}

// A pack of deltas, each of which says "the one before, twice".
class DoublingPack {
 public:
  explicit DoublingPack(unsigned times) {
    append_number(times + 1);
    append_object(3, std::string(size_, '\0'), "");
    for (; times > 0; --times) append_delta();
  }
  std::string finish() const {
    std::string bytes = "PACK" + std::string("\0\0\0\2", 4) + bytes_;
    crypto::Sha1 sha1;
    sha1.update(bytes);
    const Oid trailer(sha1.finish());
    return bytes.append(reinterpret_cast<const char*>(trailer.bytes().data()), 20);
  }

 private:
  void append_number(unsigned count) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes_ += static_cast<char>(count >> shift);
  }
  static std::string varint(std::size_t value) {
    std::string out;
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    return out += static_cast<char>(value);
  }
  void append_object(unsigned type, const std::string& data, const std::string& base) {
    last_at_ = bytes_.size();
    const std::size_t rest = data.size() >> 4;
    bytes_ += static_cast<char>((rest != 0 ? 0x80u : 0u) | type << 4 | (data.size() & 15));
    if (rest != 0) bytes_ += varint(rest);
    bytes_ += base;
    std::string packed(compressBound(data.size()), '\0');
    uLongf count = packed.size();
    compress(reinterpret_cast<Bytef*>(packed.data()), &count,
             reinterpret_cast<const Bytef*>(data.data()), data.size());
    bytes_.append(packed, 0, count);
  }
  void append_delta() {
    std::string delta = varint(size_) + varint(size_ * 2);
    for (int copy = 0; copy < 2; ++copy) {
      for (std::size_t at = 0; at < size_; at += kCopyBytes) {  // all seven bytes of the operands
        delta += '\xff';
        for (int i = 0; i < 4; ++i) delta += static_cast<char>(at >> (8 * i));
        const std::size_t count = std::min(kCopyBytes, size_ - at);
        for (int i = 0; i < 3; ++i) delta += static_cast<char>(count >> (8 * i));
      }
    }
    std::size_t back = bytes_.size() - last_at_;
    std::string base(1, static_cast<char>(back & 0x7f));
    while (back >>= 7) base.insert(base.begin(), static_cast<char>(0x80 | (--back & 0x7f)));
    append_object(6, delta, base);
    size_ *= 2;
  }

  static constexpr std::size_t kCopyBytes = 0xff0000;
  std::string bytes_;
  std::size_t size_ = 1 << 20;
  std::size_t last_at_ = 0;
};

TEST_F(SmartHttpTest, APackThatUnfoldsWithoutEndIsRefused) {
  ASSERT_OK(receive(DoublingPack(2).finish()));
  const auto bomb = receive(DoublingPack(14).finish());  // 16 GiB
  ASSERT_FALSE(bomb);
  EXPECT_EQ(bomb.error().code(), Code::InvalidArgument);
  EXPECT_EQ(quarantines(), 0u);
}

TEST(Process, EndsWhenItsTimeIsUsedUp) {
  TempFolder temp;
  shell_ok(temp.path(), "git init -q .");
  GitCommand endless{
      .arguments = {"-c", "alias.spin=!i=0; while [ $i -lt 30000000 ]; do i=$((i+1)); done",
                    "spin"},
      .environment = {},
      .limits = {.cpu_seconds = 1}};
  auto process = must(Process::start(endless, {}));
  EXPECT_EQ(must(process.wait()), kStatusOutOfTime);
}

TEST(PushReport, SpeaksTheProtocol) {
  PushRequest request;
  request.report_status = true;
  const std::vector<RefOutcome> outcomes{{"refs/heads/a", ""}, {"refs/heads/b", "not\nallowed"}};
  const std::string plain = pkt_line("unpack ok\n") + pkt_line("ok refs/heads/a\n") +
                            pkt_line("ng refs/heads/b not allowed\n") + "0000";
  EXPECT_EQ(render_push_report(request, "", outcomes, {"lost"}), plain);
  request.side_band_64k = true;
  const std::string banded = render_push_report(request, "", outcomes, {"hello"});
  EXPECT_TRUE(banded.starts_with(pkt_line("\2hello\n"))) << banded;
  EXPECT_EQ(band_one(banded), plain);
  EXPECT_TRUE(banded.ends_with("0000"));
  request.report_status = false;
  EXPECT_EQ(render_push_report(request, "", outcomes, {}), "0000");
  request = {};
  request.report_status = true;
  EXPECT_EQ(render_push_report(request, "bad pack", {}, {}),
            pkt_line("unpack bad pack\n") + "0000");
}

}  // namespace
}  // namespace embrace::git
