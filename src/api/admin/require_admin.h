#pragma once

#include "api/call.h"

namespace embrace::api {

// Denied for everybody but an administrator of the whole hub, whatever was asked for: who is none
// learns nothing from the answer.
inline Status require_admin(const Call& call) {
  if (call.caller.is_site_admin()) return Done{};
  return fail(Code::Denied, "This is for administrators of this hub");
}

}  // namespace embrace::api
