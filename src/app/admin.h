#pragma once
// embrace admin: accounts, storage and quotas from the command line, and embrace doctor. They work
// on the stores directly, while the server runs and while it does not.

#include <string>

#include "app/settings.h"
#include "base/result.h"

namespace embrace::app {

struct AdminCommand {
  enum class Kind : std::uint8_t {
    UserCreate,
    UserPassword,
    UserList,
    UserPromote,
    UserDemote,
    OrgCreate,
    OrgMemberAdd,
    OrgMemberRemove,
    TokenCreate,
    Gc,
    Storage,
    QuotaSet,
    JobsList,
    JobsRetry
  };
  Kind kind = Kind::UserList;
  std::string name;  // user or organization
  std::string email;
  std::string password;
  bool is_admin = false;
  std::string owner;   // OrgCreate
  std::string member;  // OrgMemberAdd, OrgMemberRemove
  std::string role;    // OrgMemberAdd, TokenCreate
  std::string token_name = "admin command";
  std::string token_value;
  bool is_dry_run = false;  // Gc
  std::int64_t job = 0;     // JobsRetry
  std::string quota;        // QuotaSet: a size, "none" or "default"
};
Status run_admin(Settings settings, const AdminCommand& command);

// Prints what it finds; true when the data folder is sound.
Result<bool> run_doctor(Settings settings);

}  // namespace embrace::app
