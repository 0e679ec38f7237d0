// The website: its files, and the shell as the answer to every page's address. The shell brings
// what the page would ask first under the id "boot":
//
//   {"status": 200, "site": as GET /api/site, "namespace": {"name", "type": "user" or "org"},
//    "repo": as GET /api/{T}/{id} with every property, "rights": as GET /api/{T}/{id}/rights}
//
// "namespace" stands on pages of one, "repo" and "rights" on a repository's; else they are null.
// What the caller may not know of looks to the last byte like what does not exist: both answers are
// made of the caller alone.
#include "api/endpoints.h"
#include "api/error_reply.h"
#include "api/hf/repo_json.h"
#include "api/pages/page_target.h"
#include "api/pages/site_json.h"
#include "base/strings.h"
#include "crypto/sha256.h"
#include "http/range.h"
#include "hub/accounts.h"
#include "hub/files.h"
#include "web/pages.h"

namespace embrace::api {
namespace {

constexpr std::size_t kBootFilesMax = 1000;  // more are left to the page's own question
constexpr std::size_t kDescriptionBytesMax = 300;

struct Shown {
  unsigned status = 200;
  std::optional<meta::Account> ns;
  std::optional<hub::RepoInfo> repo;
};

bool wants_html(const http::Request& request) {
  return request.fields.find("Accept").value_or("").find("text/html") != std::string_view::npos;
}

std::string shortened(std::string_view text) {
  if (text.size() <= kDescriptionBytesMax) return std::string(text);
  std::size_t end = kDescriptionBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return cat(text.substr(0, end), "…");
}

web::Card card_of(const Call& call, const Shown& shown) {
  web::Card card;
  if (shown.repo) {
    const meta::Repo& repo = shown.repo->repo;
    card.title = repo.name.id();
    card.description = shortened(repo.card.description);
    card.url = cat(call.base, "/", repo.name.path());
  } else if (shown.ns) {
    card.title = shown.ns->name;
    card.url = cat(call.base, "/", shown.ns->name);
  }
  return card;
}

std::string boot_of(const Call& call, const Shown& shown) {
  json::Writer w;
  w.begin_object().field("status", shown.status).key("site");
  render_site(w, call);
  w.key("namespace");
  if (shown.ns) {
    const bool is_user = shown.ns->kind == meta::AccountKind::User;
    w.begin_object()
        .field("name", shown.ns->name)
        .field("type", is_user ? "user" : "org")
        .end_object();
  } else {
    w.null();
  }
  w.key("repo");
  if (shown.repo) {
    const hub::RepoInfo& info = *shown.repo;
    const RepoFacts facts{info.repo, info.sha.hex(),
                          info.files.size() <= kBootFilesMax ? &info.files : nullptr, false,
                          call.base};
    render_repo(w, facts, expandable(info.repo.name.type));
    w.key("rights");
    render_rights(w, call.caller, info.repo);
  } else {
    w.null().key("rights").null();
  }
  w.end_object();
  return w.take();
}

http::Response shell_reply(const Call& call, const Shown& shown) {
  const web::Shell& shell = call.api.pages.shell();
  std::string html = shell.render(card_of(call, shown), boot_of(call, shown));
  const std::string etag = cat("\"", crypto::sha256(html).hex().substr(0, 32), "\"");
  http::Response response(shown.status);
  response.fields.add("Cache-Control", "private, no-cache");
  response.fields.add("ETag", etag);
  if (const auto seen = call.request.fields.find("If-None-Match");
      shown.status == 200 && seen && http::etag_matches(*seen, etag)) {
    response.status = 304;
    return response;
  }
  response.fields.add("Content-Type", "text/html; charset=utf-8");
  response.fields.add("Content-Security-Policy", shell.policy());
  // Names of private repositories stand in addresses.
  response.fields.add("Referrer-Policy", "same-origin");
  response.fields.add("Cross-Origin-Opener-Policy", "same-origin");
  response.body = std::move(html);
  response.may_compress = true;
  return response;
}

Task<Result<Shown>> find_repo_page(Call& call) {
  Shown shown;
  hub::InfoWanted wanted;
  auto info = co_await on_pool(call, [&](rt::Blocking blocking) {
    return hub::repo_info(call.services(), blocking, call.caller, call.target.repo, "HEAD", wanted);
  });
  if (info) {
    shown.repo = *std::move(info);
    co_return shown;
  }
  const Error& error = info.error();
  if (error.tag() != Tag::RepoNotFound && error.tag() != Tag::DisabledRepo)
    co_return fail(std::move(info).error());
  shown.status = error.tag() == Tag::RepoNotFound ? 404 : http_status(error);
  co_return shown;
}

Task<Result<Shown>> find_namespace_page(Call& call) {
  Shown shown;
  auto account = co_await on_pool(call, [&](rt::Blocking blocking) {
    return hub::find_account(call.services(), blocking, call.target.repo.ns);
  });
  if (account && account->name != call.target.repo.ns) {
    co_return fail(
        Error(Code::Moved, cat("The account is ", account->name)).with("repo", account->name));
  }
  if (account)
    shown.ns = *std::move(account);
  else if (account.error().code() == Code::NotFound)
    shown.status = 404;
  else
    co_return fail(std::move(account).error());
  co_return shown;
}

Task<Result<Shown>> find_shown(Call& call, PageKind kind) {
  switch (kind) {
    case PageKind::Repo:
      co_return co_await find_repo_page(call);
    case PageKind::Namespace:
      co_return co_await find_namespace_page(call);
    case PageKind::Site:
      co_return Shown{};
    case PageKind::None:
      break;
  }
  Shown nothing;
  nothing.status = 404;
  co_return nothing;
}

}  // namespace

Task<Result<http::Response>> page_file(Call& call) {
  const web::Asset* asset = call.api.pages.find(call.request.path);
  if (!asset) co_return fail(Code::NotFound, "Not found: nothing answers this path");
  co_return web::Pages::send(*asset, call.request.fields);
}

Task<Result<http::Response>> page(Call& call) {
  const PageKind kind = find_page(call.request.path, call.request.query_text, call.target);
  const bool is_built = call.api.pages.shell().is_there();
  if (kind == PageKind::None && (!is_built || !wants_html(call.request)))
    co_return fail(Code::NotFound, "Not found: nothing answers this path");
  if (!is_built) {
    co_return fail(Code::NotBuilt,
                   "This program was built without its pages: run `./dev build`, or `npm ci && npm "
                   "run build` in web/ and build again");
  }
  EMB_CO_TRY(const Shown shown, co_await find_shown(call, kind));
  co_return shell_reply(call, shown);
}

}  // namespace embrace::api
