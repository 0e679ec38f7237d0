#include "hub/push.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/strings.h"
#include "hub/lfs_links.h"
#include "hub/publish.h"
#include "hub/push_policy.h"
#include "hub/ref_names.h"
#include "hub/write_target.h"
#include "hub/young_packs.h"
#include "meta/repos.h"

namespace embrace::hub {
namespace {

constexpr Millis kWriteLockWaitMs = 120'000;
constexpr unsigned kPublishAttemptsMax = 3;

bool is_pull_ref(std::string_view ref) { return parse_pull_ref(ref).has_value(); }

// One push, from the client's commands to the report. Every command ends accepted or with a
// refusal; those that are refused never hold up the others, unless the client asked for all or
// nothing.
class Push final : public ReviewedPush {
 public:
  Push(Services& services, const auth::Caller& caller, const meta::Repo& repo,
       const git::PushRequest& request, git::Quarantine* quarantine)
      : services_(services),
        caller_(caller),
        repo_(repo),
        request_(request),
        quarantine_(quarantine) {
    for (const auto& command : request.commands)
      outcomes_.push_back({.ref = command.ref, .refusal = {}});
  }

  using Refs = std::map<std::string, git::Oid, std::less<>>;

  void review(rt::Blocking blocking) { reviewed_ = look_through(blocking); }
  bool has_chance() const override { return reviewed_ && any_accepted(); }
  PushOutcome publish(rt::Blocking blocking) override;
  PushOutcome give_up(const Error& why) override { return report(fail(why)); }
  Result<Refs> judge_commands(rt::Blocking blocking);  // the refs as they are now
  PushOutcome report(const Status& status);

  bool any_accepted() const {
    return std::ranges::any_of(outcomes_, [](const auto& o) { return o.refusal.empty(); });
  }

 private:
  Result<Refs> read_refs(rt::Blocking blocking);
  void refuse(std::size_t index, std::string why) {
    if (outcomes_[index].refusal.empty()) outcomes_[index].refusal = std::move(why);
  }
  bool is_accepted(std::size_t index) const { return outcomes_[index].refusal.empty(); }

  void check_command(rt::Blocking blocking, std::size_t index);
  std::string check_name(const git::PushCommand& command) const;
  void check_positions(const Refs& refs);
  Status check_objects(rt::Blocking blocking, const Refs& refs);
  void check_tip(rt::Blocking blocking, git::Repository& repository, std::size_t index);
  Status check_reachable(rt::Blocking blocking, git::Repository& repository,
                         const std::vector<git::Oid>& known);
  Status check_contents(rt::Blocking blocking, git::Repository& repository,
                        const std::vector<git::Oid>& known);
  void settle_atomic();
  Status look_through(rt::Blocking blocking);
  Status publish_under_lock(rt::Blocking blocking);
  Status publish_accepted(rt::Blocking blocking);
  std::vector<RefChange> accepted_changes() const;
  std::vector<git::Oid> accepted_tips() const;

  Services& services_;
  const auth::Caller& caller_;
  const meta::Repo& repo_;
  const git::PushRequest& request_;
  git::Quarantine* quarantine_;

