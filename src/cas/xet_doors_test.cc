// The chunked store as Xet clients use it: xorbs and shards in, reconstructions
// out, and files that came through one door leaving by the other.

#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

#include "base/strings.h"
#include "blob/local_backend.h"
#include "cas/chunked_store.h"
#include "cas/memory_catalog.h"
#include "cas/object_store_calls.h"
#include "testing/fake_clock.h"

namespace embrace::cas {
namespace {

// A file as a client prepares it: one xorb that holds all of it, and the shard
// that says so.
struct Prepared {
  XorbIndex index;
  std::string xorb;  // serialized, without footer
  Shard shard;
};

Prepared prepare(std::string_view bytes) {
  Prepared out;
  Chunker chunker;
  XorbWriter writer;
  MerkleRoot root;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto step = chunker.next(bytes.substr(at));
    at += step.taken;
    if (!step.is_cut && at < bytes.size()) continue;
    const std::string_view chunk = bytes.substr(begin, at - begin);
    writer.add(chunk, hash_chunk(chunk)).append_to(out.xorb);
    root.add(hash_chunk(chunk), chunk.size());
    begin = at;
  }
  out.index = writer.finish();
  ShardFile file;
  file.hash = file_hash_of(root.finish());
  file.sha256 = crypto::sha256(bytes);
  file.segments.push_back({.xorb = out.index.hash,
                           .unpacked_bytes = static_cast<std::uint32_t>(bytes.size()),
                           .chunk_first = 0,
                           .chunk_last = out.index.count()});
  file.range_hashes.push_back(out.index.range_hash(0, out.index.count()));
  out.shard.files.push_back(file);
  ShardXorb listed;
  listed.hash = out.index.hash;
  for (std::uint32_t i = 0; i < out.index.count(); ++i) {
    const ByteSpan span = out.index.unpacked_span(i, i + 1);
    listed.chunks.push_back({.hash = out.index.chunks[i].hash,
                             .unpacked_offset = static_cast<std::uint32_t>(span.offset),
                             .unpacked_bytes = static_cast<std::uint32_t>(span.length)});
  }
  listed.unpacked_bytes = static_cast<std::uint32_t>(bytes.size());
  out.shard.xorbs.push_back(listed);
  return out;
}

const ChunkedStore::MayShow kEverybody = [](const XorbRow&) -> Result<bool> { return true; };
constexpr std::uint64_t kShardFilesMax = 100 << 20;

class XetDoors : public ::testing::Test {
 protected:
  Result<bool> send_xorb(const XetHash& named, std::string_view bytes, std::size_t piece = 70'001) {
    EMB_TRY(auto upload, store_.create_xorb(kBlocking, named));
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      EMB_DO(upload->write(kBlocking, bytes.substr(at, piece)));
    return upload->finish(kBlocking);
  }
  Result<std::vector<FileRow>> send_shard(const Shard& shard) {
    return store_.register_shard(kBlocking, write_shard(shard), kShardFilesMax, {});
  }
  std::string refusal(const Shard& shard) {
    const auto sent = send_shard(shard);
    if (sent) return "";
    EXPECT_EQ(sent.error().code(), Code::Unusable);
    return std::string(sent.error().message());
  }
  // As a client does it: fetch every range, decode, join, trim.
  std::string put_together(const Reconstruction& plan, std::uint64_t length) {
    std::string out;
    Decoder decoder;
    for (const auto& term : plan.terms) {
      for (const auto& xorb : plan.xorbs) {
        if (xorb.hash != term.xorb) continue;
        for (const auto& fetch : xorb.fetches) {
          if (fetch.chunk_first > term.chunk_first || term.chunk_last > fetch.chunk_last) continue;
          auto content =
              store_.open_xorb(kBlocking, xorb.hash, fetch.bytes.offset, fetch.bytes.length);
          const std::string stored = ::testing::content_text(content.value());
          std::string_view rest = stored;
          for (std::uint32_t chunk = fetch.chunk_first; chunk < fetch.chunk_last; ++chunk) {
            const RecordHeader header = parse_record_header(rest).value();
            std::string bytes(header.chunk_bytes, '\0');
            EXPECT_TRUE(decoder.decode(
                header.compression, rest.substr(kRecordHeaderBytes, header.payload_bytes), bytes));
            rest.remove_prefix(kRecordHeaderBytes + header.payload_bytes);
            if (chunk >= term.chunk_first && chunk < term.chunk_last) out += bytes;
          }
          EXPECT_TRUE(rest.empty());
        }
      }
    }
    return out.substr(plan.offset_into_first, length);
  }

