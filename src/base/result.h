#pragma once
// Result<T>: a value, or the Error that explains why there is none.
//
// Use it for every outcome a caller is expected to handle. A bug is not an outcome: EMB_CHECK
// (base/check.h) stops the request instead. Context is added outward, nouns first:
// "commit acme/bert: write blob ab12: no space left on device".

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace embrace {

// The few kinds of failure a client can tell apart, each the answer to "what would it do
// differently?". api/error_reply.cc maps them to status lines; nothing else knows HTTP numbers.
enum class Code : std::uint8_t {
  InvalidArgument,  // fix the request
  Unauthenticated,  // log in
  Denied,           // ask for a right
  NotFound,         // look elsewhere
  Moved,            // ask again under the id in the fact "repo" (renamed, or another spelling)
  Conflict,         // somebody else was first: read again, then retry
  Stale,            // the caller's parent commit is no longer the head
  TooLarge,         // send less
  RangeInvalid,     // ask for bytes that exist
  Unusable,         // well-formed, but this path or object can't be accepted
  TooMany,          // slow down
  NotBuilt,         // this server does not have that; do not retry
  Unavailable,      // retry later
  Corrupt,          // stored or sent bytes do not match their digest
  Internal,         // our fault
};

// The Hub protocol's finer distinctions (the X-Error-Code header that clients read).
enum class Tag : std::uint8_t {
  None,
  RepoNotFound,
  RevisionNotFound,
  EntryNotFound,
  GatedRepo,
  DisabledRepo,
  InvalidCredentials,
};

class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message, Tag tag = Tag::None)
      : code_(code), tag_(tag), message_(std::move(message)) {}

  Code code() const { return code_; }
  Tag tag() const { return tag_; }
  const std::string& message() const { return message_; }

  // Facts a reply needs beside the message: "url" (of the repo that already exists), "repo_commit"
  // (resolved before the path was missed), "size" (total bytes, for RangeInvalid).
  const std::vector<std::pair<std::string, std::string>>& facts() const { return facts_; }
  std::string_view fact(std::string_view name) const {
    for (const auto& [key, value] : facts_) {
      if (key == name) return value;
    }
    return {};
  }
  Error&& with(std::string name, std::string value) && {
    facts_.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
  }

  // Each layer adds its noun on the way up: "open blob ab12: no such file".
  Error&& while_doing(std::string_view what) && {
    message_.insert(0, ": ");
    message_.insert(0, what);
    return std::move(*this);
  }

 private:
  Code code_;
  Tag tag_;
  std::string message_;
  std::vector<std::pair<std::string, std::string>> facts_;
};

template <class T>
using Result = std::expected<T, Error>;

struct Done {};  // the value of an operation that only succeeds
using Status = Result<Done>;

inline std::unexpected<Error> fail(Code code, std::string message, Tag tag = Tag::None) {
  return std::unexpected(Error(code, std::move(message), tag));
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace embrace

#define EMB_CAT_(a, b) a##b
#define EMB_CAT(a, b) EMB_CAT_(a, b)
#define EMB_TRY_(tmp, ret, decl, ...)                    \
  auto tmp = __VA_ARGS__;                                \
  if (!tmp) ret std::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)
#define EMB_DO_(tmp, ret, ...) \
  if (auto tmp = __VA_ARGS__; !tmp) ret std::unexpected(std::move(tmp).error())
// EMB_TRY(auto repo, open(id));  returns the error, or binds the value. EMB_DO(write(x)); for a
// Status.
#define EMB_TRY(decl, ...) EMB_TRY_(EMB_CAT(try_, __COUNTER__), return, decl, __VA_ARGS__)
#define EMB_DO(...) EMB_DO_(EMB_CAT(try_, __COUNTER__), return, __VA_ARGS__)
// The same inside a coroutine.
#define EMB_CO_TRY(decl, ...) EMB_TRY_(EMB_CAT(try_, __COUNTER__), co_return, decl, __VA_ARGS__)
#define EMB_CO_DO(...) EMB_DO_(EMB_CAT(try_, __COUNTER__), co_return, __VA_ARGS__)