  std::vector<git::RefOutcome> outcomes_;  // beside request_.commands
  std::set<std::string_view> named_;
  std::vector<std::string> messages_;
  std::vector<meta::LfsLink> links_;
  Status reviewed_ = Done{};
};

Result<Push::Refs> Push::read_refs(rt::Blocking blocking) {
  EMB_TRY(const auto rows, services_.database.read(blocking, [&](db::Session& s) {
    return meta::repos::refs(s, repo_.id);
  }));
  Refs refs;
  for (const auto& row : rows) {
    EMB_TRY(const auto oid, git::Oid::parse(row.oid));
    refs.emplace(row.name, oid);
  }
  return refs;
}

std::string Push::check_name(const git::PushCommand& command) const {
  const bool deletes = command.new_oid.is_zero();
  if (is_pull_ref(command.ref))
    return deletes ? "a pull request is closed, not deleted by git" : "";
  for (const std::string_view prefix : {"refs/heads/", "refs/tags/"}) {
    if (!command.ref.starts_with(prefix)) continue;
    // One that is there already may still be moved, and above all deleted.
    if (command.old_oid.is_zero()) {
      const auto named = check_new_ref_name(std::string_view(command.ref).substr(prefix.size()),
                                            prefix == "refs/heads/" ? "branch" : "tag");
      if (!named) return named.error().message();
    }
    if (deletes && command.ref == cat("refs/heads/", repo_.default_branch))
      return "refusing to delete the default branch";
    return "";
  }
  return "only refs/heads/, refs/tags/ and your own refs/pr/N take pushes";
}

void Push::check_command(rt::Blocking blocking, std::size_t index) {
  const auto& command = request_.commands[index];
  if (auto wrong = check_name(command); !wrong.empty()) return refuse(index, std::move(wrong));
  if (!named_.insert(command.ref).second) return refuse(index, "named twice in one push");
  if (const auto allowed = check_ref_write(services_, blocking, caller_, repo_, command.ref);
      !allowed) {
    refuse(index, allowed.error().message());
  }
}

// Is every ref still where the client saw it?
void Push::check_positions(const Refs& refs) {
  for (std::size_t i = 0; i < request_.commands.size(); ++i) {
    const auto& command = request_.commands[i];
    const auto now = refs.find(command.ref);
    if (command.old_oid != (now == refs.end() ? git::Oid() : now->second)) refuse(i, "fetch first");
  }
}

// Branches and pull requests hold commits; tags may be annotated.
void Push::check_tip(rt::Blocking blocking, git::Repository& repository, std::size_t index) {
  const auto& command = request_.commands[index];
  if (!is_accepted(index) || command.new_oid.is_zero()) return;
  const auto commit = repository.peel_to_commit(blocking, command.new_oid);
  if (!commit) return refuse(index, "the commit was not sent, or this is none");
  if (*commit != command.new_oid && !command.ref.starts_with("refs/tags/"))
    refuse(index, "a branch must point to a commit, not to a tag");
}

// Everything below the tips is there. With a pack git walks it; without one the tips must be part
// of what the repository shows already, because objects that no ref shows were perhaps refused, or
// deleted for a reason.
Status Push::check_reachable(rt::Blocking blocking, git::Repository& repository,
                             const std::vector<git::Oid>& known) {
  if (quarantine_ && quarantine_->check_connectivity(blocking, accepted_tips(), known))
    return Done{};
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    const auto& command = request_.commands[i];
    if (!is_accepted(i) || command.new_oid.is_zero()) continue;
    if (quarantine_) {
      const auto whole = quarantine_->check_connectivity(blocking, {command.new_oid}, known);
      if (!whole)
        refuse(i, whole.error().code() == Code::InvalidArgument ? "missing necessary objects"
                                                                : whole.error().message());
      continue;
    }
    bool is_shown = std::ranges::find(known, command.new_oid) != known.end();
    EMB_TRY(const auto commit, repository.peel_to_commit(blocking, command.new_oid));
    for (auto at = known.begin(); !is_shown && commit == command.new_oid && at != known.end();
         ++at) {
      const auto tip = repository.peel_to_commit(blocking, *at);
      if (!tip) continue;
      EMB_TRY(is_shown, repository.is_ancestor(blocking, commit, *tip));
    }
    if (!is_shown) refuse(i, "missing necessary objects");
  }
  return Done{};
}

// Judged all at once first: most pushes break no rule. Only when one does is the blame looked for
// ref by ref.
Status Push::check_contents(rt::Blocking blocking, git::Repository& repository,
                            const std::vector<git::Oid>& known) {
  PushPolicy policy(services_, repo_, repository);
  if (quarantine_) {
    EMB_TRY(const auto blobs, quarantine_->new_blobs(blocking, accepted_tips(), known));
    EMB_TRY(const auto verdict, policy.judge_blobs(blocking, blobs));
    links_ = verdict.links;
    for (std::size_t i = 0; !verdict.is_clean() && i < outcomes_.size(); ++i) {
      const auto& command = request_.commands[i];
      if (!is_accepted(i) || command.new_oid.is_zero()) continue;
      EMB_TRY(const auto own_blobs, quarantine_->new_blobs(blocking, {command.new_oid}, known));
      EMB_TRY(const auto own, policy.judge_blobs(blocking, own_blobs));
      if (own.is_clean()) continue;
      refuse(i, own.refusal);
      messages_.insert(messages_.end(), own.details.begin(), own.details.end());
    }
  }
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    const auto& command = request_.commands[i];
    if (!is_accepted(i) || command.new_oid.is_zero() || command.ref.starts_with("refs/tags/"))
      continue;
    EMB_TRY(const auto verdict, policy.judge_tip(blocking, command.old_oid, command.new_oid));
    if (verdict.is_clean()) continue;
    refuse(i, verdict.refusal);
    messages_.insert(messages_.end(), verdict.details.begin(), verdict.details.end());
  }
  return Done{};
}

Status Push::check_objects(rt::Blocking blocking, const Refs& refs) {
  std::vector<git::Oid> known;
  for (const auto& [name, oid] : refs) known.push_back(oid);
  EMB_DO(show_young_packs(services_, blocking, repo_.id));  // git looks for what refs lead to
  std::unique_ptr<git::Repository> quarantined;
  std::optional<git::Repositories::Lease> lease;
  if (quarantine_) {
    EMB_TRY(quarantined, quarantine_->open(blocking));
  } else {
    EMB_TRY(auto borrowed, services_.repositories.borrow(
                               blocking, repository_folder(services_.settings, repo_.id)));
    lease.emplace(std::move(borrowed));
  }
  auto& repository = quarantined ? *quarantined : **lease;
  for (std::size_t i = 0; i < outcomes_.size(); ++i) check_tip(blocking, repository, i);
  if (accepted_tips().empty()) return Done{};
  EMB_DO(check_reachable(blocking, repository, known));
  if (accepted_tips().empty()) return Done{};
  return check_contents(blocking, repository, known);
}

