#pragma once
// A repository as JSON: one function per property name, shared by info and lists (hub-api 5, 6.2).

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "git/types.h"
#include "json/writer.h"
#include "meta/types.h"

namespace embrace::api {

struct RepoFacts {
  const meta::Repo& repo;
  std::string sha;                                 // of the revision asked for
  const std::vector<git::Entry>* files = nullptr;  // siblings; null: not loaded
  bool file_sizes = false;                         // blobs=true
  std::string_view base;                           // of URLs
  std::optional<std::int64_t> children = {};  // models made from this one; unknown: not counted
};

// Names allowed in `expand`, in the order in which the error lists them.
std::span<const std::string_view> expandable(RepoType type);
// InvalidArgument in the form that clients parse: "expand" must be one of [a, b, c]
Status check_expand(RepoType type, const std::vector<std::string>& expand);

std::span<const std::string_view> info_properties(RepoType type);  // without expand
std::span<const std::string_view> list_properties(RepoType type);  // an item of a list
std::span<const std::string_view> full_list_properties(RepoType type);

// _id, id (and modelId), then each property that has a value.
template <class Names>
void render_repo(json::Writer& w, const RepoFacts& facts, const Names& properties);

void begin_repo(json::Writer& w, const RepoFacts& facts);
void render_property(json::Writer& w, const RepoFacts& facts, std::string_view property);

template <class Names>
void render_repo(json::Writer& w, const RepoFacts& facts, const Names& properties) {
  begin_repo(w, facts);
  for (const auto& property : properties) render_property(w, facts, property);
  w.end_object();
}

}  // namespace embrace::api
