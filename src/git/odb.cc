#include "git/odb.h"

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace embrace::git {
namespace {

// Once per program. libgit2 counts init calls; we never shut it down.
void init_libgit2() {
  static const bool done = [] {
    git_libgit2_init();
    // Folders may belong to another user (containers, volumes): access is decided above us.
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    // Re-hashing every object on each read would double its price; packs carry checksums that fsck
    // reads, and zlib has its own.
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
    git_libgit2_opts(GIT_OPT_DISABLE_PACK_KEEP_FILE_CHECKS, 1);
    // Big folders are read again and again; the default of 4 KiB would not cache them.
    git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE, std::size_t{1} << 20);
    git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_COMMIT, std::size_t{16} << 10);
    return true;
  }();
  (void)done;
}

std::string_view last_words() {
  const git_error* error = git_error_last();
  return error != nullptr && error->message != nullptr ? error->message : "unknown failure";
}

git_oid to_libgit2(const Oid& oid) {
  git_oid out;
  git_oid_fromraw(&out, oid.bytes().data());
  return out;
}

Oid from_libgit2(const git_oid& oid) {
  std::array<std::uint8_t, 20> bytes;
  std::copy_n(oid.id, bytes.size(), bytes.begin());
  return Oid(bytes);
}

std::unexpected<Error> read_error(const Oid& oid, int error) {
  if (error == GIT_ENOTFOUND) {
    return fail(Code::NotFound, cat("object ", oid.hex(), " is not in this repository"));
  }
  return fail(Code::Corrupt, cat("read object ", oid.hex(), ": ", last_words()));
}

}  // namespace

Object::Object(git_odb_object* owned)
    : type_(static_cast<ObjectType>(git_odb_object_type(owned))),
      bytes_(static_cast<const char*>(git_odb_object_data(owned)), git_odb_object_size(owned)),
      owned_(owned) {}

Object::Object(Object&& other) noexcept
    : type_(other.type_),
      bytes_(other.bytes_),
      owned_(std::exchange(other.owned_, nullptr)),
      text_(std::move(other.text_)) {}

Object& Object::operator=(Object&& other) noexcept {
  std::swap(type_, other.type_);
  std::swap(bytes_, other.bytes_);
  std::swap(owned_, other.owned_);
  std::swap(text_, other.text_);
  return *this;
}

Object::~Object() {
  if (owned_ != nullptr) git_odb_object_free(owned_);
}

// Of several folders the last is the one that may be written.
Odb::Odb(std::vector<std::string> object_folders)
    : folders_(std::move(object_folders)), staging_(folders_.back() + "/pack") {}

Odb::~Odb() { git_odb_free(odb_); }

Result<std::unique_ptr<Odb>> Odb::open(std::vector<std::string> object_folders) {
  init_libgit2();
  std::unique_ptr<Odb> odb(new Odb(std::move(object_folders)));
  EMB_DO(odb->reopen());
  return odb;
}

Status Odb::reopen() {
  git_odb* fresh = nullptr;
  if (git_odb_new(&fresh) != 0) {
    return fail(Code::Internal, cat("open object store: ", last_words()));
  }
  int priority = 100;
  for (const std::string& folder : folders_) {
    git_odb_backend* backend = nullptr;
    if (git_odb_backend_pack(&backend, folder.c_str()) != 0 ||
        git_odb_add_backend(fresh, backend, priority--) != 0) {
      if (backend != nullptr) backend->free(backend);
      git_odb_free(fresh);
      return fail(Code::Internal, cat("open packs in ", folder, ": ", last_words()));
    }
  }
  git_odb_free(std::exchange(odb_, fresh));
  return Done{};
}

Result<Object> Odb::read(const Oid& oid) {
  if (staging_.find(oid) != nullptr) return read_staged(oid);
  const git_oid id = to_libgit2(oid);
  git_odb_object* object = nullptr;
  int error = git_odb_read(&object, odb_, &id);
  if (error != 0 && error != GIT_ENOTFOUND) {
    // Perhaps a pack vanished under us (folded by another process): look afresh before calling it
    // damage.
    EMB_DO(reopen());
    error = git_odb_read(&object, odb_, &id);
  }
  if (error == GIT_ENOTFOUND && supply_ && supply_()) error = git_odb_read(&object, odb_, &id);
  if (error != 0) return read_error(oid, error);
  return Object(object);
}

Result<Object> Odb::read(const Oid& oid, ObjectType wanted) {
  EMB_TRY(Object object, read(oid));
  if (object.type() != wanted) {
    static constexpr std::string_view names[] = {"", "commit", "tree", "blob", "tag"};
    return fail(Code::NotFound,
                cat("object ", oid.hex(), " is not a ", names[static_cast<int>(wanted)]));
  }
  return object;
}

