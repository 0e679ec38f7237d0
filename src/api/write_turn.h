#pragma once
// Writing to a repository, one request after another. hub::WriteLocks makes writers of one
// repository wait in their threads; here they wait in coroutines before they get a thread, so that
// many writers of one repository keep no thread from those of another. The lock below stays the
// last guard, and stays free for whoever has the turn (but for housekeeping).

#include <type_traits>

#include "api/call.h"
#include "auth/access.h"
#include "hub/repos.h"

namespace embrace::api {

// The turn of `name`'s repository, for as long as the place lives. The caller's right must have
// been checked before: who may not write must not keep out who may. Unavailable (retry_after) when
// too many wait already, or too long.
Task<Result<rt::Place>> take_turn(Call& call, const RepoName& name);

// Runs what takes the write lock of `name`'s repository. `right` is asked first; and where the work
// fails because the repository was deleted meanwhile, that is the answer.
template <class F>
auto in_turn(Call& call, RepoName name, auth::Right right, F work)
    -> Task<std::invoke_result_t<F&, rt::Blocking>> {
  hub::Services& services = call.services();
  EMB_CO_TRY(const meta::Repo repo, co_await call.api.pool.run([&](rt::Blocking blocking) {
    return hub::find_repo(services, blocking, call.caller, name, right);
  }));
  EMB_CO_TRY(const rt::Place turn, co_await take_turn(call, name));
  auto done = co_await call.api.transfers.run([&](rt::Blocking blocking) {
    auto worked = work(blocking);
    if (!worked) {
      worked = fail(
          hub::unless_deleted(services, blocking, call.caller, repo, std::move(worked).error()));
    }
    return worked;
  });
  co_return done;
}

}  // namespace embrace::api
