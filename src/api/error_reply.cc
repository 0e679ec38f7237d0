#include "api/error_reply.h"

#include "base/strings.h"
#include "json/writer.h"

namespace embrace::api {
namespace {

std::string_view error_code(Tag tag) {
  switch (tag) {
    case Tag::RepoNotFound:
      return "RepoNotFound";
    case Tag::RevisionNotFound:
      return "RevisionNotFound";
    case Tag::EntryNotFound:
      return "EntryNotFound";
    case Tag::GatedRepo:
      return "GatedRepo";
    case Tag::None:
    case Tag::DisabledRepo:
    case Tag::InvalidCredentials:
      break;
  }
  return {};
}

// Header text is one line of ASCII, whatever a file name in the message contains.
std::string header_text(std::string_view message) {
  std::string out;
  for (char c : message.substr(0, 1000))
    out += (c >= 0x20 && c < 0x7f) ? c : (c == '\n' ? ' ' : '?');
  return out;
}

// What broke inside is for the log; the client learns that it was not its fault.
std::string text_for_client(const Error& error, std::string_view base) {
  if (error.code() == Code::Internal || error.code() == Code::Corrupt)
    return "Internal error: the server's log has the details under this request id";
  std::string text = error.message();
  // The rooms below know the page, but not where clients find this server.
  const auto page = error.fact("page");
  if (error.tag() != Tag::GatedRepo || page.empty()) return text;
  const std::string visit = cat("Visit ", page);
  if (const auto at = text.find(visit); at != std::string::npos)
    text.replace(at, visit.size(), cat("Visit ", base, "/", page));
  return text;
}

bool is_lfs(const Target& target) {
  return target.scope == Scope::RepoGit && target.verb.starts_with("info/lfs");
}

void add_challenge(http::Response& response, const Target& target) {
  if (target.scope == Scope::RepoGit) {
    response.fields.add("WWW-Authenticate", "Basic realm=\"Embrace\"");
    if (is_lfs(target)) response.fields.add("LFS-Authenticate", "Basic realm=\"Embrace\"");
  } else {
    response.fields.add("WWW-Authenticate", "Bearer realm=\"Authentication required\"");
  }
}

http::Response redirect(const Error& error, const Target& target, std::string_view base) {
  // Relative, with the prefix (if any) under which the client knows us.
  std::string_view prefix;
  if (auto scheme = base.find("://"); scheme != std::string_view::npos) {
    if (auto slash = base.find('/', scheme + 3); slash != std::string_view::npos)
      prefix = base.substr(slash);
  }
  http::Response response(307);
  response.fields.add("Location",
                      cat(prefix, target.raw_before, error.fact("repo"), target.raw_after));
  return response;
}

}  // namespace

unsigned http_status(const Error& error) {
  switch (error.code()) {
    case Code::InvalidArgument:
      return 400;
    case Code::Unauthenticated:
      return 401;
    case Code::Denied:
      return 403;
    case Code::NotFound:
      return 404;
    case Code::Moved:
      return 307;
    case Code::Conflict:
      return 409;
    case Code::Stale:
      return 412;
    case Code::TooLarge:
      return 413;
    case Code::RangeInvalid:
      return 416;
    case Code::Unusable:
      return 422;
    case Code::TooMany:
      return 429;
    case Code::NotBuilt:
      return 501;
    case Code::Unavailable:
      return 503;
    case Code::Corrupt:
    case Code::Internal:
      break;
  }
  return 500;
}

http::Response error_reply(const Error& error, const Target& target, std::string_view base) {
  if (error.code() == Code::Moved) return redirect(error, target, base);
  const unsigned status = http_status(error);
  http::Response response(status);
  const std::string message = text_for_client(error, base);

  response.fields.add("X-Error-Message", header_text(message));
  if (auto code = error_code(error.tag()); !code.empty()) response.fields.add("X-Error-Code", code);
  if (auto commit = error.fact("repo_commit"); !commit.empty())
    response.fields.add("X-Repo-Commit", commit);
  if (auto size = error.fact("size"); error.code() == Code::RangeInvalid && !size.empty()) {
    response.fields.add("Content-Range", cat("bytes */", size));
  }
  if (status == 401) add_challenge(response, target);
  if (status == 429 || status == 503) {
    auto seconds = error.fact("retry_after");
    response.fields.add("Retry-After", seconds.empty() ? std::string_view("1") : seconds);
  }

  if (target.scope == Scope::RepoGit && !is_lfs(target)) {
    response.fields.add("Content-Type", "text/plain; charset=utf-8");
    response.body = message + "\n";
    return response;
  }
  json::Writer w;
  w.begin_object().field(is_lfs(target) ? "message" : "error", message);
  if (auto page = error.fact("page"); !page.empty()) w.field("url", cat(base, "/", page));
  w.end_object();
  response.fields.add("Content-Type", is_lfs(target) ? "application/vnd.git-lfs+json"
                                                     : "application/json; charset=utf-8");
  response.body = w.take();
  return response;
}

}  // namespace embrace::api
