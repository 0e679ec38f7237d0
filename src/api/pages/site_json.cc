#include "api/pages/site_json.h"

#include "auth/access.h"
#include "base/strings.h"

namespace embrace::api {
namespace {

const std::string& shown(const std::string& fullname, const std::string& name) {
  return fullname.empty() ? name : fullname;
}

void render_user(json::Writer& w, const auth::Caller& caller) {
  const meta::Account& user = *caller.user;
  w.begin_object()
      .field("name", user.name)
      .field("fullname", shown(user.fullname, user.name))
      .field("email", user.email)
      .field("avatarUrl", cat("/avatars/", user.name, ".svg"))
      .field("isAdmin", caller.is_site_admin());
  w.key("canCreateIn").begin_array();
  if (caller.may_write()) {
    w.value(user.name);
    for (const auto& org : caller.memberships) {
      if (org.role >= meta::Role::Contributor) w.value(org.org_name);
    }
  }
  w.end_array().key("orgs").begin_array();
  for (const auto& org : caller.memberships) {
    w.begin_object()
        .field("name", org.org_name)
        .field("fullname", shown(org.org_fullname, org.org_name))
        .field("avatarUrl", cat("/avatars/", org.org_name, ".svg"))
        .field("role", to_string(org.role))
        .end_object();
  }
  w.end_array().end_object();
}

}  // namespace

void render_site(json::Writer& w, const Call& call) {
  const hub::Settings& settings = call.settings();
  w.begin_object()
      .field("version", call.api.version)
      .field("allowSignUp", settings.allow_sign_up)
      .field("publicUrl", call.base);
  w.key("limits")
      .begin_object()
      .field("regularFileBytes", settings.regular_file_bytes_max)
      .field("lfsPartBytes", settings.lfs_part_bytes)
      .field("lfsMultipartAboveBytes", settings.lfs_multipart_above_bytes)
      .field("lfsObjectBytes", settings.lfs_object_bytes_max)
      .end_object();
  w.key("user");
  if (call.caller.user)
    render_user(w, call.caller);
  else
    w.null();
  w.end_object();
}

void render_rights(json::Writer& w, const auth::Caller& caller, const meta::Repo& repo) {
  using enum auth::Right;
  w.begin_object()
      .field("see", auth::may(caller, repo, See))
      .field("read", auth::may(caller, repo, Read))
      .field("propose", auth::may(caller, repo, Propose))
      .field("write", auth::may(caller, repo, Write))
      .field("manage", auth::may(caller, repo, Manage))
      .end_object();
}

}  // namespace embrace::api
