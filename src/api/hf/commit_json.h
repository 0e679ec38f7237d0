#pragma once
// A commit as JSON, wherever one is shown (hub-api 11), and the line in which those who ask for
// what is costly to find out wait.

#include <vector>

#include "api/call.h"
#include "git/types.h"
#include "rt/places.h"

namespace embrace::api {

// The members; the caller begins and ends the object.
void commit_fields(json::Writer& w, const git::Commit& commit);
// expand=formatted
bool wants_formatted(const Call& call);
http::Response commits_reply(const std::vector<git::Commit>& commits, bool formatted);
// commits?path=
Task<Result<http::Response>> commits_of_path(Call& call, std::uint64_t page, std::uint64_t limit);

}  // namespace embrace::api
