// Files made of a few xorbs in whatever way the input says. A claim that is false is refused; of a
// file that is taken, every range is read as its bytes, and has a plan that gives them.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "blob/memory_backend.h"
#include "cas/chunked_store.h"
#include "cas/memory_catalog.h"
#include "crypto/sha256.h"

namespace {

using namespace embrace;
using namespace embrace::cas;

const rt::Blocking kBlocking = rt::Blocking::on_main_thread();
constexpr std::uint64_t kFileBytesMax = 64 << 20;

void require(bool holds) {
  if (!holds) std::abort();
}

// Of one kind for each compression: noise, words, numbers of four bytes.
std::string make_chunk(std::size_t xorb, std::size_t number) {
  std::string bytes(1 + (number * number * 37 + xorb * 101) % 3000, '\0');
  std::uint64_t state = 1 + xorb * 1000 + number;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    if (xorb == 0 || i < 8) bytes[i] = static_cast<char>(state >> 56);
    if (xorb == 1 && i >= 8) bytes[i] = "many words "[i % 11];
    if (xorb == 2 && i >= 8) bytes[i] = i % 4 == 0 ? static_cast<char>(state >> 56) : 'n';
  }
  return bytes;
}

// The store and its xorbs, made once; each input adds a file and takes it away again.
struct World {
  struct Xorb {
    XorbIndex index;
    std::vector<std::string> chunks;
  };
  SystemClock clock;
  blob::MemoryBackend backend{clock};
  MemoryCatalog catalog;
  ChunkedStore store{backend, catalog, clock};
  std::vector<Xorb> xorbs;

  World() {
    for (std::size_t x = 0; x < 3; ++x) {
      Xorb xorb;
      XorbWriter writer;
      std::string records;
      for (std::size_t i = 0; i < 5 + 4 * x; ++i) {
        xorb.chunks.push_back(make_chunk(x, i));
        writer.add(xorb.chunks.back(), hash_chunk(xorb.chunks.back())).append_to(records);
      }
      xorb.index = writer.finish();
      auto upload = store.create_xorb(kBlocking, xorb.index.hash);
      require(upload && (*upload)->write(kBlocking, records) && (*upload)->finish(kBlocking));
      xorbs.push_back(std::move(xorb));
    }
  }
  const Xorb& named(const XetHash& hash) const {
    const auto found = std::ranges::find(xorbs, hash, [](const Xorb& x) { return x.index.hash; });
    require(found != xorbs.end());
    return *found;
  }
};

World& world() {
  static World& made = *new World;
  return made;
}

