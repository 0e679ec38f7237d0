#pragma once
// The list of everything this server answers, readable from top to bottom (routes.cc).

#include <optional>
#include <string>
#include <string_view>

#include "api/call.h"

namespace embrace::api {

struct Route {
  http::Method method;
  Scope scope;
  // Site: the path with {} for any one segment and a last {*} for any number; repo scopes: the
  // verb.
  std::string_view pattern;
  Endpoint endpoint;
  // Signed URLs carry their own right: a stray Authorization header must not spoil them.
  enum class Identity : std::uint8_t { Read, Ignore } identity = Identity::Read;
};

struct RouteMatch {
  const Route* route = nullptr;  // null: nothing answers this path
  std::string allowed;           // for 405: the methods that the path does answer ("GET, HEAD")
};
// What answers paths that the list does not have: the website's files, and its pages.
extern const Route kPageFileRoute;
extern const Route kPageRoute;

// GET routes answer HEAD as well.
RouteMatch find_route(const Target& target, http::Method method);

}  // namespace embrace::api
