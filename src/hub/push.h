#pragma once
// git push: what the commands ask, checked against rights and policy, then published
// (hub-api 23.1).
//
// Refused, each with a line that says what to do: no right; a file above regular_file_bytes_max
// that is not an LFS pointer; an LFS pointer whose object was never uploaded; README.md whose YAML
// does not parse; a path that check_path refuses; deleting the default branch; non-fast-forward
// without force is git's own client-side rule, and the server refuses it on the default branch only
// when `protect_default` is set later.

#include <memory>
#include <string>
#include <vector>

#include "auth/access.h"
#include "git/smart_http.h"
#include "hub/services.h"

namespace embrace::hub {

struct PushOutcome {
  std::string unpack_error;  // empty: "unpack ok"
  std::vector<git::RefOutcome> refs;
  std::vector<std::string> messages;  // shown as "remote: ..."
};

// What is known from the commands alone, before a byte of the pack was read: names, rights, where
// the refs are. A ref without a refusal may still be refused for what the pack holds. `has_chance`:
// one at least is left, so the pack is worth receiving.
struct PushForecast {
  PushOutcome outcome;
  bool has_chance = false;
};
PushForecast judge_commands(Services&, rt::Blocking, const auth::Caller&, const meta::Repo& repo,
                            const git::PushRequest& request);

// A push once it was received and looked through, which may take long and holds up nobody. One
// thread at a time; it refers to what it was made of.
class ReviewedPush {
 public:
  virtual ~ReviewedPush() = default;
  // Is anything left to publish?
  virtual bool has_chance() const = 0;
  // Under the repository's write lock: compares the refs once more and moves them.
  virtual PushOutcome publish(rt::Blocking) = 0;
  // Refuses what is left.
  virtual PushOutcome give_up(const Error& why) = 0;
};
// `quarantine` may be null (only deletions, or every object known).
std::unique_ptr<ReviewedPush> review_push(Services&, rt::Blocking, const auth::Caller&,
                                          const meta::Repo& repo, const git::PushRequest& request,
                                          git::Quarantine* quarantine);
// Both steps.
PushOutcome receive_push(Services&, rt::Blocking, const auth::Caller&, const meta::Repo& repo,
                         const git::PushRequest& request, git::Quarantine* quarantine);

}  // namespace embrace::hub
