#include "hub/ref_names.h"

#include "base/strings.h"
#include "git/types.h"

namespace embrace::hub {
namespace {

bool looks_like_commit_id(std::string_view name) {
  return name.size() == 40 && name.find_first_not_of("0123456789abcdefABCDEF") == name.npos;
}

}  // namespace

Status check_new_ref_name(std::string_view name, std::string_view noun) {
  auto refuse = [&](std::string_view why) {
    return fail(Code::InvalidArgument, cat("Invalid reference for a ", noun, ": ", name, why));
  };
  if (name == "refs" || name.starts_with("refs/") || name == "HEAD") return refuse("");
  if (looks_like_commit_id(name)) return refuse(" (the name looks like a commit id)");
  if (auto legal = git::check_ref_name(name); !legal)
    return refuse(cat(" (", legal.error().message(), ")"));
  return Done{};
}

}  // namespace embrace::hub
