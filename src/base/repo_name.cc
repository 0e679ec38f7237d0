#include "base/repo_name.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace embrace {

namespace {

struct TypeWords {
  RepoType type;
  std::string_view word, segment, prefix;
};
constexpr std::array<TypeWords, 4> kTypes{{
    {RepoType::Model, "model", "models", ""},
    {RepoType::Dataset, "dataset", "datasets", "datasets/"},
    {RepoType::Space, "space", "spaces", "spaces/"},
    {RepoType::Kernel, "kernel", "kernels", "kernels/"},
}};

const TypeWords& words(RepoType type) { return kTypes[static_cast<std::size_t>(type)]; }

// What may follow a legacy id: "/api/models/gpt2/tree" must not be a repository called "tree".
constexpr std::string_view kSubResources[] = {"revision",
                                              "tree",
                                              "refs",
                                              "commits",
                                              "commit",
                                              "resolve",
                                              "raw",
                                              "blob",
                                              "blame",
                                              "paths-info",
                                              "preupload",
                                              "branch",
                                              "tag",
                                              "super-squash",
                                              "settings",
                                              "discussions",
                                              "like",
                                              "likers",
                                              "lfs-files",
                                              "treesize",
                                              "compare",
                                              "xet-read-token",
                                              "xet-write-token",
                                              "auth-check",
                                              "rights",
                                              "user-access-request",
                                              "duplicate",
                                              "resource-group",
                                              "scan",
                                              "jwt",
                                              "notebook",
                                              "leaderboard",
                                              "croissant",
                                              "parquet",
                                              "runtime",
                                              "secrets",
                                              "variables",
                                              "hardware",
                                              "sleeptime",
                                              "pause",
                                              "restart",
                                              "storage",
                                              "volumes",
                                              "dev-mode",
                                              "logs",
                                              "events",
                                              "metrics"};

// First words of paths that are not a repository's page. The last line is this server's own.
constexpr std::string_view kReservedTopLevel[] = {
    "api",    "datasets",    "spaces",      "models",        "kernels", "buckets",
    "docs",   "oauth",       "settings",    "organizations", "join",    "login",
    "logout", "new",         "collections", "papers",        "posts",   "chat",
    "tasks",  "search",      "jobs",        ".well-known",   "v2",      "v1",
    "xet",    "metrics",     "health",      "healthz",       "assets",  "avatars",
    "_app",   "new-dataset", "new-space"};

// Names are looked up without regard to case, so they are reserved that way too.
bool is_one_of(std::string_view name, auto& reserved) {
  return std::ranges::any_of(
      reserved, [&](std::string_view word) { return equal_ignoring_case(word, name); });
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

// `what` is the noun for messages: "repository name" or "namespace".
Status check_spelling(std::string_view what, std::string_view name, std::size_t characters_max) {
  const auto refuse = [&](auto... reason) {
    return fail(Code::InvalidArgument, cat("the ", what, " ", reason...));
  };
  if (name.empty()) return refuse("is empty");
  if (name.size() > characters_max) {
    return refuse("is longer than ", characters_max, " characters");
  }
  if (!std::ranges::all_of(name, is_name_character)) {
    return refuse("may hold only letters, digits, '-', '_' and '.'");
  }
  if (name.front() == '-' || name.front() == '.' || name.back() == '-' || name.back() == '.') {
    return refuse("'", name, "' must not begin or end with '-' or '.'");
  }
  if (name.find("--") != name.npos || name.find("..") != name.npos) {
    return refuse("'", name, "' must not hold '--' or '..'");
  }
  if (name.size() >= 4 && equal_ignoring_case(name.substr(name.size() - 4), ".git")) {
    return refuse("'", name, "' must not end in .git");
  }
  return Done{};
}

Status check_not_top_level(std::string_view what, std::string_view name) {
  if (is_one_of(name, kReservedTopLevel)) {
    return fail(Code::InvalidArgument,
                cat("the ", what, " '", name, "' is reserved; choose another one"));
  }
  return Done{};
}

}  // namespace

std::span<const std::string_view> sub_resources() { return kSubResources; }

std::string_view to_string(RepoType type) { return words(type).word; }
std::string_view api_segment(RepoType type) { return words(type).segment; }
std::string_view url_prefix(RepoType type) { return words(type).prefix; }

Result<RepoType> parse_repo_type(std::string_view word) {
  if (word.empty()) return RepoType::Model;
  for (const TypeWords& known : kTypes) {
    if (word == known.word) return known.type;
  }
  return fail(Code::InvalidArgument, "the repository type must be model, dataset, space or kernel");
}

Result<RepoType> parse_api_segment(std::string_view segment) {
  for (const TypeWords& known : kTypes) {
    if (segment == known.segment) return known.type;
  }
  return fail(Code::InvalidArgument,
              "the repository type must be models, datasets, spaces or kernels");
}

Result<RepoName> RepoName::parse(RepoType type, std::string_view id) {
  RepoName out{.type = type, .ns = {}, .name = {}};
  const std::size_t slash = id.find('/');
  const std::string_view name = slash == id.npos ? id : id.substr(slash + 1);
  if (name.find('/') != name.npos) {
    return fail(Code::InvalidArgument, "a repository id has the form 'namespace/name'");
  }
  if (slash == id.npos) {
    EMB_DO(check_not_top_level("repository name", name));
  } else {
    EMB_DO(check_namespace(id.substr(0, slash)));
    out.ns = id.substr(0, slash);
  }
  EMB_DO(check_repo_name(name));
  out.name = name;
  return out;
}

Status check_repo_name(std::string_view name) {
  EMB_DO(check_spelling("repository name", name, 96));
  if (is_one_of(name, kSubResources)) {
    return fail(Code::InvalidArgument,
                cat("the repository name '", name, "' is reserved; choose another one"));
  }
  return Done{};
}

Status check_namespace(std::string_view name) {
  EMB_DO(check_not_top_level("namespace", name));
  EMB_DO(check_spelling("namespace", name, 42));
  if (name.find('.') != name.npos) {
    return fail(Code::InvalidArgument, cat("the namespace '", name, "' must not hold '.'"));
  }
  return Done{};
}

}  // namespace embrace
