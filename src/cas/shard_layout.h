#pragma once
// Where things stand in a shard (docs/formats/xet.md): shard.cc reads it, shard_writer.cc writes
// it.

#include <cstdint>
#include <string_view>

#include "cas/little_endian.h"

namespace embrace::cas::shard_layout {

inline constexpr std::size_t kRecordBytes = 48;

// The header
inline constexpr std::string_view kTag{"HFRepoMetaData\0UigEj{\x81W\x83\xa5\xbd\xd9\\\xcd\xd1J\xa9",
                                       32};
inline constexpr std::size_t kVersionAt = 32;
inline constexpr std::uint64_t kVersion = 2;
inline constexpr std::size_t kFooterBytesAt = 40;
inline constexpr std::uint64_t kFooterBytes = 200;

// What ends a section
inline constexpr std::string_view kBookend{
    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    kRecordBytes};

inline constexpr std::uint32_t kFileHasRangeHashes = 0x8000'0000;
inline constexpr std::uint32_t kFileHasSha256 = 0x4000'0000;
inline constexpr std::uint32_t kChunkIsForDedupe = 0x8000'0000;

}  // namespace embrace::cas::shard_layout
