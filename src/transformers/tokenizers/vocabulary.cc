#include "transformers/tokenizers/vocabulary.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "base/strings.h"

namespace embrace::transformers {
namespace {

// The largest vocabularies in use have a quarter of a million tokens. An id is an index here.
constexpr std::uint32_t kIdMax = 1 << 24;
constexpr std::size_t kArenaBytesMax = std::size_t{1} << 30;

std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93ULL;
  x ^= x >> 29;
  return x;
}

std::uint64_t seed() {
  static const std::uint64_t chosen = [] {
    std::random_device random;
    return (std::uint64_t{random()} << 32 | random()) | 1;
  }();
  return chosen;
}

}  // namespace

std::uint64_t hash_bytes(std::string_view bytes) {
  static const std::uint64_t start = seed();
  std::uint64_t hash = start ^ (bytes.size() * 0x9E3779B97F4A7C15ULL);
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    hash = mix(hash ^ word);
  }
  std::uint64_t word = 0;
  std::memcpy(&word, at, left);
  return mix(mix(hash ^ word));
}

Result<Vocabulary> Vocabulary::parse(json::View view) {
  if (!view.is_object()) return fail(Code::InvalidArgument, "vocab must be an object");
  Vocabulary made;
  for (const auto& [text, value] : view.members()) {
    const auto id = value.integer();
    if (!id || *id < 0 || *id > kIdMax) {
      return fail(Code::InvalidArgument, cat("vocab: ids are from 0 to ", kIdMax));
    }
    EMB_DO(made.add(text, static_cast<std::uint32_t>(*id)));
  }
  return made;
}

void Vocabulary::grow() {
  std::vector<Slot> old(std::max<std::size_t>(64, slots_.size() * 2));
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.tag == 0) continue;
    std::size_t at = hash_bytes(view(slot.offset, slot.length)) & mask;
    while (slots_[at].tag != 0) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

Status Vocabulary::add(std::string_view text, std::uint32_t id) {
  if (id > kIdMax) return fail(Code::InvalidArgument, cat("ids are from 0 to ", kIdMax));
  if (arena_.size() + text.size() > kArenaBytesMax) {
    return fail(Code::TooLarge, "the vocabulary's texts are too long");
  }
  if ((count_ + 1) * 2 > slots_.size()) grow();
  const std::uint64_t hash = hash_bytes(text);
  const auto tag = static_cast<std::uint32_t>(hash >> 32) | 1;
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].tag != 0 &&
         (slots_[at].tag != tag || view(slots_[at].offset, slots_[at].length) != text)) {
    at = (at + 1) & mask;
  }
  if (slots_[at].tag == 0) {
    slots_[at] = {static_cast<std::uint32_t>(arena_.size()),
                  static_cast<std::uint32_t>(text.size()), id, tag};
    arena_ += text;
    ++count_;
    longest_ = std::max(longest_, text.size());
  } else {
    slots_[at].id = id;
  }
  if (id >= places_.size()) places_.resize(id + 1);
  places_[id] = {slots_[at].offset, slots_[at].length};
  return Done{};
}

std::optional<std::uint32_t> Vocabulary::find(std::string_view text) const {
  if (count_ == 0 || text.size() > longest_) return std::nullopt;
  const std::uint64_t hash = hash_bytes(text);
  const auto tag = static_cast<std::uint32_t>(hash >> 32) | 1;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].tag != 0; at = (at + 1) & mask) {
    if (slots_[at].tag == tag && view(slots_[at].offset, slots_[at].length) == text) {
      return slots_[at].id;
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> Vocabulary::text_of(std::uint32_t id) const {
  if (id >= places_.size() || places_[id].length == kAbsent) return std::nullopt;
  return view(places_[id].offset, places_[id].length);
}

}  // namespace embrace::transformers