void Push::settle_atomic() {
  if (!request_.atomic ||
      std::ranges::none_of(outcomes_, [](const auto& o) { return !o.refusal.empty(); }))
    return;
  for (auto& outcome : outcomes_) {
    if (outcome.refusal.empty()) outcome.refusal = "atomic push failed";
  }
}

std::vector<git::Oid> Push::accepted_tips() const {
  std::vector<git::Oid> tips;
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    const auto& oid = request_.commands[i].new_oid;
    if (is_accepted(i) && !oid.is_zero()) tips.push_back(oid);
  }
  return tips;
}

std::vector<RefChange> Push::accepted_changes() const {
  const auto present = [](const git::Oid& oid) {
    return oid.is_zero() ? std::nullopt : std::optional(oid);
  };
  std::vector<RefChange> changes;
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    const auto& command = request_.commands[i];
    if (!is_accepted(i) || command.old_oid == command.new_oid) continue;
    changes.push_back({.name = command.ref,
                       .expected = present(command.old_oid),
                       .next = present(command.new_oid)});
  }
  return changes;
}

// Another node may move a ref between the look and the publish: then look again and go on with the
// rest.
Status Push::publish_accepted(rt::Blocking blocking) {
  Publication publication;
  publication.repo = repo_;
  publication.lfs = links_;
  publication.actor_id = caller_.id();
  if (quarantine_ && !accepted_tips().empty()) {
    EMB_TRY(publication.pack, quarantine_->adopt(blocking));
  }
  EMB_TRY(auto repository,
          services_.repositories.borrow(blocking, repository_folder(services_.settings, repo_.id)));
  for (unsigned attempt = 1;; ++attempt) {
    publication.changes = accepted_changes();
    if (publication.changes.empty()) return Done{};
    const auto published = hub::publish(services_, blocking, *repository, publication);
    if (published) return Done{};
    if (published.error().code() != Code::Conflict || attempt == kPublishAttemptsMax)
      return fail(published.error());
    EMB_TRY(const auto refs, read_refs(blocking));
    check_positions(refs);
    settle_atomic();
  }
}

Result<Push::Refs> Push::judge_commands(rt::Blocking blocking) {
  for (std::size_t i = 0; i < outcomes_.size(); ++i) check_command(blocking, i);
  settle_atomic();
  if (!any_accepted()) return Refs();
  EMB_TRY(auto refs, read_refs(blocking));
  check_positions(refs);
  settle_atomic();
  return refs;
}

Status Push::look_through(rt::Blocking blocking) {
  EMB_TRY(const auto before, judge_commands(blocking));
  if (!any_accepted()) return Done{};
  EMB_DO(check_objects(blocking, before));
  settle_atomic();
  return Done{};
}

Status Push::publish_under_lock(rt::Blocking blocking) {
  EMB_TRY(const auto guard, services_.write_locks.lock(blocking, repo_.id, kWriteLockWaitMs));
  EMB_TRY(const auto now, read_refs(blocking));
  check_positions(now);
  settle_atomic();
  return any_accepted() ? publish_accepted(blocking) : Status(Done{});
}

PushOutcome Push::publish(rt::Blocking blocking) {
  return report(has_chance() ? publish_under_lock(blocking) : reviewed_);
}

PushOutcome Push::report(const Status& status) {
  PushOutcome outcome;
  if (!status) {
    for (auto& ref : outcomes_) {
      if (ref.refusal.empty()) ref.refusal = status.error().message();
    }
    messages_.push_back(cat("error: ", status.error().message()));
  }
  outcome.refs = std::move(outcomes_);
  outcome.messages = std::move(messages_);
  return outcome;
}

}  // namespace

PushForecast judge_commands(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                            const meta::Repo& repo, const git::PushRequest& request) {
  Push push(services, caller, repo, request, nullptr);
  const auto judged = push.judge_commands(blocking);
  PushForecast forecast;
  forecast.has_chance = judged && push.any_accepted();
  forecast.outcome = push.report(judged ? Status(Done{}) : fail(judged.error()));
  return forecast;
}

std::unique_ptr<ReviewedPush> review_push(Services& services, rt::Blocking blocking,
                                          const auth::Caller& caller, const meta::Repo& repo,
                                          const git::PushRequest& request,
                                          git::Quarantine* quarantine) {
  auto push = std::make_unique<Push>(services, caller, repo, request, quarantine);
  push->review(blocking);
  return push;
}

PushOutcome receive_push(Services& services, rt::Blocking blocking, const auth::Caller& caller,
                         const meta::Repo& repo, const git::PushRequest& request,
                         git::Quarantine* quarantine) {
  return review_push(services, blocking, caller, repo, request, quarantine)->publish(blocking);
}

}  // namespace embrace::hub
