#include "git/object_text.h"

#include <algorithm>
#include <cstring>

#include "base/strings.h"

namespace embrace::git {

EntryKind kind_of_mode(std::uint32_t mode) {
  switch (mode & 0170000) {
    case 0040000:
      return EntryKind::Folder;
    case 0120000:
      return EntryKind::Symlink;
    case 0160000:
      return EntryKind::Submodule;
    default:
      return (mode & 0100) != 0 ? EntryKind::Executable : EntryKind::File;
  }
}

std::uint32_t mode_of_kind(EntryKind kind) {
  switch (kind) {
    case EntryKind::Folder:
      return 0040000;
    case EntryKind::Symlink:
      return 0120000;
    case EntryKind::Submodule:
      return 0160000;
    case EntryKind::Executable:
      return 0100755;
    case EntryKind::File:
      break;
  }
  return 0100644;
}

bool TreeReader::next(TreeItem& item) {
  if (left_.empty()) return false;
  broken_ = true;  // until the item proves otherwise
  std::uint32_t mode = 0;
  std::size_t i = 0;
  while (i < left_.size() && i < 7 && left_[i] >= '0' && left_[i] <= '7') {
    mode = mode * 8 + static_cast<std::uint32_t>(left_[i++] - '0');
  }
  if (i == 0 || i >= left_.size() || left_[i] != ' ') return left_ = {}, false;
  const std::size_t end = left_.find('\0', i + 1);
  if (end == left_.npos || end == i + 1 || left_.size() - end < 21) return left_ = {}, false;
  item.mode = mode;
  item.name = left_.substr(i + 1, end - i - 1);
  std::array<std::uint8_t, 20> oid;
  std::memcpy(oid.data(), left_.data() + end + 1, oid.size());
  item.oid = Oid(oid);
  left_.remove_prefix(end + 21);
  broken_ = false;
  return true;
}

int compare_tree_names(std::string_view a, bool a_is_folder, std::string_view b, bool b_is_folder) {
  const std::size_t common = std::min(a.size(), b.size());
  if (const int order = std::memcmp(a.data(), b.data(), common); order != 0) return order;
  auto next_byte = [common](std::string_view name, bool is_folder) -> int {
    if (name.size() > common) return static_cast<unsigned char>(name[common]);
    return is_folder ? '/' : 0;
  };
  return next_byte(a, a_is_folder) - next_byte(b, b_is_folder);
}

void append_tree_item(std::string& tree, std::uint32_t mode, std::string_view name,
                      const Oid& oid) {
  char octal[8];
  const auto end = std::to_chars(octal, octal + sizeof octal, mode, 8).ptr;
  tree.append(octal, end);
  tree += ' ';
  tree += name;
  tree += '\0';
  tree.append(reinterpret_cast<const char*>(oid.bytes().data()), oid.bytes().size());
}

namespace {

std::unexpected<Error> broken(std::string_view what, const Oid& oid) {
  return fail(Code::Corrupt,
              cat(what, " ", oid.hex(), " is damaged; restore the repository's packs"));
}

// Takes "key value\n" off the front; false when another key (or the message) comes next.
bool take_header(std::string_view& text, std::string_view key, std::string_view& value) {
  if (text.size() <= key.size() || !text.starts_with(key) || text[key.size()] != ' ') return false;
  const std::size_t end = text.find('\n');
  if (end == text.npos) return false;
  value = text.substr(key.size() + 1, end - key.size() - 1);
  text.remove_prefix(end + 1);
  return true;
}

// Old commits may be in any encoding. What isn't UTF-8 is read as Latin-1, the likeliest of them,
// so that everything above us can count on UTF-8.
std::string to_utf8(std::string_view text) {
  if (is_valid_utf8(text)) return std::string(text);
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | (byte >> 6));
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return out;
}

// "Name <email> 1700000000 +0100". History is full of odd ones, so what can't be read stays empty.
std::int64_t seconds_of(std::string_view who) {
  const std::size_t close = who.rfind('>');
  if (close == who.npos) return 0;
  std::string_view rest = trim(who.substr(close + 1));
  rest = rest.substr(0, rest.find(' '));
  std::int64_t seconds = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), seconds);
  constexpr std::int64_t seconds_max = 1'000'000'000'000;  // fits Millis with room to spare
  return std::clamp<std::int64_t>(seconds, 0, seconds_max);
}

Person person_of(std::string_view who) {
  const std::size_t open = who.find('<');
  if (open == who.npos) return {.name = to_utf8(trim(who)), .email = {}};
  const std::size_t close = std::min(who.find('>', open), who.size());
  return {.name = to_utf8(trim(who.substr(0, open))),
          .email = to_utf8(who.substr(open + 1, close - open - 1))};
}