  void lose_blob(const XetHash& xorb, bool is_cut) {
    const auto row = store_.find_xorb(kBlocking, xorb).value();
    const std::string path = backend_->path_of(*blob::Key::parse(row.key));
    if (is_cut)
      ASSERT_EQ(::truncate(path.c_str(), static_cast<off_t>(row.stored_bytes / 2)), 0);
    else
      ASSERT_EQ(::unlink(path.c_str()), 0);
  }
  void expect_healthy() {
    const auto examined =
        store_.examine(kBlocking, [](std::string_view where, std::string_view what) {
          ADD_FAILURE() << where << ": " << what;
        });
    ASSERT_TRUE(examined);
    EXPECT_EQ(examined->unnamed.xorbs, 0u);
  }

  ::testing::TempFolder folder_;
  ::testing::FakeClock clock_;
  std::unique_ptr<blob::LocalBackend> backend_ =
      blob::LocalBackend::open(kBlocking, folder_ / "store").value();
  MemoryCatalog catalog_;
  ChunkedStore store_{*backend_, catalog_, clock_};
};

TEST_F(XetDoors, AXorbAndItsShardMakeAFileThatIsFoundByEitherHash) {
  const std::string bytes = many_bytes(3'000'000);
  const Prepared file = prepare(bytes);
  EXPECT_TRUE(send_xorb(file.index.hash, file.xorb).value());
  EXPECT_FALSE(send_xorb(file.index.hash, file.xorb).value()) << "it is there already";
  const auto rows = send_shard(file.shard).value();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].sha256, crypto::sha256(bytes));
  EXPECT_EQ(rows[0].size_bytes, bytes.size());
  EXPECT_EQ(store_.find_file(kBlocking, file.shard.files[0].hash)->id, rows[0].id);
  EXPECT_TRUE(get(store_, crypto::sha256(bytes), 0, bytes.size()).value() == bytes);
  EXPECT_TRUE(store_.verify(kBlocking, crypto::sha256(bytes)));
  EXPECT_TRUE(send_shard(file.shard)) << "a shard may come twice";
}