Result<ObjectHeader> Odb::header(const Oid& oid) {
  if (const auto* staged = staging_.find(oid))
    return ObjectHeader{staged->type, staged->size_bytes};
  const git_oid id = to_libgit2(oid);
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  int error = git_odb_read_header(&size, &type, odb_, &id);
  if (error != 0 && error != GIT_ENOTFOUND) {
    EMB_DO(reopen());
    error = git_odb_read_header(&size, &type, odb_, &id);
  }
  if (error == GIT_ENOTFOUND && supply_ && supply_())
    error = git_odb_read_header(&size, &type, odb_, &id);
  if (error != 0) return read_error(oid, error);
  return ObjectHeader{static_cast<ObjectType>(type), size};
}

Result<CommitLinks> Odb::links(const Oid& commit) {
  EMB_TRY(Object object, read(commit, ObjectType::Commit));
  return parse_commit_links(commit, object.bytes());
}

Result<TagTarget> Odb::peel(const Oid& oid) {
  constexpr int tags_max = 16;  // a tag of a tag of a tag...
  Oid at = oid;
  for (int i = 0; i < tags_max; ++i) {
    EMB_TRY(ObjectHeader found, header(at));
    if (found.type != ObjectType::Tag) return TagTarget{at, found.type};
    EMB_TRY(Object tag, read(at, ObjectType::Tag));
    EMB_TRY(TagTarget target, parse_tag(at, tag.bytes()));
    at = target.oid;
  }
  return fail(Code::Corrupt,
              cat("tag ", oid.hex(), " leads through more than ", tags_max, " tags"));
}

bool Odb::seems_to_exist(const Oid& oid) const {
  if (staging_.find(oid) != nullptr) return true;
  const git_oid id = to_libgit2(oid);
  return git_odb_exists_ext(odb_, &id, GIT_ODB_LOOKUP_NO_REFRESH) == 1;
}

namespace {

struct PrefixSearch {
  std::string_view hex_prefix;
  std::vector<Oid> found;
};

int collect_matching(const git_oid* id, void* payload) {
  auto* search = static_cast<PrefixSearch*>(payload);
  const Oid oid = from_libgit2(*id);
  if (oid.hex().starts_with(search->hex_prefix)) search->found.push_back(oid);
  return 0;
}

}  // namespace

Result<std::vector<Oid>> Odb::expand(std::string_view hex_prefix) {
  std::vector<Oid> found;
  for (const Oid& oid : staging_.order()) {
    if (oid.hex().starts_with(hex_prefix)) found.push_back(oid);
  }
  git_oid short_id;
  if (git_oid_fromstrn(&short_id, hex_prefix.data(), hex_prefix.size()) != 0) {
    return fail(Code::InvalidArgument, "an abbreviated commit id has only hex digits");
  }
  git_oid full;
  const int error = git_odb_exists_prefix(&full, odb_, &short_id, hex_prefix.size());
  if (error == 0) {
    found.push_back(from_libgit2(full));
  } else if (error == GIT_EAMBIGUOUS) {
    // Rare, so a walk over every id is affordable.
    PrefixSearch search{.hex_prefix = hex_prefix, .found = std::move(found)};
    if (git_odb_foreach(odb_, collect_matching, &search) != 0) {
      return fail(Code::Corrupt, cat("list objects: ", last_words()));
    }
    found = std::move(search.found);
  } else if (error != GIT_ENOTFOUND) {
    return fail(Code::Corrupt, cat("find object ", hex_prefix, ": ", last_words()));
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

void Odb::refresh() { git_odb_refresh(odb_); }

Result<Oid> Odb::stage(ObjectType type, std::string bytes) {
  git_oid id;
  if (git_odb_hash(&id, bytes.data(), bytes.size(), static_cast<git_object_t>(type)) != 0) {
    return fail(Code::Internal, cat("hash object: ", last_words()));
  }
  const Oid oid = from_libgit2(id);
  if (!seems_to_exist(oid)) EMB_DO(staging_.add(oid, type, std::move(bytes)));
  return oid;
}

Result<Object> Odb::read_staged(const Oid& oid) const {
  const auto* staged = staging_.find(oid);
  if (staged == nullptr) return fail(Code::NotFound, cat("object ", oid.hex(), " is not staged"));
  if (!staged->is_spooled) return Object(staged->type, std::string_view(staged->bytes));
  EMB_TRY(auto bytes, staging_.load(*staged));
  return Object(staged->type, std::make_unique<const std::string>(std::move(bytes)));
}

void Odb::discard() { staging_.clear(); }

}  // namespace embrace::git
