#pragma once
// Wall: what surrounds every endpoint. In order, and why there:
//
//   trusted proxies          first: everything below reads the peer and X-Forwarded-*
//   logged path              before anything can fail: signed URLs stay out of logs
//   metrics and access log   around all else: they must see what the client got, failures included
//   common headers           CORS and cache rules belong on errors too
//   failure wall             an exception below becomes one log line and a 500
//   target and route         a path nobody answers needs no identity
//   identity                 a bad token is 401 everywhere, never anonymous (hub-api 1.5)
//   endpoint
//
// Threads: handle() on any io thread. Ownership: outlives the server.

#include "api/call.h"
#include "auth/authenticator.h"
#include "http/message.h"

namespace embrace::api {

class Wall {
 public:
  explicit Wall(Api& api) : api_(api) {}
  Task<http::Response> handle(http::Request& request);

 private:
  Task<http::Response> answer(http::Request& request, std::string_view& route_name,
                              std::string& user);
  // `base`: base_url() of the request; borrowed until it returns.
  Task<Result<auth::Caller>> identify(http::Request& request, std::string_view base);

  Api& api_;
};

// Whether another site made a browser send this write with what it adds by itself: the cookie, or
// the password that it was once asked for. `base`: base_url() of the request.
bool is_cross_site_write(const http::Request& request, const auth::Credentials& credentials,
                         std::string_view base);

// A path as logs may say it: a signed URL is a right to whoever reads it, so "{}" stands for what
// was signed.
std::string path_for_log(std::string_view path);

// "http://host[:port]": the configured public URL, else what the request says
// (X-Forwarded-Proto, X-Forwarded-Host, Host), as far as it came from a trusted
// proxy.
std::string base_url(const http::Request& request, const hub::Settings& settings);

}  // namespace embrace::api
