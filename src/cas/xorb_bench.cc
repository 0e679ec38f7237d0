// Encoding and decoding chunks, and whole xorbs, over kinds of content. Bytes are those of the
// unpacked chunks. Denominators: memcpy of the same bytes, and hashing them, which is what an
// upload can't do without.

#include <benchmark/benchmark.h>

#include <bit>
#include <cstring>
#include <random>

#include "base/strings.h"
#include "cas/byte_groups.h"
#include "cas/xorb.h"

namespace embrace::cas {
namespace {

constexpr std::size_t kChunkBytes = 64 << 10;
constexpr std::size_t kChunks = 128;
constexpr std::size_t kPieceBytes = 128 << 10;  // as a connection hands it on

enum Content { kNoise, kBf16, kF32, kText };
constexpr const char* kContentNames[] = {"noise", "bf16", "f32", "text"};

std::string make_content(Content content, std::size_t size) {
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal(0, 0.02F);
  std::string bytes;
  bytes.reserve(size + 64);
  while (bytes.size() < size) {
    const auto bits = std::bit_cast<std::uint32_t>(normal(random));
    const std::uint64_t any = random();
    switch (content) {
      case kNoise:
        bytes.append(reinterpret_cast<const char*>(&any), sizeof any);
        break;
      case kBf16:
        bytes.append(reinterpret_cast<const char*>(&bits) + 2, 2);
        break;
      case kF32:
        bytes.append(reinterpret_cast<const char*>(&bits), 4);
        break;
      case kText:
        bytes +=
            cat("{\"text\": \"", any % 997, " of ", any % 83, "\", \"label\": ", any % 3, "}\n");
        break;
    }
  }
  bytes.resize(size);
  return bytes;
}

const std::string& content_of(std::int64_t content) {
  static const auto all = [] {
    std::array<std::string, 4> made;
    for (int i = 0; i < 4; ++i) {
      made[static_cast<std::size_t>(i)] =
          make_content(static_cast<Content>(i), kChunks * kChunkBytes);
    }
    return made;
  }();
  return all[static_cast<std::size_t>(content)];
}
std::string_view chunk_of(std::string_view bytes, std::size_t i) {
  return bytes.substr(i % kChunks * kChunkBytes, kChunkBytes);
}

void report(benchmark::State& state, std::size_t stored_bytes, std::size_t unpacked_bytes) {
  state.SetLabel(kContentNames[state.range(0)]);
  state.counters["ratio"] = static_cast<double>(unpacked_bytes) / static_cast<double>(stored_bytes);
}

void copy(benchmark::State& state) {
  const std::string& bytes = content_of(kNoise);
  std::string into(kChunkBytes, '\0');
  std::size_t i = 0;
  for (auto _ : state) {
    std::memcpy(into.data(), chunk_of(bytes, i++).data(), kChunkBytes);
    benchmark::DoNotOptimize(into.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kChunkBytes));
}
BENCHMARK(copy);

void hash(benchmark::State& state) {
  const std::string& bytes = content_of(kNoise);
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(hash_chunk(chunk_of(bytes, i++)));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kChunkBytes));
}
BENCHMARK(hash);

template <auto kTransform>
void transform(benchmark::State& state) {
  const std::string& bytes = content_of(kBf16);
  std::string into(kChunkBytes, '\0');
  std::size_t i = 0;
  for (auto _ : state) {
    kTransform(chunk_of(bytes, i++), into);
    benchmark::DoNotOptimize(into.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kChunkBytes));
}
BENCHMARK(transform<group_by_four>)->Name("group");
BENCHMARK(transform<ungroup_by_four>)->Name("ungroup");

void choose(benchmark::State& state) {
  const std::string& bytes = content_of(state.range(0));
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(Encoder::choose(chunk_of(bytes, i++)));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kChunkBytes));
}
BENCHMARK(choose)->Arg(kBf16)->Arg(kText);

