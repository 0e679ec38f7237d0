// The bytes themselves, under signed URLs: PUT a whole object or one part, POST the completion, GET
// a download. Whoever holds the URL holds the right: Python and JS send no Authorization here (trap
// 8).
#include "api/endpoints.h"
#include "api/receive_body.h"
#include "base/strings.h"
#include "http/range.h"
#include "hub/lfs.h"

namespace embrace::api {
namespace {

Result<hub::SignedGrant> read_grant(const Call& call, hub::SignedGrant::Action action) {
  EMB_TRY(auto grant,
          hub::SignedGrant::parse(call.target.segments.at(3), call.services().signing_key,
                                  call.services().clock.now_ms()));
  if (grant.action != action)
    return fail(Code::Denied, "This signed URL was made for something else");
  return grant;
}

Task<Result<http::Response>> receive(Call& call, hub::SignedGrant grant) {
  const std::uint64_t bytes_max = hub::bytes_granted(grant);
  EMB_CO_TRY(auto begun, co_await call.api.transfers.run([&](rt::Blocking blocking) {
    return hub::begin_upload(call.services(), blocking, grant);
  }));
  const std::shared_ptr<cas::Ingest> ingest = std::move(begun);
  EMB_CO_TRY(
      const std::uint64_t total,
      co_await receive_body(call, bytes_max, [ingest](rt::Blocking blocking, BlockPtr block) {
        return ingest->take(blocking, std::move(block));
      }));
  EMB_CO_DO(co_await call.api.transfers.run([&](rt::Blocking blocking) {
    return hub::finish_upload(call.services(), blocking, grant, *ingest);
  }));
  http::Response response(200);
  // Any non-empty text; clients echo it in the completion.
  response.fields.add(
      "ETag",
      cat("\"", grant.part == 0 ? grant.object.sha256.hex() : cat("part-", grant.part, "-", total),
          "\""));
  co_return response;
}

}  // namespace

Task<Result<http::Response>> lfs_upload(Call& call) {
  EMB_CO_TRY(auto grant, read_grant(call, hub::SignedGrant::Action::Upload));
  co_return co_await receive(call, std::move(grant));
}

Task<Result<http::Response>> lfs_part(Call& call) {
  EMB_CO_TRY(auto grant, read_grant(call, hub::SignedGrant::Action::Part));
  co_return co_await receive(call, std::move(grant));
}

// HEAD: is it here already? Then it need not be sent again.
Task<Result<http::Response>> lfs_part_state(Call& call) {
  EMB_CO_TRY(auto grant, read_grant(call, hub::SignedGrant::Action::Part));
  EMB_CO_TRY(const bool is_here, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::has_part(call.services(), blocking, grant);
             }));
  if (!is_here) co_return fail(Code::NotFound, "This part was not sent yet");
  if (call.request.method != http::Method::Head)
    co_return fail(Code::Denied, "A part can be asked after, not read");
  http::Response response(200);
  response.fields.add("Content-Type", "application/octet-stream");
  response.body = http::measured_only(grant.part_bytes);
  co_return response;
}

Task<Result<http::Response>> lfs_complete(Call& call) {
  EMB_CO_TRY(auto grant, read_grant(call, hub::SignedGrant::Action::Complete));
  EMB_CO_TRY(auto body, co_await read_json(call));
  std::vector<std::uint32_t> parts;
  for (json::View part : body.root()["parts"].items()) {
    auto number = part["partNumber"].integer();
    if (!number || *number < 1 || *number > UINT32_MAX)
      co_return fail(Code::InvalidArgument, "each part needs a \"partNumber\" from 1");
    parts.push_back(static_cast<std::uint32_t>(*number));
  }
  EMB_CO_DO(co_await call.api.transfers.run([&](rt::Blocking blocking) {
    return hub::complete_upload(call.services(), blocking, grant, parts);
  }));
  json::Writer w;
  w.begin_object()
      .field("oid", grant.object.sha256.hex())
      .field("size", grant.object.size_bytes)
      .end_object();
  co_return json_reply(w);
}

namespace {

class ObjectOpener {
 public:
  ObjectOpener(Call& call, Digest sha256) : call_(call), sha256_(sha256) {}
  Task<Result<rt::Content>> open(http::ByteRange range) {
    co_return co_await on_pool(call_, [&](rt::Blocking blocking) {
      return call_.services().objects.open(blocking, sha256_, range.first, range.length);
    });
  }

 private:
  Call& call_;
  Digest sha256_;
};

}  // namespace

Task<Result<http::Response>> lfs_download(Call& call) {
  EMB_CO_TRY(auto grant, read_grant(call, hub::SignedGrant::Action::Download));
  EMB_CO_TRY(auto object, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::find_download(call.services(), blocking, grant);
             }));
  ObjectOpener opener(call, object.sha256);
  http::Entity entity{object.size_bytes, cat("\"", object.sha256.hex(), "\""),
                      "application/octet-stream"};
  EMB_CO_TRY(auto response, co_await http::respond_with_entity(
                                call.request, std::move(entity),
                                [&opener](http::ByteRange range) { return opener.open(range); }));
  response.fields.set("Cache-Control", "private, no-transform, immutable, max-age=3600");
  co_return response;
}

}  // namespace embrace::api
