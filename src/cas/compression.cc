#include "cas/compression.h"

#include <lz4frame.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <new>

#include "base/check.h"
#include "base/strings.h"
#include "cas/byte_groups.h"

namespace embrace::cas {

namespace {

// Independent blocks, no checksums, no sizes. The library picks the 64 KiB class for chunks that
// fit it, so that a chunk is always one block.
constexpr LZ4F_preferences_t make_preferences() {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockSizeID = LZ4F_max256KB;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  return preferences;
}
constexpr LZ4F_preferences_t kPreferences = make_preferences();

// Bytes of a frame's head that say how it is made.
constexpr std::size_t kFrameHeadMin = 7;
constexpr unsigned char kFlagDictionary = 0x01;
constexpr unsigned char kFlagContentChecksum = 0x04;
constexpr unsigned char kFlagBlockChecksums = 0x10;

// Chunks whose bytes are all counted, where only statistics are wanted.
constexpr std::size_t kCountedBytesMax = 16 << 10;
constexpr std::size_t kLineBytes = 64;

// A group of bytes whose bit counts differ from those of all bytes by more than this is worth
// setting apart (Kullback-Leibler, in nats).
constexpr double kDivergenceWorthGrouping = 0.02;

Status bad_frame(std::string_view what) { return fail(Code::Unusable, cat("LZ4 frame: ", what)); }

}  // namespace

std::string group_bytes_by_four(std::string_view bytes) {
  std::string out(bytes.size(), '\0');
  group_by_four(bytes, out);
  return out;
}

std::string ungroup_bytes_by_four(std::string_view grouped) {
  std::string out(grouped.size(), '\0');
  ungroup_by_four(grouped, out);
  return out;
}

struct Encoder::Impl {
  const std::size_t frame_bytes_max = LZ4F_compressFrameBound(kChunkBytesMax, &kPreferences);
  std::unique_ptr<char[]> frame = std::make_unique_for_overwrite<char[]>(frame_bytes_max);
  std::unique_ptr<char[]> grouped = std::make_unique_for_overwrite<char[]>(kChunkBytesMax);
};

Encoder::Encoder() : impl_(std::make_unique<Impl>()) {}
Encoder::~Encoder() = default;

Compression Encoder::choose(std::string_view chunk) {
  std::array<std::array<std::uint32_t, 256>, 4> seen{};
  const auto count = [&](std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
      ++seen[i % 4][static_cast<unsigned char>(bytes[i])];
  };
  // Of a large chunk a quarter is enough, a line here and there.
  const std::size_t step = chunk.size() < kCountedBytesMax ? kLineBytes : 4 * kLineBytes;
  for (std::size_t at = 0; at < chunk.size(); at += step) count(chunk.substr(at, kLineBytes));

  // How many bits are set in a byte: nine classes, none of them empty, so that no ratio is zero.
  std::array<std::array<double, 9>, 4> classes;
  std::array<double, 9> pooled{};
  for (std::size_t lane = 0; lane < 4; ++lane) {
    classes[lane].fill(1);
    for (unsigned byte = 0; byte < 256; ++byte) {
      classes[lane][static_cast<std::size_t>(std::popcount(byte))] += seen[lane][byte];
    }
    for (std::size_t bits = 0; bits < 9; ++bits) pooled[bits] += classes[lane][bits];
  }
  double pooled_total = 0;
  for (const double count : pooled) pooled_total += count;

  double divergence_max = 0;
  for (const auto& counts : classes) {
    double total = 0;
    for (const double count : counts) total += count;
    double divergence = 0;
    for (std::size_t bits = 0; bits < 9; ++bits) {
      const double share = counts[bits] / total;
      divergence += share * std::log(share / (pooled[bits] / pooled_total));
    }
    divergence_max = std::max(divergence_max, divergence);
  }
  return divergence_max > kDivergenceWorthGrouping ? Compression::ByteGroupedLz4 : Compression::Lz4;
}

Encoder::Encoded Encoder::encode(std::string_view chunk, Compression wanted) {
  EMB_CHECK(chunk.size() <= kChunkBytesMax, "a chunk is not longer than the longest");
  if (wanted == Compression::None || chunk.empty()) return {Compression::None, chunk};

  std::string_view plain = chunk;
  if (wanted == Compression::ByteGroupedLz4) {
    const std::span<char> grouped(impl_->grouped.get(), chunk.size());
    group_by_four(chunk, grouped);
    plain = {grouped.data(), grouped.size()};
  }
  const std::size_t frame_bytes = LZ4F_compressFrame(impl_->frame.get(), impl_->frame_bytes_max,
                                                     plain.data(), plain.size(), &kPreferences);
  // It can only lack memory, or room that its own bound promised.
  if (LZ4F_isError(frame_bytes)) throw std::bad_alloc();
  // Less is not worth it: plain chunks leave by sendfile, and weights in bf16 (which save an eighth
  // when grouped) would halve the speed of every upload.
  const bool is_worth_it =
      frame_bytes < chunk.size() && (chunk.size() - frame_bytes) * 6 >= chunk.size();
  if (!is_worth_it) return {Compression::None, chunk};
  return {wanted, {impl_->frame.get(), frame_bytes}};
}

struct Decoder::Impl {
  struct FreeContext {
    void operator()(LZ4F_dctx* unused) const { LZ4F_freeDecompressionContext(unused); }
  };
  std::unique_ptr<LZ4F_dctx, FreeContext> context;
  std::unique_ptr<char[]> grouped = std::make_unique_for_overwrite<char[]>(kChunkBytesMax);