template <Compression kCompression>
void encode(benchmark::State& state) {
  const std::string& bytes = content_of(state.range(0));
  Encoder encoder;
  std::size_t i = 0, stored = 0;
  for (auto _ : state) {
    stored += encoder.encode(chunk_of(bytes, i++), kCompression).payload.size();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kChunkBytes));
  report(state, stored, i * kChunkBytes);
}
BENCHMARK(encode<Compression::Lz4>)->Name("encode_lz4")->DenseRange(kNoise, kText);
BENCHMARK(encode<Compression::ByteGroupedLz4>)->Name("encode_bg4")->DenseRange(kNoise, kText);

template <Compression kCompression>
void decode(benchmark::State& state) {
  const std::string& bytes = content_of(state.range(0));
  Encoder encoder;
  std::vector<Compression> used;
  std::vector<std::string> payloads;
  std::size_t stored = 0;
  for (std::size_t i = 0; i < kChunks; ++i) {
    const auto encoded = encoder.encode(chunk_of(bytes, i), kCompression);
    used.push_back(encoded.used);
    payloads.emplace_back(encoded.payload);
    stored += encoded.payload.size();
  }
  Decoder decoder;
  std::string into(kChunkBytes, '\0');
  std::size_t i = 0;
  for (auto _ : state) {
    const std::size_t at = i++ % kChunks;
    if (!decoder.decode(used[at], payloads[at], into)) return state.SkipWithError("not decoded");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kChunkBytes));
  report(state, stored, kChunks * kChunkBytes);
}
BENCHMARK(decode<Compression::None>)->Name("decode_none")->Arg(kNoise);
BENCHMARK(decode<Compression::Lz4>)->Name("decode_lz4")->Arg(kText);
BENCHMARK(decode<Compression::ByteGroupedLz4>)->Name("decode_bg4")->Arg(kBf16)->Arg(kText);

std::string make_xorb(std::string_view bytes, XorbIndex* index) {
  XorbWriter writer;
  std::string records;
  for (std::size_t i = 0; i < kChunks; ++i)
    writer.add(chunk_of(bytes, i), hash_chunk(chunk_of(bytes, i))).append_to(records);
  *index = writer.finish();
  return records;
}

void write_xorb(benchmark::State& state) {
  const std::string& bytes = content_of(state.range(0));
  std::size_t stored = 0;
  for (auto _ : state) {
    XorbWriter writer;
    for (std::size_t i = 0; i < kChunks; ++i) {
      const auto record = writer.add(chunk_of(bytes, i), XetHash{});  // hashing is the caller's
      stored += kRecordHeaderBytes + record.payload.size();
    }
    benchmark::DoNotOptimize(writer.finish());
  }
  const auto unpacked = static_cast<std::size_t>(state.iterations()) * bytes.size();
  state.SetBytesProcessed(static_cast<std::int64_t>(unpacked));
  report(state, stored, unpacked);
}
BENCHMARK(write_xorb)->DenseRange(kNoise, kText);

void parse_xorb(benchmark::State& state) {
  const std::string& bytes = content_of(state.range(0));
  XorbIndex index;
  const std::string records = make_xorb(bytes, &index);
  for (auto _ : state) {
    XorbParser parser;
    for (std::size_t at = 0; at < records.size(); at += kPieceBytes) {
      if (!parser.feed(std::string_view(records).substr(at, kPieceBytes)))
        return state.SkipWithError("not read");
    }
    if (!parser.finish(index.hash)) return state.SkipWithError("not read");
  }
  const auto unpacked = static_cast<std::size_t>(state.iterations()) * bytes.size();
  state.SetBytesProcessed(static_cast<std::int64_t>(unpacked));
  report(state, records.size(), bytes.size());
}
BENCHMARK(parse_xorb)->DenseRange(kNoise, kText);

void read_footer(benchmark::State& state) {
  XorbWriter writer;
  for (std::int64_t i = 0; i < state.range(0); ++i) writer.add("x", hash_chunk(cat(i)));
  const std::string footer = serialize_footer(writer.finish());
  for (auto _ : state) {
    if (!parse_footer(footer)) return state.SkipWithError("not read");
  }
}
BENCHMARK(read_footer)->Arg(1000)->Arg(8192);

}  // namespace
}  // namespace embrace::cas
