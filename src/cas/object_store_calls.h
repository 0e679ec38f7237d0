#pragma once
// What tests of object stores do all the time: make bytes, put them, get them.

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "cas/object_store.h"
#include "crypto/sha256.h"
#include "testing/content_text.h"
#include "testing/temp_folder.h"

namespace embrace::cas {

inline const rt::Blocking kBlocking = rt::Blocking::on_main_thread();
inline constexpr std::string_view kUpload = "0123456789abcdef";

inline ObjectInfo info_of(std::string_view bytes) {
  return {.sha256 = crypto::sha256(bytes), .size_bytes = bytes.size()};
}

// Bytes without repetition, so that a piece in the wrong place is noticed.
inline std::string many_bytes(std::size_t count, unsigned seed = 1) {
  std::string bytes(count, '\0');
  std::uint64_t state = 0x9E3779B97F4A7C15ull * seed;
  for (char& byte : bytes) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    byte = static_cast<char>(state >> 56);
  }
  return bytes;
}

inline Status write_in_pieces(Ingest& ingest, std::string_view bytes, std::size_t piece) {
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    EMB_DO(ingest.write(kBlocking, bytes.substr(at, piece)));
  }
  return Done{};
}

inline Result<ObjectInfo> put(ObjectStore& store, std::string_view bytes,
                              std::optional<ObjectInfo> expected = std::nullopt,
                              std::size_t piece = 100'000) {
  EMB_TRY(auto ingest, store.create(kBlocking));
  EMB_DO(write_in_pieces(*ingest, bytes, piece));
  return ingest->finish(kBlocking, expected);
}

inline Result<ObjectInfo> put_part(ObjectStore& store, std::string_view upload, unsigned number,
                                   std::string_view bytes) {
  EMB_TRY(auto ingest, store.create_part(kBlocking, upload, number));
  EMB_DO(write_in_pieces(*ingest, bytes, 100'000));
  return ingest->finish(kBlocking, std::nullopt);
}

inline Result<std::string> get(ObjectStore& store, const Digest& sha256, std::uint64_t offset,
                               std::uint64_t length) {
  EMB_TRY(auto content, store.open(kBlocking, sha256, offset, length));
  return ::testing::content_text(content);
}

}  // namespace embrace::cas