  Status decode_frame(std::string_view frame, std::span<char> into);
};

Decoder::Decoder() : impl_(std::make_unique<Impl>()) {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) throw std::bad_alloc();
  impl_->context.reset(context);
}
Decoder::~Decoder() = default;

// What one client uploads, others read with decoders of their own. So a frame that only ours would
// accept is refused: dictionaries, which none of theirs has, and checksums of blocks, which the
// JavaScript client skips wrongly.
Status Decoder::Impl::decode_frame(std::string_view frame, std::span<char> into) {
  if (frame.size() < kFrameHeadMin) return bad_frame("cut off within its head");
  const auto flags = static_cast<unsigned char>(frame[4]);
  if (flags & kFlagDictionary) return bad_frame("needs a dictionary");
  if (flags & kFlagBlockChecksums) return bad_frame("has checksums of blocks");

  LZ4F_resetDecompressionContext(context.get());
  std::size_t produced = 0;
  std::size_t wanted_next = 0;  // 0: the frame is over
  do {
    std::size_t room = into.size() - produced;
    std::size_t taken = frame.size();
    wanted_next = LZ4F_decompress(context.get(), into.data() + produced, &room, frame.data(),
                                  &taken, nullptr);
    if (LZ4F_isError(wanted_next)) return bad_frame(LZ4F_getErrorName(wanted_next));
    produced += room;
    frame.remove_prefix(taken);
    // Full and no way forward: there is more in the frame than the record said.
    if (room == 0 && taken == 0) break;
  } while (wanted_next != 0 && !frame.empty());

  if (!frame.empty()) return bad_frame("longer than its record says");
  if (produced < into.size()) return bad_frame("holds fewer bytes than its record says");
  // Some clients' decoders do without the mark of zeros at the end; nothing else may be missing.
  const bool lacks_end_mark_only = wanted_next == 4 && !(flags & kFlagContentChecksum);
  if (wanted_next != 0 && !lacks_end_mark_only) return bad_frame("cut off");
  return Done{};
}

Status Decoder::decode(Compression compression, std::string_view payload, std::span<char> into) {
  if (into.size() > kChunkBytesMax) return fail(Code::Unusable, "chunk: longer than 128 KiB");
  switch (compression) {
    case Compression::None:
      if (payload.size() != into.size()) {
        return fail(Code::Unusable, "plain chunk: its payload has another length than the chunk");
      }
      std::copy(payload.begin(), payload.end(), into.begin());
      return Done{};
    case Compression::Lz4:
      return impl_->decode_frame(payload, into);
    case Compression::ByteGroupedLz4: {
      const std::span<char> grouped(impl_->grouped.get(), into.size());
      EMB_DO(impl_->decode_frame(payload, grouped));
      ungroup_by_four({grouped.data(), grouped.size()}, into);
      return Done{};
    }
  }
  return fail(Code::Unusable, "chunk: unknown compression");
}

}  // namespace embrace::cas
