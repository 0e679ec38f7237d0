// The life of a repository: create, delete, move, settings, duplicate (hub-api 4).
#include "hub/repos.h"

#include <algorithm>

#include "api/endpoints.h"
#include "api/write_turn.h"
#include "auth/access.h"
#include "base/strings.h"

namespace embrace::api {
namespace {

// {"visibility": "private"} from newer clients, {"private": true} from older ones.
Result<std::optional<bool>> read_private(json::View body, RepoType type) {
  const json::View is_private = body["private"];
  // What is not understood must not leave a repository public that was meant to be private.
  if (is_private.exists() && !is_private.is_null() && !is_private.boolean()) {
    return fail(Code::InvalidArgument, "\"private\" must be true or false");
  }
  if (auto visibility = body["visibility"].text()) {
    if (is_private.boolean() && *is_private.boolean() != (*visibility != "public")) {
      return fail(Code::InvalidArgument, "\"private\" and \"visibility\" contradict each other");
    }
    if (*visibility == "public") return false;
    if (*visibility == "private") return true;
    if (*visibility == "protected" && type == RepoType::Space) {
      return fail(Code::NotBuilt, "Protected Spaces are not built yet: use public or private");
    }
    return fail(Code::InvalidArgument, "\"visibility\" must be public or private");
  }
  return is_private.boolean();
}

// `name` may be "ns/name"; `organization` (when given) wins over it.
Result<RepoName> read_name(json::View body, std::string_view default_ns) {
  EMB_TRY(RepoType type, parse_repo_type(body.text_or("type", "model")));
  const std::string text = body.text_or("name", "");
  if (text.empty()) return fail(Code::InvalidArgument, "\"name\" is required");
  RepoName name{type, std::string(default_ns), text};
  if (auto slash = text.find('/'); slash != std::string::npos) {
    name.ns = text.substr(0, slash);
    name.name = text.substr(slash + 1);
    // Said here, because the rights in a namespace are looked at before the name is.
    if (name.name.find('/') != std::string::npos)
      return fail(Code::InvalidArgument, "\"name\" must be \"name\" or \"owner/name\"");
  }
  if (auto organization = body["organization"].text(); organization && !organization->empty())
    name.ns = *organization;
  return name;
}

Result<std::vector<hub::InitialFile>> read_files(json::View files) {
  std::vector<hub::InitialFile> out;
  for (json::View file : files.items()) {
    hub::InitialFile initial;
    initial.path = file.text_or("path", "");
    initial.bytes = file.text_or("content", "");
    if (file.text_or("encoding", "utf-8") == "base64") {
      auto bytes = from_base64(initial.bytes);
      if (!bytes)
        return fail(Code::InvalidArgument,
                    cat("the content of ", initial.path, " is not valid base64"));
      initial.bytes = std::move(*bytes);
    }
    out.push_back(std::move(initial));
  }
  return out;
}

// A 409 must say where the repository is: with exist_ok the client reads "url" (trap 2).
Error with_page(Error error, const RepoName& wanted) {
  if (error.code() != Code::Conflict) return error;
  auto id = error.fact("repo");
  return std::move(error).with(
      "page", cat(url_prefix(wanted.type), id.empty() ? wanted.id() : std::string(id)));
}

// Settings of the protocol that this hub does not keep: whoever sends one hears so.
Status refuse_what_is_not_built(json::View body) {
  const auto is_sent = [&](std::string_view name) {
    return body[name].exists() && !body[name].is_null();
  };
  const auto is_one_of = [&](std::string_view name, std::initializer_list<std::string_view> words) {
    const auto text = body[name].text();
    return text && std::ranges::find(words, *text) != words.end();
  };
  if (is_sent("discussionsSorting")) {
    if (!is_one_of("discussionsSorting", {"recently-created", "trending", "reactions"})) {
      return fail(Code::InvalidArgument,
                  "\"discussionsSorting\" must be one of [recently-created, trending, reactions]");
    }
    return fail(Code::NotBuilt, "The order of discussions can't be set on this hub");
  }
  if (is_sent("orgMembersGated")) {
    if (!body["orgMembersGated"].boolean())
      return fail(Code::InvalidArgument, "\"orgMembersGated\" must be true or false");
    return fail(Code::NotBuilt, "Members of an organization always read its gated repositories");
  }
  if (is_sent("gatedNotificationsEmail")) {
    if (!body["gatedNotificationsEmail"].is_string())
      return fail(Code::InvalidArgument, "\"gatedNotificationsEmail\" must be an address");
    return fail(Code::NotBuilt, "This hub sends no mail about requests for access");
  }
  if (is_sent("gatedNotificationsMode")) {
    if (!is_one_of("gatedNotificationsMode", {"bulk", "real-time"})) {
      return fail(Code::InvalidArgument,
                  "\"gatedNotificationsMode\" must be one of [bulk, real-time]");
    }
    return fail(Code::NotBuilt, "This hub sends no mail about requests for access");
  }
  return Done{};
}

http::Response repo_reply(const Call& call, const meta::Repo& repo) {
  json::Writer w;
  w.begin_object()
      .field("url", cat(call.base, "/", repo.name.path()))
      .field("name", repo.name.id())
      .field("id", meta::objid(repo.created_ms, 'r', repo.id))
      .end_object();
  return json_reply(w);
}

Task<Result<http::Response>> finish_create(Call& call, hub::NewRepo wanted) {
  auto created = co_await on_pool(call, [&](rt::Blocking blocking) {
    return hub::create_repo(call.services(), blocking, call.caller, wanted);
  });
  if (!created) co_return fail(with_page(std::move(created).error(), wanted.name));
  co_return repo_reply(call, *created);
}

}  // namespace

Task<Result<http::Response>> create_repo(Call& call) {
  EMB_CO_DO(require_user(call));
  EMB_CO_TRY(auto body, co_await read_json(call));
  hub::NewRepo wanted;
  EMB_CO_TRY(wanted.name, read_name(body.root(), call.caller.name()));
  EMB_CO_TRY(auto is_private, read_private(body.root(), wanted.name.type));
  wanted.is_private = is_private.value_or(false);
  wanted.sdk = body.root().text_or("sdk", "");
  wanted.license = body.root().text_or("license", "");
  wanted.license_name = body.root().text_or("license_name", "");
  wanted.license_link = body.root().text_or("license_link", "");
  EMB_CO_TRY(wanted.files, read_files(body.root()["files"]));
  co_return co_await finish_create(call, std::move(wanted));
}

Task<Result<http::Response>> delete_repo(Call& call) {
  EMB_CO_TRY(auto body, co_await read_json(call));
  EMB_CO_TRY(RepoName name, read_name(body.root(), call.caller.name()));
  auto deleted = co_await in_turn(call, name, auth::Right::Manage, [&](rt::Blocking blocking) {
    return hub::delete_repo(call.services(), blocking, call.caller, name);
  });
  if (!deleted && deleted.error().code() == Code::Moved) {
    // The name is in the body, so there is no address to redirect to; and an old name must not
    // delete what has moved on.
    co_return fail(auth::repo_not_found(call.caller));
  }
  if (!deleted) co_return fail(std::move(deleted).error());
  co_return success_reply();
}

Task<Result<http::Response>> move_repo(Call& call) {
  EMB_CO_TRY(auto body, co_await read_json(call));
  EMB_CO_TRY(RepoType type, parse_repo_type(body.root().text_or("type", "model")));
  EMB_CO_TRY(RepoName from, RepoName::parse(type, body.root().text_or("fromRepo", "")));
  EMB_CO_TRY(RepoName to, RepoName::parse(type, body.root().text_or("toRepo", "")));
  auto moved = co_await on_pool(call, [&](rt::Blocking blocking) {
    auto first = hub::move_repo(call.services(), blocking, call.caller, from, to);
    if (first || first.error().code() != Code::Moved) return first;
    // An old name, or another spelling: the repository is meant wherever it is now.
    auto now = RepoName::parse(type, first.error().fact("repo"));
    return now ? hub::move_repo(call.services(), blocking, call.caller, *now, to) : first;
  });
  if (!moved) co_return fail(with_page(std::move(moved).error(), to));
  co_return repo_reply(call, *moved);
}

Task<Result<http::Response>> repo_settings(Call& call) {
  EMB_CO_TRY(auto body, co_await read_json(call));
  hub::RepoSettings change;
  EMB_CO_TRY(change.is_private, read_private(body.root(), call.target.repo.type));
  if (json::View gated = body.root()["gated"]; gated.exists()) {
    if (gated.text() == "auto")
      change.gating = meta::Gating::Auto;
    else if (gated.text() == "manual")
      change.gating = meta::Gating::Manual;
    else if (gated.boolean() == false)
      change.gating = meta::Gating::Open;
    else
      co_return fail(Code::InvalidArgument, "\"gated\" must be \"auto\", \"manual\" or false");
  }
  EMB_CO_DO(refuse_what_is_not_built(body.root()));
  const json::View no_discussions = body.root()["discussionsDisabled"];
  change.discussions_disabled = no_discussions.boolean();
  if (no_discussions.exists() && !no_discussions.is_null() && !change.discussions_disabled)
    co_return fail(Code::InvalidArgument, "\"discussionsDisabled\" must be true or false");
  EMB_CO_TRY(auto repo, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::update_settings(call.services(), blocking, call.caller, call.target.repo,
                                           change);
             }));
  json::Writer w;
  w.begin_object()
      .field("private", repo.is_private)
      .field("visibility", repo.is_private ? "private" : "public")
      .key("gated");
  if (repo.gating == meta::Gating::Open)
    w.value(false);
  else
    w.value(repo.gating == meta::Gating::Auto ? "auto" : "manual");
  w.field("discussionsDisabled", repo.discussions_disabled).end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> duplicate_repo(Call& call) {
  EMB_CO_TRY(auto body, co_await read_json(call));
  hub::NewRepo to;
  EMB_CO_TRY(to.name,
             RepoName::parse(call.target.repo.type, body.root().text_or("repository", "")));
  if (to.name.ns.empty()) to.name.ns = call.caller.name();
  EMB_CO_TRY(auto is_private, read_private(body.root(), to.name.type));
  auto visibility = hub::Visibility::AsSource;
  if (is_private) visibility = *is_private ? hub::Visibility::Private : hub::Visibility::Public;
  auto made = co_await on_transfers(call, [&](rt::Blocking blocking) {
    return hub::duplicate_repo(call.services(), blocking, call.caller, call.target.repo, to,
                               visibility);
  });
  if (!made) co_return fail(with_page(std::move(made).error(), to.name));
  co_return repo_reply(call, *made);
}

}  // namespace embrace::api
