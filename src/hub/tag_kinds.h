#pragma once
// What a tag says of a repository: its task, library, language, licence ... Some tags carry their
// kind before a colon ("license:mit"); of a model, task, library and language stand bare (hub-api
// 6.3), and are told by what is known to be one.

#include <span>
#include <string_view>

#include "base/repo_name.h"

namespace embrace::hub {

// In the order in which they are shown; "other" is for what none of them fits.
std::span<const std::string_view> tag_kinds();
std::string_view tag_kind(RepoType type, std::string_view tag);
// The tag without its kind.
std::string_view tag_label(std::string_view kind, std::string_view tag);
// The kinds whose tags stand bare in repositories of this type.
std::span<const std::string_view> bare_tag_kinds(RepoType type);

}  // namespace embrace::hub
