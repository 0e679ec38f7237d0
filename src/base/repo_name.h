#pragma once
// RepoName: which repository, by type and by name, as clients spell it. Constructed by parsing, so
// holding one proves that its spelling was checked (reference: hub-api 1.2).

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace embrace {

enum class RepoType : std::uint8_t { Model = 0, Dataset = 1, Space = 2, Kernel = 3 };

std::string_view to_string(RepoType type);                // "model", the word in JSON bodies
std::string_view api_segment(RepoType type);              // "models", the word after /api/
std::string_view url_prefix(RepoType type);               // "", "datasets/", "spaces/", "kernels/"
Result<RepoType> parse_repo_type(std::string_view word);  // "model" (also "" = model)
Result<RepoType> parse_api_segment(std::string_view segment);  // "models"

struct RepoName {
  RepoType type = RepoType::Model;
  std::string ns;  // the namespace: a user's or an organization's name. Empty for a legacy id.
  std::string name;

  // "ns/name", or "name" for a legacy id.
  static Result<RepoName> parse(RepoType type, std::string_view id);

  std::string id() const { return ns.empty() ? name : ns + "/" + name; }
  // "datasets/ns/name": the path of the repo's page, below the public URL.
  std::string path() const { return std::string(url_prefix(type)) + id(); }

  auto operator<=>(const RepoName&) const = default;
};

// The words that follow a repository in API paths ("tree", "commit" ...). No repository may be
// called so, or "/api/models/gpt2/tree" would have two meanings.
std::span<const std::string_view> sub_resources();

// The rule for the name part (1..96 of [A-Za-z0-9_.-], no leading or trailing - or ., no -- or ..,
// not ending in .git, not a reserved word). InvalidArgument says which part was broken.
Status check_repo_name(std::string_view name);
// The rule for users and organizations: as above, at most 42 characters, no '.', none of the
// reserved top-level words (api, datasets, settings, ...).
Status check_namespace(std::string_view name);

}  // namespace embrace
