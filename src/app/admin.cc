#include "app/admin.h"

#include <cstdio>

#include "app/house.h"
#include "base/file.h"
#include "base/strings.h"
#include "hub/accounts.h"
#include "hub/administration.h"
#include "hub/doctor.h"
#include "hub/garbage.h"
#include "hub/quota.h"
#include "meta/accounts.h"

namespace embrace::app {
namespace {

void print(std::string_view line) {
  std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
}

Result<meta::TokenRole> parse_token_role(std::string_view word) {
  if (word == "read") return meta::TokenRole::Read;
  if (word == "write") return meta::TokenRole::Write;
  if (word == "admin") return meta::TokenRole::Admin;
  return fail(Code::InvalidArgument, "--role takes read, write or admin");
}

Status list_users(hub::Services& services, rt::Blocking blocking) {
  std::int64_t after = 0;
  for (;;) {
    EMB_TRY(auto users, services.database.read(blocking, [&](db::Session& session) {
      return meta::accounts::list(session, meta::AccountKind::User, after, 1000);
    }));
    for (const auto& user : users) {
      print(cat(user.name, user.is_admin ? "\tadmin" : "\tuser",
                user.is_disabled ? "\tdisabled\t" : "\tactive\t", user.email));
    }
    if (users.size() < 1000) return Done{};
    after = users.back().id;
  }
}

Status create_token(hub::Services& services, rt::Blocking blocking, const AdminCommand& command) {
  hub::NewToken token;
  token.user = command.name;
  token.display_name = command.token_name;
  token.value = command.token_value;
  EMB_TRY(token.role, parse_token_role(command.role));
  EMB_TRY(auto minted, hub::create_token(services, blocking, token));
  print(minted.value);
  return Done{};
}

Status collect_garbage(hub::Services& services, rt::Blocking blocking, bool is_dry_run) {
  auto rules = hub::garbage_rules(services.settings);
  rules.is_dry_run = is_dry_run;
  EMB_TRY(const auto report, hub::collect_garbage(services, blocking, rules));
  for (const auto& line : hub::describe(report, is_dry_run)) print(line);
  return Done{};
}

Status print_storage(hub::Services& services, rt::Blocking blocking) {
  EMB_TRY(const auto report, hub::report_storage(services, blocking));
  print("namespace\tused bytes\tquota bytes");
  for (const auto& row : report.namespaces) {
    print(cat(row.ns, "\t", row.used_bytes, "\t",
              row.allowed_bytes ? cat(*row.allowed_bytes) : std::string("none")));
  }
  const auto& figures = report.figures;
  print(cat("large files: ", figures.files, " of ", figures.logical_bytes, " bytes"));
  print(cat("stored: ", figures.xorbs, " xorbs of ", figures.stored_bytes, " bytes (unpacked ",
            figures.unpacked_bytes, ")"));
  print(cat("saved: ", report.saved_bytes(), " bytes"));
  return Done{};
}

Status set_quota(hub::Services& services, rt::Blocking blocking, const AdminCommand& command) {
  std::optional<meta::storage::Quota> quota;
  if (command.quota == "none") {
    quota = meta::storage::Quota{};
  } else if (command.quota != "default") {
    const auto bytes = parse_bytes(command.quota);
    if (!bytes)
      return fail(Code::InvalidArgument, "the quota takes a size such as 500GiB, none or default");
    quota = meta::storage::Quota{.bytes = *bytes};
  }
  EMB_DO(hub::set_quota(services, blocking, command.name, quota));
  print(cat("the quota of ", command.name, " is ", command.quota));
  return Done{};
}

Status set_admin(hub::Services& services, rt::Blocking blocking, const std::string& name,
                 bool is_admin) {
  EMB_TRY(const auto user, hub::change_user(services, blocking, name,
                                            {.is_admin = is_admin, .password = std::nullopt}));
  print(cat(user.name, user.is_admin ? " is an administrator" : " is no administrator"));
  return Done{};
}

Status list_jobs(hub::Services& services, rt::Blocking blocking) {
  constexpr std::size_t kJobsShown = 100;
  constexpr std::string_view kStates[] = {"waiting", "running", "done", "failed"};
  EMB_TRY(const auto jobs, hub::list_jobs(services, blocking, std::nullopt, kJobsShown));
  for (const auto& job : jobs) {
    print(cat(job.id, "\t", kStates[static_cast<std::size_t>(job.state)], "\t", job.kind, "\t",
              job.dedupe, "\t", job.last_error));
  }
  return Done{};
}

}  // namespace

Status run_admin(Settings settings, const AdminCommand& command) {
  const auto blocking = rt::Blocking::on_main_thread();
  EMB_TRY(auto house, House::open(blocking, std::move(settings)));
  hub::Services& services = house->services();
  using Kind = AdminCommand::Kind;
  switch (command.kind) {
    case Kind::UserCreate: {
      EMB_TRY(auto user, hub::create_user(services, blocking,
                                          {command.name, command.email, "", command.password,
                                           command.is_admin}));
      print(cat("created user ", user.name));
      return Done{};
    }
    case Kind::UserPassword:
      EMB_DO(hub::set_password(services, blocking, command.name, command.password));
      print(cat("changed the password of ", command.name));
      return Done{};
    case Kind::UserList:
      return list_users(services, blocking);
    case Kind::UserPromote:
      return set_admin(services, blocking, command.name, true);
    case Kind::UserDemote:
      return set_admin(services, blocking, command.name, false);
    case Kind::OrgCreate: {
      EMB_TRY(auto org,
              hub::create_organization(services, blocking, command.name, "", command.owner));
      print(cat("created organization ", org.name, ", owned by ", command.owner));
      return Done{};
    }
    case Kind::OrgMemberAdd: {
      auto role = meta::parse_role(command.role);
      if (!role || *role == meta::Role::None)
        return fail(Code::InvalidArgument, "--role takes admin, write, contributor or read");
      EMB_DO(hub::set_member(services, blocking, command.name, command.member, *role));
      print(cat(command.member, " is now ", command.role, " in ", command.name));
      return Done{};
    }
    case Kind::OrgMemberRemove:
      EMB_DO(hub::remove_member(services, blocking, command.name, command.member));
      print(cat(command.member, " has left ", command.name));
      return Done{};
    case Kind::TokenCreate:
      return create_token(services, blocking, command);
    case Kind::Gc:
      return collect_garbage(services, blocking, command.is_dry_run);
    case Kind::Storage:
      return print_storage(services, blocking);
    case Kind::QuotaSet:
      return set_quota(services, blocking, command);
    case Kind::JobsList:
      return list_jobs(services, blocking);
    case Kind::JobsRetry:
      return hub::retry_job(services, blocking, command.job);
  }
  return Done{};
}

Result<bool> run_doctor(Settings settings) {
  const auto blocking = rt::Blocking::on_main_thread();
  // A mistyped folder would be created empty, and found sound.
  if (auto folder = File::open_for_read(settings.hub.data_folder + "/git"); !folder) {
    return fail(Code::InvalidArgument,
                cat(settings.hub.data_folder, " is no data folder of Embrace"));
  }
  EMB_TRY(auto house, House::open(blocking, std::move(settings)));
  EMB_TRY(auto report, hub::examine(house->services(), blocking, [](std::string_view) {}));
  for (const auto& finding : report.findings) {
    print(cat(finding.gravity == hub::Finding::Gravity::Error ? "ERROR  " : "note   ",
              finding.where, ": ", finding.what));
  }
  print(cat("examined ", report.repos, " repositories, ", report.refs, " refs, ", report.commits,
            " commits, ", report.objects, " large files of ", report.object_bytes, " bytes, ",
            report.xorbs, " xorbs"));
  print(report.is_clean() ? "the data folder is sound" : "the data folder has errors");
  return report.is_clean();
}

}  // namespace embrace::app
