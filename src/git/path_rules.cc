// Which paths and ref names may enter a repository. The rules about ".git" are those of git's
// verify_path with core.protectNTFS and core.protectHFS on: a repository made here must be safe to
// check out on every operating system.

#include <algorithm>

#include "base/strings.h"
#include "git/types.h"

namespace embrace::git {
namespace {

constexpr std::size_t kSegmentBytesMax = 255;  // no file system stores longer names
// A clone keeps refs/heads/x as the file refs/remotes/origin/x, beside which git makes x.lock: both
// must fit into what file systems take. Counted without refs/heads/ and refs/tags/, so that a name
// is as good in full as it is alone.
constexpr std::size_t kRefNameBytesMax = 200;

std::unexpected<Error> unusable(std::string_view path, std::string_view why) {
  // The path may hold anything, so only its tame form goes into the message.
  std::string shown;
  for (char c : path.substr(0, 120)) shown += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  if (!is_valid_utf8(shown)) shown = to_hex(path.substr(0, 60));
  return fail(Code::Unusable, cat("the path \"", shown, "\" can't be used: ", why));
}

// Code points that HFS+ ignores when it compares names, as UTF-8 (all take three bytes):
// U+200C..U+200F, U+202A..U+202E, U+206A..U+206F, U+FEFF.
bool is_hfs_ignorable(std::string_view three) {
  const auto a = static_cast<unsigned char>(three[0]);
  const auto b = static_cast<unsigned char>(three[1]);
  const auto c = static_cast<unsigned char>(three[2]);
  if (a == 0xEF) return b == 0xBB && c == 0xBF;
  if (a != 0xE2) return false;
  if (b == 0x80) return (c >= 0x8C && c <= 0x8F) || (c >= 0xAA && c <= 0xAE);
  return b == 0x81 && c >= 0xAA && c <= 0xAF;
}

std::string without_hfs_ignorables(std::string_view segment) {
  std::string out;
  for (std::size_t i = 0; i < segment.size();) {
    if (i + 3 <= segment.size() && is_hfs_ignorable(segment.substr(i, 3))) {
      i += 3;
    } else {
      out += segment[i++];
    }
  }
  return out;
}

// NTFS drops trailing spaces and dots, and reads ":" as the start of a stream name.
std::string_view as_ntfs_stores_it(std::string_view segment) {
  segment = segment.substr(0, segment.find(':'));
  while (!segment.empty() && (segment.back() == ' ' || segment.back() == '.')) {
    segment.remove_suffix(1);
  }
  return segment;
}

bool means_dot_git(std::string_view segment) {
  const std::string_view ntfs = as_ntfs_stores_it(segment);
  if (equal_ignoring_case(ntfs, ".git") || equal_ignoring_case(ntfs, "git~1")) return true;
  if (std::ranges::all_of(segment, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    return false;
  }
  const std::string folded = without_hfs_ignorables(segment);
  return equal_ignoring_case(as_ntfs_stores_it(folded), ".git");
}

}  // namespace

Status check_path(std::string_view path) {
  if (path.empty()) return unusable(path, "it is empty");
  if (path.size() > kPathBytesMax)
    return unusable(path, cat("it is longer than ", kPathBytesMax, " bytes"));
  if (path.front() == '/') return unusable(path, "it must be relative, without a leading \"/\"");
  for (char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return unusable(path, "it holds a control character");
    if (c == '\\') return unusable(path, "it holds a backslash; separate folders with \"/\"");
  }
  if (!is_valid_utf8(path)) return unusable(path, "it is not valid UTF-8");
  for (std::string_view segment : split(path, '/')) {
    if (segment.empty())
      return unusable(path, "it has an empty segment (\"//\" or a trailing \"/\")");
    if (segment == "." || segment == "..")
      return unusable(path, "it has a \".\" or \"..\" segment");
    if (segment.size() > kSegmentBytesMax) {
      return unusable(path, cat("a name in it is longer than ", kSegmentBytesMax, " bytes"));
    }
    if (means_dot_git(segment)) return unusable(path, "\".git\" is reserved, in every spelling");
  }
  return Done{};
}

Status check_ref_name(std::string_view name) {
  auto refuse = [&](std::string_view why) {
    return fail(Code::InvalidArgument, cat("invalid branch or tag name: ", why));
  };
  if (name.empty()) return refuse("it is empty");
  std::string_view counted = name;
  for (std::string_view prefix : {"refs/heads/", "refs/tags/"}) {
    if (name.starts_with(prefix)) counted = name.substr(prefix.size());
  }
  if (counted.size() > kRefNameBytesMax)
    return refuse(cat("it is longer than ", kRefNameBytesMax, " bytes"));
  if (name == "@" || name.front() == '-') return refuse("it may not be \"@\" or begin with \"-\"");
  if (name == "HEAD") return refuse("\"HEAD\" is reserved");
  if (name.back() == '.') return refuse("it may not end with \".\"");
  for (char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F || std::string_view("~^:?*[\\").contains(c)) {
      return refuse("it holds a space, a control character or one of ~ ^ : ? * [ \\");
    }
  }
  if (!is_valid_utf8(name)) return refuse("it is not valid UTF-8");
  if (name.contains("..") || name.contains("@{")) return refuse("it holds \"..\" or \"@{\"");
  for (std::string_view segment : split(name, '/')) {
    if (segment.empty()) return refuse("it has an empty segment");
    if (segment.front() == '.' || segment.ends_with(".lock")) {
      return refuse("a segment begins with \".\" or ends with \".lock\"");
    }
  }
  return Done{};
}

}  // namespace embrace::git