bool take_links(std::string_view& text, CommitLinks& links) {
  std::string_view value;
  if (!take_header(text, "tree", value)) return false;
  auto tree = Oid::parse(value);
  if (!tree) return false;
  links.tree = *tree;
  while (take_header(text, "parent", value)) {
    auto parent = Oid::parse(value);
    if (!parent) return false;
    links.parents.push_back(*parent);
  }
  return true;
}

}  // namespace

Result<CommitLinks> parse_commit_links(const Oid& oid, std::string_view bytes) {
  CommitLinks links;
  std::string_view value;
  if (!take_links(bytes, links)) return broken("commit", oid);
  take_header(bytes, "author", value);
  if (take_header(bytes, "committer", value)) links.commit_seconds = seconds_of(value);
  return links;
}

Result<Commit> parse_commit(const Oid& oid, std::string_view bytes) {
  CommitLinks links;
  if (!take_links(bytes, links)) return broken("commit", oid);
  Commit commit;
  commit.oid = oid;
  commit.tree = links.tree;
  commit.parents = std::move(links.parents);
  std::string_view value;
  if (take_header(bytes, "author", value)) {
    commit.author = person_of(value);
    commit.author_ms = commit.commit_ms = seconds_of(value) * 1000;
  }
  if (take_header(bytes, "committer", value)) commit.commit_ms = seconds_of(value) * 1000;
  // Skip encoding, gpgsig and whatever else stands before the blank line.
  if (!bytes.starts_with('\n')) {
    const std::size_t blank = bytes.find("\n\n");
    bytes.remove_prefix(blank == bytes.npos ? bytes.size() : blank + 1);
  }
  while (bytes.starts_with('\n')) bytes.remove_prefix(1);
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  commit.title = to_utf8(trim(bytes.substr(0, end)));
  bytes.remove_prefix(end);
  while (bytes.starts_with('\n')) bytes.remove_prefix(1);
  while (bytes.ends_with('\n')) bytes.remove_suffix(1);
  commit.message = to_utf8(bytes);
  return commit;
}

Result<TagTarget> parse_tag(const Oid& oid, std::string_view bytes) {
  std::string_view object;
  std::string_view type;
  if (!take_header(bytes, "object", object) || !take_header(bytes, "type", type)) {
    return broken("tag", oid);
  }
  auto target = Oid::parse(object);
  if (!target) return broken("tag", oid);
  if (type == "commit") return TagTarget{*target, ObjectType::Commit};
  if (type == "tree") return TagTarget{*target, ObjectType::Tree};
  if (type == "blob") return TagTarget{*target, ObjectType::Blob};
  if (type == "tag") return TagTarget{*target, ObjectType::Tag};
  return broken("tag", oid);
}

namespace {

// Names go into a line of their own between '<' and '>', so those and control characters must go;
// git fsck also wants a name.
std::string tame(std::string_view text, std::string_view fallback) {
  std::string out;
  for (char c : text) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != '<' && c != '>') out += c;
  }
  std::string_view kept = trim(out);
  return std::string(kept.empty() ? fallback : kept);
}

std::string render_person(const Person& person, Millis when_ms) {
  const Millis seconds = std::max<Millis>(when_ms, 0) / 1000;
  return cat(tame(person.name, "unknown"), " <", tame(person.email, ""), "> ", seconds, " +0000");
}

void append_message(std::string& out, std::string_view message) {
  out += '\n';
  for (char c : message) {
    if (c != '\0') out += c;  // git would cut the message there
  }
  if (!out.ends_with('\n')) out += '\n';
}

std::string_view word_of(ObjectType type) {
  switch (type) {
    case ObjectType::Commit:
      return "commit";
    case ObjectType::Tree:
      return "tree";
    case ObjectType::Blob:
      return "blob";
    case ObjectType::Tag:
      break;
  }
  return "tag";
}

}  // namespace

std::string render_commit(const Oid& tree, const std::vector<Oid>& parents, const Person& author,
                          Millis when_ms, std::string_view message) {
  const std::string who = render_person(author, when_ms);
  std::string out = cat("tree ", tree.hex(), "\n");
  for (const Oid& parent : parents) out += cat("parent ", parent.hex(), "\n");
  out += cat("author ", who, "\ncommitter ", who, "\n");
  append_message(out, message);
  return out;
}

std::string render_tag(const Oid& target, ObjectType type, std::string_view name,
                       const Person& tagger, Millis when_ms, std::string_view message) {
  std::string out = cat("object ", target.hex(), "\ntype ", word_of(type), "\ntag ", name,
                        "\ntagger ", render_person(tagger, when_ms), "\n");
  append_message(out, message);
  return out;
}

}  // namespace embrace::git
