#pragma once
// Odb: the objects of a repository by id: those in its packs (through libgit2), and those staged
// for the next pack. The only class here that knows libgit2.
//
// Staged objects are kept out of libgit2 on purpose: its cache would remember them after discard(),
// and a later "does this exist" would be answered with a lie.
//
// Threads: one at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "git/object_text.h"
#include "git/staging.h"
#include "git/types.h"

struct git_odb;
struct git_odb_object;

namespace embrace::git {

// One object's bytes; borrows from the Odb (until discard), or holds libgit2's buffer or its own.
class Object {
 public:
  Object(ObjectType type, std::string_view bytes) : type_(type), bytes_(bytes) {}
  Object(ObjectType type, std::unique_ptr<const std::string> text)
      : type_(type), bytes_(*text), text_(std::move(text)) {}
  explicit Object(git_odb_object* owned);
  Object(Object&& other) noexcept;
  Object& operator=(Object&& other) noexcept;
  ~Object();

  ObjectType type() const { return type_; }
  std::string_view bytes() const { return bytes_; }

 private:
  ObjectType type_;
  std::string_view bytes_;
  git_odb_object* owned_ = nullptr;
  std::unique_ptr<const std::string> text_;
};

struct ObjectHeader {
  ObjectType type = ObjectType::Blob;
  std::uint64_t size_bytes = 0;
};

class Odb {
 public:
  // Packs are looked for in <folder>/pack of each of these, in this order.
  static Result<std::unique_ptr<Odb>> open(std::vector<std::string> object_folders);
  ~Odb();
  Odb(const Odb&) = delete;

  // A missing object makes the folders be looked through once more, because another handle or
  // process may have added or folded packs. Then NotFound.
  Result<Object> read(const Oid& oid);
  Result<Object> read(const Oid& oid,
                      ObjectType wanted);  // NotFound also when it is something else
  Result<ObjectHeader> header(const Oid& oid);
  Result<CommitLinks> links(const Oid& commit);
  // Follows annotated tags.
  Result<TagTarget> peel(const Oid& oid);

  // Without looking through the folders again, so it is cheap to ask about new objects.
  bool seems_to_exist(const Oid& oid) const;
  // Every object whose id begins with these digits.
  Result<std::vector<Oid>> expand(std::string_view hex_prefix);
  void refresh();

  // Staging. The id is computed here; an object that exists already is not staged.
  Result<Oid> stage(ObjectType type, std::string bytes);
  const std::vector<Oid>& staged_order() const { return staging_.order(); }
  std::uint64_t staged_bytes() const { return staging_.memory_bytes() + staging_.spool_bytes(); }
  Result<Object> read_staged(const Oid& oid) const;
  void discard();

  // Asked when read() or header() finds nothing: true when it has put more packs into the folder.
  void on_missing(std::function<bool()> supply) { supply_ = std::move(supply); }

 private:
  explicit Odb(std::vector<std::string> object_folders);
  Status reopen();

  std::vector<std::string> folders_;
  git_odb* odb_ = nullptr;
  std::function<bool()> supply_;
  Staging staging_;
};

}  // namespace embrace::git
