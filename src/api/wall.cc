#include "api/wall.h"

#include <algorithm>
#include <chrono>

#include "api/error_reply.h"
#include "api/metrics.h"
#include "api/routes.h"
#include "base/log.h"
#include "base/strings.h"
#include "web/pages.h"

namespace embrace::api {
namespace {

void add_common_headers(const http::Request& request, http::Response& response) {
  auto& fields = response.fields;
  if (request.fields.find("Origin")) {
    fields.set("Access-Control-Allow-Origin", "*");
    fields.set("Access-Control-Expose-Headers",
               "X-Repo-Commit, X-Request-Id, X-Error-Code, X-Error-Message, X-Total-Count, ETag, "
               "Link, Accept-Ranges, "
               "Content-Range, X-Linked-Size, X-Linked-Etag, X-Xet-Hash, X-Xet-Refresh-Route, "
               "X-Xet-Cas-Url, X-Xet-Access-Token, X-Xet-Token-Expiration");
  }
  // Files of strangers are served from this origin: never sniffed, never framed, never run as a
  // page of ours.
  fields.set("X-Content-Type-Options", "nosniff");
  if (!fields.find("Cache-Control")) fields.set("Cache-Control", "no-cache");
}

http::Response preflight() {
  http::Response response(204);
  response.fields.set("Access-Control-Allow-Methods",
                      "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  response.fields.set("Access-Control-Allow-Headers",
                      "Authorization, Content-Type, Range, Accept, X-Request-Id, X-Xet-Session-Id");
  response.fields.set("Access-Control-Max-Age", "86400");
  return response;
}

constexpr std::string_view kLettersAndDigits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool consists_of(std::string_view text, std::string_view more) {
  return std::ranges::all_of(text, [&](char c) {
    return kLettersAndDigits.find(c) != std::string_view::npos ||
           more.find(c) != std::string_view::npos;
  });
}

// It goes into links, headers and redirects, so nothing that could end one of those passes.
bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  std::string_view port;
  if (const auto colon = text.rfind(':');
      colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
    port = text.substr(colon + 1);
    text = text.substr(0, colon);
    if (port.empty() || port.find_first_not_of("0123456789") != std::string_view::npos)
      return false;
  }
  if (text.starts_with('[') && text.ends_with(']'))
    return text.size() > 2 && consists_of(text.substr(1, text.size() - 2), ":.");
  return !text.empty() && consists_of(text, ".-_");
}

// "https://host:443/page" -> "host": a port that goes without saying is left out.
std::string_view host_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view usual_port = url.starts_with("https") ? ":443" : ":80";
  url = url.substr(scheme + 3);
  url = url.substr(0, url.find('/'));
  if (url.ends_with(usual_port)) url.remove_suffix(usual_port.size());
  return url;
}

// Whatever else a browser may ask for: see api/pages/page.cc. Unknown paths of the API and of git
// are answered as these clients expect.
const Route* page_route(const Api& api, const http::Request& request, const Target& target) {
  if (request.method != http::Method::Get && request.method != http::Method::Head) return nullptr;
  if (target.scope != Scope::Site || target.segments[0] == "api") return nullptr;
  return api.pages.find(request.path) ? &kPageFileRoute : &kPageRoute;
}

}  // namespace

// Ours is the address by which clients know this server, or the one that this request was sent to:
// a proxy may rewrite the latter.
bool is_cross_site_write(const http::Request& request, const auth::Credentials& credentials,
                         std::string_view base) {
  if (credentials.kind != auth::Credentials::Kind::Cookie && !credentials.is_basic) return false;
  if (request.method == http::Method::Get || request.method == http::Method::Head) return false;
  if (equal_ignoring_case(request.fields.find("Sec-Fetch-Site").value_or(""), "cross-site"))
    return true;
  const auto origin = request.fields.find("Origin");
  // Git and Python, or no browser of today: they all say where a write comes from.
  if (!origin) return false;
  const auto host = host_of(*origin);
  if (host.empty()) return true;  // "null"
  if (equal_ignoring_case(host, host_of(base))) return false;
  const std::string addressed =
      cat(origin->substr(0, origin->find("://")), "://", request.fields.find("Host").value_or(""));
  return !equal_ignoring_case(host, host_of(addressed));
}

std::string path_for_log(std::string_view path) {
  for (const std::string_view door :
       {"/api/lfs/upload/", "/api/lfs/part/", "/api/lfs/complete/", "/api/lfs/download/",
        "/api/lfs/verify/", "/api/xet/fetch/"}) {
    if (const auto at = path.find(door); at != std::string_view::npos)
      return cat(path.substr(0, at), door, "{}");
  }
  return std::string(path);
}

