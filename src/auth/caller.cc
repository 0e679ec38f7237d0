#include "auth/caller.h"

namespace embrace::auth {

bool Caller::is_site_admin() const {
  return user && user->is_admin && !user->is_disabled && may_write();
}

bool Caller::may_write() const { return user && (!token || token->role != meta::TokenRole::Read); }

meta::Role Caller::role_in(std::int64_t namespace_id) const {
  if (!user) return meta::Role::None;
  if (user->id == namespace_id) return meta::Role::Admin;
  for (const auto& membership : memberships) {
    if (membership.org_id == namespace_id) return membership.role;
  }
  return meta::Role::None;
}

}  // namespace embrace::auth
