#pragma once
// The nouns of git as this house uses them. Plain values, no libgit2.

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"

namespace embrace::git {

// A SHA-1 object id. Constructed by parsing.
class Oid {
 public:
  Oid() = default;  // all zero: "no object", as on the wire
  explicit Oid(std::array<std::uint8_t, 20> bytes) : bytes_(bytes) {}
  static Result<Oid> parse(std::string_view hex);  // exactly 40 hex digits
  std::string hex() const;
  bool is_zero() const { return *this == Oid{}; }
  const std::array<std::uint8_t, 20>& bytes() const { return bytes_; }
  auto operator<=>(const Oid&) const = default;

 private:
  std::array<std::uint8_t, 20> bytes_{};
};

// "version https://git-lfs.github.com/spec/v1\noid sha256:...\nsize N\n" (hub-api 23.2).
struct LfsPointer {
  Digest sha256;
  std::uint64_t size_bytes = 0;

  static constexpr std::size_t kBytesMax = 1024;
  // nullopt when the text is not a pointer (also when it is too long to be one).
  static std::optional<LfsPointer> parse(std::string_view text);
  std::string render() const;
  bool operator==(const LfsPointer&) const = default;
};

enum class EntryKind : std::uint8_t { File, Executable, Symlink, Folder, Submodule };

struct Entry {
  EntryKind kind = EntryKind::File;
  std::string path;               // from the root of the repository, no leading slash
  Oid oid;                        // of the blob (the pointer's, for LFS) or tree
  std::uint64_t blob_bytes = 0;   // what git stores; 0 for folders
  std::optional<LfsPointer> lfs;  // files whose blob is a pointer
  // What a reader of the file gets: the pointer's size, else the blob's.
  std::uint64_t size_bytes() const { return lfs ? lfs->size_bytes : blob_bytes; }
  bool is_folder() const { return kind == EntryKind::Folder; }
};

struct Person {
  std::string name;
  std::string email;
};

struct Commit {
  Oid oid;
  Oid tree;
  std::vector<Oid> parents;
  Person author;
  Millis author_ms = 0;
  Millis commit_ms = 0;
  std::string title;    // the first line
  std::string message;  // the rest, without the blank line between
};

// A pack that is durable in the repository's folder but not yet announced by publish().
struct Pack {
  std::string name;  // "pack-<40 hex>"
  std::uint64_t size_bytes = 0;
  std::uint32_t objects = 0;
};

// One edit of a tree. Paths are checked by check_path first.
struct TreeEdit {
  enum class Kind : std::uint8_t { Put, Remove };
  Kind kind = Kind::Put;
  std::string path;
  Oid blob;                           // Put
  EntryKind entry = EntryKind::File;  // Put
};

// The path rule for everything that enters a repository, by API or by push (hub-api 8.2): relative,
// no empty, "." or ".." segment, no ".git" in any spelling that a file system may fold to it (case,
// NTFS short name, ignorable Unicode), no backslash, no control character, valid UTF-8, at most
// 1000 bytes. Unusable says which rule was broken.
Status check_path(std::string_view path);
inline constexpr std::size_t kPathBytesMax = 1000;

// The rule for branch and tag names (git check-ref-format, at most 200 bytes): "main", "feature/x".
// The same for "refs/heads/main".
Status check_ref_name(std::string_view name);

}  // namespace embrace::git

template <>
struct std::hash<embrace::git::Oid> {
  std::size_t operator()(const embrace::git::Oid& oid) const noexcept {
    std::size_t word;
    std::memcpy(&word, oid.bytes().data(), sizeof word);
    return word;
  }
};