std::string base_url(const http::Request& request, const hub::Settings& settings) {
  if (!settings.public_url.empty()) {
    std::string url = settings.public_url;
    while (url.ends_with('/')) url.pop_back();
    return url;
  }
  const auto first = [&](std::string_view name) {
    auto value = request.fields.find(name);
    return value ? trim(split(*value, ',')[0]) : std::string_view();
  };
  std::string_view scheme = first("X-Forwarded-Proto");
  if (scheme != "http" && scheme != "https") scheme = request.secure ? "https" : "http";
  std::string_view host = first("X-Forwarded-Host");
  if (!is_host(host)) host = first("Host");
  return cat(scheme, "://", is_host(host) ? host : std::string_view("localhost"));
}

Task<http::Response> Wall::handle(http::Request& request) {
  const auto began = std::chrono::steady_clock::now();
  api_.proxies.settle(request);
  request.logged_path = path_for_log(request.path);
  std::string_view route_name = "none";
  std::string user;
  http::Response response = co_await answer(request, route_name, user);
  add_common_headers(request, response);

  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  api_.metrics.count_request(route_name, response.status, took.count());
  // 501 is an answer, not a fault: a client that asks for what is not built must not fill the log.
  const bool is_fault = response.status >= 500 && response.status != 501;
  if (is_fault || log::enabled(log::Level::Debug)) {
    log::write(is_fault ? log::Level::Warn : log::Level::Debug, "request",
               {{"id", request.id},
                {"method", request.method_name},
                {"path", request.logged_path},
                {"status", response.status},
                {"user", user},
                {"peer", request.peer},
                {"us", static_cast<std::int64_t>(took.count() * 1e6)}});
  }
  co_return response;
}

Task<Result<auth::Caller>> Wall::identify(http::Request& request, std::string_view base) {
  auto credentials =
      auth::Credentials::parse(request.fields.find("Authorization"), request.fields.find("Cookie"));
  if (credentials.kind == auth::Credentials::Kind::None) co_return auth::Caller{};
  if (is_cross_site_write(request, credentials, base)) {
    co_return fail(Code::Denied,
                   "This request came from another site: send an access token as Bearer, "
                   "instead of a session or a password");
  }
  auto& authenticator = api_.services.authenticator;
  if (auto cached = authenticator.find_cached(credentials)) co_return *std::move(cached);
  const auto authenticate = [&](rt::Blocking blocking) {
    return authenticator.authenticate(blocking, credentials, request.peer);
  };
  if (credentials.kind == auth::Credentials::Kind::Password)
    co_return co_await on_passwords(api_, authenticate);
  auto caller = co_await api_.pool.run(authenticate);
  // A session ends by itself one day. Its browser goes on as a stranger, who may still read what is
  // public and log in again; only an Authorization header that is wrong is refused everywhere.
  if (!caller && credentials.kind == auth::Credentials::Kind::Cookie &&
      caller.error().tag() == Tag::InvalidCredentials)
    co_return auth::Caller{};
  co_return caller;
}

Task<http::Response> Wall::answer(http::Request& request, std::string_view& route_name,
                                  std::string& user) {
  const std::string base = base_url(request, api_.services.settings);
  if (request.method == http::Method::Options) co_return preflight();

  Target nowhere;
  auto target = parse_target(request.path, request.query_text);
  if (!target) co_return error_reply(target.error(), nowhere, base);
  RouteMatch match = find_route(*target, request.method);
  if (!match.route && match.allowed.empty()) match.route = page_route(api_, request, *target);
  if (!match.route) {
    if (match.allowed.empty())
      co_return error_reply(Error(Code::NotFound, "Not found: nothing answers this path"), *target,
                            base);
    http::Response response = error_reply(
        Error(Code::NotFound, cat("This path answers only ", match.allowed)), *target, base);
    response.status = 405;
    response.fields.set("Allow", match.allowed);
    co_return response;
  }
  route_name = match.route->pattern.empty() ? std::string_view("repo") : match.route->pattern;

  Call call{api_, request, {}, *std::move(target), base};
  std::optional<Error> broken;
  try {
    if (match.route->identity == Route::Identity::Read) {
      auto caller = co_await identify(request, base);
      if (!caller) co_return error_reply(caller.error(), call.target, base);
      call.caller = *std::move(caller);
      user = call.caller.name();
    }
    auto response = co_await match.route->endpoint(call);
    if (response) co_return *std::move(response);
    broken = std::move(response).error();
  } catch (const std::exception& exception) {
    broken = Error(Code::Internal, exception.what());
  }
  if (broken->code() == Code::Internal || broken->code() == Code::Corrupt) {
    log::error("request failed",
               {{"id", request.id}, {"path", request.logged_path}, {"reason", broken->message()}});
  }
  co_return error_reply(*broken, call.target, base);
}

}  // namespace embrace::api