TEST_F(XetDoors, AFooterOfAnOlderClientIsDropped) {
  const Prepared file = prepare(many_bytes(500'000));
  for (const std::size_t piece : {1u, 4096u, 1'000'000u}) {
    const Prepared other = prepare(many_bytes(500'000, static_cast<unsigned>(piece)));
    ASSERT_TRUE(send_xorb(other.index.hash, other.xorb + serialize_footer(other.index), piece));
    EXPECT_EQ(store_.find_xorb(kBlocking, other.index.hash)->stored_bytes, other.xorb.size());
  }
}

TEST_F(XetDoors, AnUploadByLfsAndOneByXetAreTheSameFile) {
  const std::string bytes = many_bytes(2'000'000);
  ASSERT_TRUE(put(store_, bytes));
  const Prepared file = prepare(bytes);
  const auto row = store_.find_file(kBlocking, file.shard.files[0].hash);
  ASSERT_TRUE(row) << "our chunks and the client's are the same";
  const auto plan = store_.reconstruct(kBlocking, *row, 0, bytes.size()).value();
  EXPECT_TRUE(put_together(plan, bytes.size()) == bytes);
  const auto hashes = store_.xet_hashes(kBlocking, std::vector{crypto::sha256(bytes)}).value();
  EXPECT_EQ(hashes.front(), row->hash);
  // And the client, asking for the first chunk, learns that it need not send
  // it.
  EXPECT_TRUE(store_.dedupe_answer(kBlocking, file.index.chunks[0].hash, kEverybody));
  EXPECT_EQ(store_
                .dedupe_answer(kBlocking, file.index.chunks[0].hash,
                               [](const XorbRow&) -> Result<bool> { return false; })
                .error()
                .code(),
            Code::NotFound);
  EXPECT_EQ(
      store_.dedupe_answer(kBlocking, hash_chunk("nobody has this"), kEverybody).error().code(),
      Code::NotFound);
}

TEST_F(XetDoors, AnyRangeCanBeReconstructed) {
  const std::string part = many_bytes(2'000'000, 3);
  const std::string bytes = part + many_bytes(700'000, 4) + part.substr(100'000) + "end";
  ASSERT_TRUE(put(store_, bytes));
  const auto row = *catalog_.find_sha256(kBlocking, crypto::sha256(bytes)).value();
  std::mt19937 random(11);
  for (int i = 0; i < 40; ++i) {
    const std::uint64_t offset = i == 0 ? 0 : random() % bytes.size();
    const std::uint64_t length = i == 0 ? bytes.size() : 1 + random() % (bytes.size() - offset);
    const auto plan = store_.reconstruct(kBlocking, row, offset, length).value();
    ASSERT_TRUE(put_together(plan, length) == bytes.substr(offset, length)) << offset << length;
    for (const auto& xorb : plan.xorbs) {
      for (std::size_t f = 1; f < xorb.fetches.size(); ++f)
        EXPECT_GT(xorb.fetches[f].chunk_first, xorb.fetches[f - 1].chunk_last);
    }
  }
}

TEST_F(XetDoors, APlanOfTooManyPiecesIsRefusedAndARangeOfItIsNot) {
  const std::string bytes = many_bytes(1'000'000);
  // Every second megabyte is known already, so the file alternates between xorbs.
  std::string mixed;
  for (unsigned i = 0; i < 4; ++i) mixed += bytes + many_bytes(1'000'000, 20 + i);
  ASSERT_TRUE(put(store_, bytes));
  ASSERT_TRUE(put(store_, mixed));
  const auto row = *catalog_.find_sha256(kBlocking, crypto::sha256(mixed)).value();
  const std::size_t pieces = store_.reconstruct(kBlocking, row, 0, mixed.size())->terms.size();
  ASSERT_GT(pieces, 4u);
  EXPECT_TRUE(store_.reconstruct(kBlocking, row, 0, mixed.size(), pieces));
  const auto refused = store_.reconstruct(kBlocking, row, 0, mixed.size(), pieces - 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::InvalidArgument);
  EXPECT_NE(refused.error().message().find("Range"), std::string::npos);
  EXPECT_TRUE(store_.reconstruct(kBlocking, row, 0, mixed.size() / 2, pieces - 1));
}

// Whatever way it got lost: gone, or cut short.
TEST_F(XetDoors, ALostXorbIsTakenAgainFromWhoSendsIt) {
  for (const bool is_cut : {false, true}) {
    const std::string bytes = many_bytes(1'500'000, is_cut ? 31 : 32);
    const Prepared file = prepare(bytes);
    const Digest sha256 = crypto::sha256(bytes);
    ASSERT_TRUE(send_xorb(file.index.hash, file.xorb));
    ASSERT_TRUE(send_shard(file.shard));
    ASSERT_TRUE(get(store_, sha256, 0, bytes.size()));  // and its footer is in memory
    lose_blob(file.index.hash, is_cut);

    // Nobody is told that it is here.
    EXPECT_EQ(store_.dedupe_answer(kBlocking, file.index.chunks[0].hash, kEverybody).error().code(),
              Code::NotFound);
    EXPECT_NE(refusal(file.shard).find("is not here"), std::string::npos);
    EXPECT_TRUE(send_xorb(file.index.hash, file.xorb).value()) << "as if it was new";
    EXPECT_FALSE(send_xorb(file.index.hash, file.xorb).value());
    EXPECT_TRUE(send_shard(file.shard));
    EXPECT_TRUE(get(store_, sha256, 0, bytes.size()).value() == bytes);
    expect_healthy();
  }
}

TEST_F(XetDoors, AFileWithALostXorbIsWholeWhenItIsSentAgainThroughEitherDoor) {
  const std::string shared = many_bytes(1'500'000, 41);
  const std::string bytes = shared + many_bytes(1'500'000, 42);
  const Prepared file = prepare(bytes);
  ASSERT_TRUE(put(store_, shared));
  ASSERT_TRUE(send_xorb(file.index.hash, file.xorb));
  ASSERT_TRUE(send_shard(file.shard));
  const Digest sha256 = crypto::sha256(bytes);

  lose_blob(file.index.hash, false);
  EXPECT_FALSE(get(store_, sha256, 0, bytes.size()));
  // What comes through this door is cut into other xorbs: the first half is there already.
  ASSERT_TRUE(put(store_, bytes));
  EXPECT_TRUE(get(store_, sha256, 0, bytes.size()).value() == bytes);
  EXPECT_TRUE(store_.verify(kBlocking, sha256));
  expect_healthy();

  // One that other files don't need is dropped with the file; the shared one gets its bytes again.
  for (int round = 0; round < 2; ++round) {
    const auto row = *catalog_.find_sha256(kBlocking, sha256).value();
    const auto terms = catalog_.terms(kBlocking, row.id, 0, 10).value();
    lose_blob((round == 0 ? terms.front() : terms.back()).xorb.hash, true);
    ASSERT_TRUE(put(store_, bytes)) << "again through the same door";
    EXPECT_TRUE(get(store_, sha256, 0, bytes.size()).value() == bytes);
  }
  ASSERT_TRUE(put(store_, shared));
  expect_healthy();
}

TEST_F(XetDoors, AXorbThatIsNotWhatItsNameSaysIsRefused) {
  const Prepared file = prepare(many_bytes(400'000));
  const Prepared other = prepare(many_bytes(400'000, 2));
  EXPECT_EQ(send_xorb(file.index.hash, other.xorb).error().code(), Code::Unusable);
  EXPECT_EQ(send_xorb(file.index.hash, file.xorb.substr(0, 300'000)).error().code(),
            Code::Unusable);
  EXPECT_EQ(send_xorb(file.index.hash, "not a xorb at all").error().code(), Code::Unusable);
  EXPECT_EQ(send_xorb(file.index.hash, "").error().code(), Code::Unusable);
  EXPECT_FALSE(store_.find_xorb(kBlocking, file.index.hash));
  EXPECT_TRUE(backend_->list(kBlocking, "xorbs/", "", 10)->items.empty());
}

TEST_F(XetDoors, EveryFalseClaimOfAShardIsRefusedAndRegistersNothing) {
  const std::string bytes = many_bytes(900'000);
  const Prepared file = prepare(bytes);
  EXPECT_NE(refusal(file.shard).find("is not here"), std::string::npos);
  ASSERT_TRUE(send_xorb(file.index.hash, file.xorb));

  const auto changed = [&](auto change) {
    Shard shard = file.shard;
    change(shard);
    return refusal(shard);
  };
  // Somebody who knows the hashes of files and xorbs, and not those of the
  // chunks.
  EXPECT_NE(changed([](Shard& s) { s.files[0].range_hashes[0] = hash_chunk("a guess"); }), "");
  EXPECT_NE(changed([](Shard& s) { s.files[0].range_hashes.clear(); }), "");
  EXPECT_NE(changed([](Shard& s) { s.files[0].hash = hash_chunk("another file"); }), "");
  EXPECT_NE(changed([](Shard& s) { s.files[0].sha256 = crypto::sha256("other bytes"); }), "");
  EXPECT_NE(changed([](Shard& s) { s.files[0].segments[0].chunk_last += 1; }), "");
  EXPECT_NE(changed([](Shard& s) { s.files[0].segments[0].unpacked_bytes -= 1; }), "");
  EXPECT_NE(changed([](Shard& s) { s.files[0].segments[0].chunk_first = 1; }), "");
  EXPECT_NE(changed([](Shard& s) { s.xorbs[0].chunks.pop_back(); }), "");
  EXPECT_NE(changed([](Shard& s) { s.xorbs[0].chunks[0].hash = hash_chunk("x"); }), "");
  EXPECT_NE(changed([](Shard& s) { s.xorbs[0].chunks[1].unpacked_bytes += 1; }), "");
  // One bad file spoils the good ones beside it.
  EXPECT_NE(changed([](Shard& s) {
              s.files.push_back(s.files[0]);
              s.files[1].hash = hash_chunk("another file");
            }),
            "");
  EXPECT_FALSE(store_.find(kBlocking, crypto::sha256(bytes)));
  EXPECT_TRUE(send_shard(file.shard));
}

// One upload of a megabyte must not cost hours of hashing.
TEST_F(XetDoors, AShardThatNamesMoreThanIsAllowedIsRefusedBeforeAnythingIsRead) {
  const Prepared file = prepare(many_bytes(1 << 20));
  Shard shard = file.shard;
  for (int i = 0; i < 1000; ++i) {
    shard.files[0].segments.push_back(shard.files[0].segments[0]);
    shard.files[0].range_hashes.push_back(shard.files[0].range_hashes[0]);
  }
  // The xorb is not even here: the sizes that are claimed are looked at first.
  EXPECT_EQ(send_shard(shard).error().code(), Code::TooLarge);
}

TEST_F(XetDoors, AFileThatAShardNamesOftenIsReadOnceAndAKnownOneNever) {
  const std::string bytes = many_bytes(1 << 20);
  const Prepared file = prepare(bytes);
  ASSERT_TRUE(send_xorb(file.index.hash, file.xorb));
  Shard shard = file.shard;
  for (int i = 0; i < 1000; ++i) shard.files.push_back(shard.files[0]);
  std::uint64_t total = 0;
  const auto progress = [&](std::uint64_t, std::uint64_t all) { total = all; };
  EXPECT_EQ(store_.register_shard(kBlocking, write_shard(shard), kShardFilesMax, progress)->size(),
            1u);
  EXPECT_EQ(total, bytes.size());
  total = 0;
  ASSERT_TRUE(store_.register_shard(kBlocking, write_shard(shard), kShardFilesMax, progress));
  EXPECT_EQ(total, 0u);
  shard.files[500].sha256 = crypto::sha256("other bytes");
  EXPECT_EQ(send_shard(shard).error().code(), Code::Unusable);
}

TEST_F(XetDoors, AFileWithoutBytesOrWithoutASha256IsAFile) {
  Shard empty;
  empty.files.emplace_back();
  empty.files[0].sha256 = Digest{};
  ASSERT_EQ(send_shard(empty)->front().sha256, crypto::sha256(""));
  EXPECT_EQ(store_.find(kBlocking, crypto::sha256(""))->size_bytes, 0u);

  const std::string bytes = many_bytes(200'000);
  Prepared file = prepare(bytes);
  file.shard.files[0].sha256.reset();
  ASSERT_TRUE(send_xorb(file.index.hash, file.xorb));
  EXPECT_EQ(send_shard(file.shard)->front().sha256, crypto::sha256(bytes));
}

}  // namespace
}  // namespace embrace::cas
