#pragma once
// Cards: README.md's front matter as metadata (YAML from strangers: limits on bytes, depth,
// aliases), its validation, and the index computed from it and from config.json, safetensors
// headers and file names.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "git/types.h"
#include "meta/types.h"

namespace embrace::hub {

struct CardProblem {
  std::string message;
};
struct CardCheck {
  std::vector<CardProblem> errors;
  std::vector<CardProblem> warnings;
  std::string json;  // cardData; "" when there is no front matter
};
// POST /api/validate-yaml. Never fails: what is wrong is in the answer.
CardCheck check_card(std::string_view readme, RepoType type);

// `read` gives a file's first bytes (at most the number asked for), or "" when there is none.
using ReadStart = std::function<std::string(const git::Entry& entry, std::size_t bytes_max)>;
// Depends on the files for which is_card_source() is true, and of all others only on which formats
// there are and on how large they are: publish() relies on that to reuse an index.
meta::CardIndex index_card(RepoType type, const std::vector<git::Entry>& files,
                           const ReadStart& read);

bool is_card_source(std::string_view path);
std::string_view file_format(
    std::string_view path);  // "safetensors", "parquet", "image" ...; "" when none of ours

}  // namespace embrace::hub
