#pragma once
// What pages ask first: this site with its visitor, and what the visitor may do to a repository.

#include "api/call.h"
#include "meta/types.h"

namespace embrace::api {

// GET /api/site: {version, allowSignUp, publicUrl, limits, user}.
void render_site(json::Writer& w, const Call& call);

// GET /api/{T}/{id}/rights: {see, read, propose, write, manage}.
void render_rights(json::Writer& w, const auth::Caller& caller, const meta::Repo& repo);

}  // namespace embrace::api
