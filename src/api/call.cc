#include "api/call.h"

#include <algorithm>

#include "auth/tries.h"
#include "base/strings.h"

namespace embrace::api {

Error too_many_passwords() {
  return Error(Code::TooMany, "Too many logins at once: try again shortly")
      .with("retry_after", "2");
}

http::Response json_reply(json::Writer& writer, unsigned status) {
  http::Response response(status);
  response.fields.add("Content-Type", "application/json; charset=utf-8");
  response.body = writer.take();
  response.may_compress = true;
  return response;
}

http::Response success_reply() {
  json::Writer w;
  w.begin_object().field("success", true).end_object();
  return json_reply(w);
}

std::string joined_rest(const Call& call, std::string_view otherwise) {
  std::string out;
  for (const std::string& piece : call.target.rest) out += cat(out.empty() ? "" : "/", piece);
  return out.empty() ? std::string(otherwise) : out;
}

http::Response empty_reply(unsigned status) { return http::Response(status); }

Task<Result<json::Document>> read_json(Call& call) {
  EMB_CO_TRY(std::string text,
             co_await http::read_body(call.request, call.settings().json_body_bytes_max));
  auto document = json::Document::parse(text);
  if (!document)
    co_return fail(std::move(document).error().while_doing("the request's body is not valid JSON"));
  if (!document->root().is_object())
    co_return fail(Code::InvalidArgument, "the request's body must be a JSON object");
  co_return document;
}

Task<Result<json::Document>> read_optional_json(Call& call) {
  EMB_CO_TRY(std::string text,
             co_await http::read_body(call.request, call.settings().json_body_bytes_max));
  if (trim(text).empty() || trim(text) == "null") text = "{}";
  auto document = json::Document::parse(text);
  if (!document)
    co_return fail(std::move(document).error().while_doing("the request's body is not valid JSON"));
  if (!document->root().is_object())
    co_return fail(Code::InvalidArgument, "the request's body must be a JSON object");
  co_return document;
}

void add_next_link(const Call& call, http::Response& response, std::string_view parameter,
                   std::string_view value) {
  std::string url = cat(call.base, call.request.path, "?");
  for (const auto& [name, text] : call.request.query.rows()) {
    if (name != parameter) url += cat(percent_encode(name), "=", percent_encode(text), "&");
  }
  url += cat(parameter, "=", percent_encode(value));
  response.fields.add("Link", cat("<", url, ">; rel=\"next\""));
}

Result<std::uint64_t> query_number(const Call& call, std::string_view name, std::uint64_t otherwise,
                                   std::uint64_t least, std::uint64_t most) {
  auto text = call.request.query.find(name);
  if (!text || text->empty()) return std::clamp(otherwise, least, most);
  auto number = parse_uint(*text);
  if (!number) return fail(Code::InvalidArgument, cat("\"", name, "\" must be a number"));
  return std::clamp(*number, least, most);
}

Task<Result<rt::Place>> take_comparison(Call& call) {
  rt::Places& places = call.api.comparisons;
  const bool anonymous = call.caller.is_anonymous();
  std::string holder = anonymous ? cat("peer:", auth::network_of(call.request.peer))
                                 : cat("user:", call.caller.id());
  auto place = co_await places.take(std::move(holder), std::max(1u, places.size() / 2));
  if (!place) {
    co_return fail(Error(Code::Unavailable, "Too much is being compared: try again shortly")
                       .with("retry_after", "5"));
  }
  co_return std::move(*place);
}

Status require_user(const Call& call) {
  if (call.caller.is_anonymous()) {
    return fail(Code::Unauthenticated, "Invalid username or password.");
  }
  return Done{};
}

}  // namespace embrace::api
