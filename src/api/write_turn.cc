#include "api/write_turn.h"

#include <algorithm>

#include "base/strings.h"

namespace embrace::api {

Task<Result<rt::Place>> take_turn(Call& call, const RepoName& name) {
  rt::Places& turns = call.api.write_turns;
  const std::uint32_t waiting_max = std::max(2u, call.settings().writes_waiting_max);
  // One account may write to several repositories at once, but not to all that are written to.
  std::vector<rt::Places::Claim> claims;
  claims.push_back({cat("repo:", name.path()), 1, waiting_max});
  claims.push_back(
      {cat("user:", call.caller.id()), std::max(1u, turns.size() / 2), waiting_max / 2});
  auto turn = co_await turns.take(std::move(claims));
  if (!turn) {
    co_return fail(Error(Code::Unavailable,
                         cat("Too many writes to ", name.id(), " are waiting: try again shortly"))
                       .with("retry_after", "5"));
  }
  co_return std::move(*turn);
}

}  // namespace embrace::api
