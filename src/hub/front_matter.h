#pragma once
// Front matter: the YAML between the two "---" lines at the top of a README.md, as JSON. Cards come
// from strangers: bytes, depth, nodes (aliases expanded) and output are limited. Threads: pure
// functions, any thread.

#include <string>
#include <string_view>

#include "base/result.h"

namespace embrace::hub {

inline constexpr std::size_t kFrontMatterBytesMax = 1u << 20;
inline constexpr unsigned kFrontMatterDepthMax = 32;
inline constexpr std::size_t kFrontMatterNodesMax = 100'000;
inline constexpr std::size_t kFrontMatterJsonBytesMax = 4u << 20;
// Of what is stored with a repository and shown in lists. A larger card has its tags only.
inline constexpr std::size_t kShownCardBytesMax = 256u << 10;

struct FrontMatter {
  bool is_present = false;
  std::string_view yaml;  // between the lines
  std::string_view body;  // after them; the whole text when there is none
};
FrontMatter split_front_matter(std::string_view readme);

// One YAML document as JSON text, by the core schema of YAML 1.2: true/false, null, integers and
// floats are typed, everything else (dates and "no" too) is a string. InvalidArgument with line and
// column.
Result<std::string> yaml_to_json(std::string_view yaml);

}  // namespace embrace::hub
