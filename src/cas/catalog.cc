#include "cas/catalog.h"

#include <limits>

#include "base/strings.h"

namespace embrace::cas {
namespace {

// What SQL's integers hold.
constexpr auto kBytesMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

std::unexpected<Error> refuse(std::string_view what, const XetHash& hash, std::string_view why) {
  return fail(Code::InvalidArgument, cat(what, " ", hash.text(), ": ", why));
}

Status check_xorb(const NewXorb& xorb) {
  if (xorb.key.empty()) return refuse("xorb", xorb.hash, "it has no blob");
  if (xorb.chunk_count == 0) return refuse("xorb", xorb.hash, "it has no chunks");
  if (xorb.stored_bytes > kBytesMax || xorb.unpacked_bytes > kBytesMax)
    return refuse("xorb", xorb.hash, "it is too large");
  for (const auto& landmark : xorb.landmarks) {
    if (landmark.position >= xorb.chunk_count)
      return refuse("xorb", xorb.hash, "a landmark lies behind its last chunk");
  }
  return Done{};
}

Status check_file(const NewFile& file) {
  if (file.size_bytes > kBytesMax) return refuse("file", file.hash, "it is too large");
  if (file.hash.is_zero() != (file.size_bytes == 0))
    return refuse("file", file.hash, "the hash of zeros is for the file without bytes alone");
  std::uint64_t left = file.size_bytes;
  for (const auto& term : file.terms) {
    if (term.chunk_first >= term.chunk_last || term.unpacked_bytes == 0)
      return refuse("file", file.hash, "one of its terms is empty");
    if (term.unpacked_bytes > left)
      return refuse("file", file.hash, "its terms hold more bytes than it has");
    left -= term.unpacked_bytes;
  }
  if (left != 0) return refuse("file", file.hash, "its terms hold fewer bytes than it has");
  return Done{};
}

}  // namespace

Status check_addition(const Addition& addition) {
  for (const auto& xorb : addition.xorbs) EMB_DO(check_xorb(xorb));
  for (const auto& file : addition.files) EMB_DO(check_file(file));
  return Done{};
}

Error unknown_xorb(const XetHash& xorb) {
  return Error(Code::Unusable, cat("There is no xorb ", xorb.text(), ": upload it first."));
}

Error short_xorb(const XetHash& xorb, std::uint64_t chunk_count, std::uint64_t chunks_named) {
  return Error(Code::Unusable, cat("The xorb ", xorb.text(), " has ", chunk_count, " chunks, not ",
                                   chunks_named, "."));
}

}  // namespace embrace::cas
