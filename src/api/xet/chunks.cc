// GET {cas}/v1/chunks/{prefix}/{chunk}: does anybody have this chunk? The answer is a shard, keyed,
// so that it says something only to whoever holds the chunks. Also what clients send of themselves.
#include "api/endpoints.h"
#include "api/xet/xet_call.h"

namespace embrace::api {
namespace {

constexpr std::uint64_t kTelemetryBytesMax = 1 << 20;

}  // namespace

Task<Result<http::Response>> xet_chunk(Call& call) {
  // Uploads ask, and they hold write tokens; nobody else needs to know.
  EMB_CO_TRY(const auto token, xet_token(call, hub::XetToken::Scope::Write));
  const auto& segments = call.target.segments;
  const auto& prefix = segments.at(segments.size() - (segments.back().empty() ? 3 : 2));
  if (prefix != "default" && prefix != "default-merkledb")
    co_return fail(Code::InvalidArgument, "the only prefix here is \"default\"");
  EMB_CO_TRY(const auto chunk, hash_in_path(call));
  EMB_CO_TRY(auto shard, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::answer_dedupe(call.services(), blocking, token, chunk);
             }));
  http::Response response;
  response.fields.set("Content-Type", "application/octet-stream");
  response.fields.set("Cache-Control", "no-store");
  response.body = std::move(shard);
  co_return response;
}

// Read and forgotten, so that the connection stays usable.
Task<Result<http::Response>> xet_telemetry(Call& call) {
  EMB_CO_DO(xet_token(call, hub::XetToken::Scope::Read));
  EMB_CO_DO(co_await http::read_body(call.request, kTelemetryBytesMax));
  json::Writer w;
  w.begin_object().end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> xet_health(Call&) {
  json::Writer w;
  w.begin_object().field("status", "ok").end_object();
  co_return json_reply(w);
}

}  // namespace embrace::api