// Numbers for as long as there are bytes, then zeros.
struct Input {
  std::string_view bytes;
  std::uint32_t take() {
    if (bytes.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    return byte;
  }
  std::uint32_t below(std::size_t end) {
    const std::uint32_t high = take();
    return static_cast<std::uint32_t>((high << 8 | take()) % end);
  }
};

struct Made {
  std::string bytes;
  ShardFile file;
};

Made make_file(Input& input) {
  Made made;
  MerkleRoot root;
  const std::uint32_t segments = 1 + input.take() % 12;
  for (std::uint32_t s = 0; s < segments; ++s) {
    const auto& xorb = world().xorbs[input.take() % world().xorbs.size()];
    const std::uint32_t first = input.take() % xorb.index.count();
    const std::uint32_t last = first + 1 + input.take() % (xorb.index.count() - first);
    for (std::uint32_t i = first; i < last; ++i) {
      made.bytes += xorb.chunks[i];
      root.add(xorb.index.chunks[i].hash, xorb.chunks[i].size());
    }
    const auto length = xorb.index.unpacked_span(first, last).length;
    made.file.segments.push_back({.xorb = xorb.index.hash,
                                  .unpacked_bytes = static_cast<std::uint32_t>(length),
                                  .chunk_first = first,
                                  .chunk_last = last});
    made.file.range_hashes.push_back(xorb.index.range_hash(first, last));
  }
  made.file.hash = file_hash_of(root.finish());
  made.file.sha256 = crypto::sha256(made.bytes);
  return made;
}

// Makes one claim of the file false; nothing when `kind` is none of them.
bool lie(ShardFile& file, std::uint32_t kind, Input& input) {
  const std::size_t at = input.take() % file.segments.size();
  ShardSegment& segment = file.segments[at];
  switch (kind) {
    case 1:
      segment.unpacked_bytes += 1 + input.take();
      return true;
    case 2:
      segment.chunk_last += 1 + input.take();
      return true;
    case 3:
      segment.chunk_last = segment.chunk_first;
      return true;
    case 4:
      file.range_hashes[at] = hash_chunk("another range");
      return true;
    case 5:
      file.hash = hash_chunk("another file");
      return true;
    case 6:
      file.sha256 = crypto::sha256("another file");
      return true;
    case 7:
      segment.xorb = hash_chunk("no xorb");
      return true;
    default:
      return false;
  }
}

// As a client does it: fetch every range, decode, join; with what a plan promises on the way.
std::string put_together(const Reconstruction& plan) {
  std::string out;
  Decoder decoder;
  for (const auto& term : plan.terms) {
    const auto xorb = std::ranges::find(plan.xorbs, term.xorb, &Reconstruction::Xorb::hash);
    require(xorb != plan.xorbs.end());
    const auto fetch = std::ranges::find_if(xorb->fetches, [&](const auto& each) {
      return each.chunk_first <= term.chunk_first && term.chunk_last <= each.chunk_last;
    });
    require(fetch != xorb->fetches.end() && term.chunk_first < term.chunk_last);
    const auto key = blob::Key::parse(xorb->key);
    require(key.has_value());
    std::string stored;
    const auto take = [&](std::string_view piece) -> Status {
      stored += piece;
      return Done{};
    };
    require(world()
                .backend.read(kBlocking, *key, fetch->bytes.offset, fetch->bytes.length, take)
                .has_value());
    std::string_view rest = stored;
    std::uint64_t unpacked = 0;
    for (std::uint32_t i = fetch->chunk_first; i < fetch->chunk_last; ++i) {
      const auto header = parse_record_header(rest);
      require(header.has_value());
      std::string chunk(header->chunk_bytes, '\0');
      require(decoder
                  .decode(header->compression,
                          rest.substr(kRecordHeaderBytes, header->payload_bytes), chunk)
                  .has_value());
      rest.remove_prefix(kRecordHeaderBytes + header->payload_bytes);
      if (i < term.chunk_first || i >= term.chunk_last) continue;
      out += chunk;
      unpacked += chunk.size();
    }
    require(rest.empty() && unpacked == term.unpacked_bytes);
  }
  return out;
}

void check_range(const Made& made, const FileRow& row, std::uint64_t offset, std::uint64_t length) {
  ChunkedStore& store = world().store;
  const auto expected = std::string_view(made.bytes).substr(offset, length);
  require(store.open(kBlocking, row.sha256, offset, length).has_value());
  require(store.read(kBlocking, row.sha256, offset, length).value_or("") == expected);

  const auto plan = store.reconstruct(kBlocking, row, offset, length);
  require(plan && !plan->terms.empty());
  const std::string joined = put_together(*plan);
  require(plan->offset_into_first + length <= joined.size());
  require(std::string_view(joined).substr(plan->offset_into_first, length) == expected);
  // No chunk that is not needed.
  const auto& first = plan->terms.front();
  const auto& last = plan->terms.back();
  require(plan->offset_into_first < world().named(first.xorb).chunks[first.chunk_first].size());
  require(joined.size() - plan->offset_into_first - length <
          world().named(last.xorb).chunks[last.chunk_last - 1].size());
  for (const auto& xorb : plan->xorbs) {
    for (std::size_t i = 1; i < xorb.fetches.size(); ++i)
      require(xorb.fetches[i].chunk_first > xorb.fetches[i - 1].chunk_last);
  }
  const std::size_t pieces = plan->terms.size();
  require(store.reconstruct(kBlocking, row, offset, length, pieces).has_value());
  require(!store.reconstruct(kBlocking, row, offset, length, pieces - 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Input input{{reinterpret_cast<const char*>(bytes), size}};
  ChunkedStore& store = world().store;
  const std::uint32_t kind = input.take();
  Made made = make_file(input);
  const Digest sha256 = *made.file.sha256;
  if (kind % 2 == 0) made.file.sha256 = std::nullopt;  // clients may leave it to the server
  const bool is_false = lie(made.file, kind / 2, input);
  const auto rows = store.register_shard(
      kBlocking, write_shard({.files = {made.file}, .xorbs = {}}), kFileBytesMax, {});
  require(rows.has_value() != is_false);
  if (!rows) {
    require(!store.find(kBlocking, sha256));
    return 0;
  }
  require(rows->size() == 1 && rows->front().sha256 == sha256);
  const FileRow& row = rows->front();
  require(row.size_bytes == made.bytes.size());
  check_range(made, row, 0, made.bytes.size());
  for (std::uint32_t ranges = input.take() % 8; ranges > 0; --ranges) {
    const std::uint64_t offset = input.below(made.bytes.size());
    check_range(made, row, offset, 1 + input.below(made.bytes.size() - offset));
  }
  require(!store.open(kBlocking, sha256, made.bytes.size(), 1));
  require(!store.open(kBlocking, sha256, 0, made.bytes.size() + 1));
  require(store.remove(kBlocking, sha256).has_value());
  require(!store.find(kBlocking, sha256));
  return 0;
}
