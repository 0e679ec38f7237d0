// POST and HEAD {cas}/v1/xorbs/{prefix}/{xorb}, GET {cas}/fetch/{grant}: xorbs on their way in, and
// ranges of them on their way out.
#include <algorithm>
#include <memory>

#include "api/endpoints.h"
#include "api/receive_body.h"
#include "api/xet/xet_call.h"
#include "base/strings.h"
#include "http/range.h"

namespace embrace::api {
namespace {

using XetScope = hub::XetToken::Scope;

// Opens ranges of a xorb; lives on the endpoint's frame while the response is made.
class XorbOpener {
 public:
  XorbOpener(Call& call, cas::XetHash xorb) : call_(call), xorb_(xorb) {}
  Task<Result<rt::Content>> open(http::ByteRange range) {
    co_return co_await on_pool(call_, [&](rt::Blocking blocking) {
      return call_.services().chunks.open_xorb(blocking, xorb_, range.first, range.length);
    });
  }

 private:
  Call& call_;
  cas::XetHash xorb_;
};

// Denied is what makes clients ask for a new plan; anything else would end their download.
Result<std::vector<http::ByteRange>> granted_ranges(const Call& call, const hub::XetFetch& grant,
                                                    std::uint64_t stored_bytes) {
  auto parsed = http::parse_range(call.request.fields.find("Range"), stored_bytes);
  if (!parsed)
    return fail(Code::Denied, cat("This link does not open that: ", parsed.error().message()));
  auto& ranges = *parsed;
  if (!ranges) return fail(Code::Denied, "This link is for ranges: send a Range header");
  for (const auto& range : *ranges) {
    if (!grant.covers(range.first, range.length))
      return fail(Code::Denied, cat("This link does not open bytes ", range.first, " to ",
                                    range.first + range.length - 1));
  }
  // Ranges that overlap so much that they exceed the grant only serve to multiply our work. No
  // client does that, so none is sent for a new plan.
  std::uint64_t asked = 0;
  for (const auto& range : *ranges) asked += range.length;
  if (asked > grant.total_bytes())
    return fail(Code::RangeInvalid, "These ranges overlap: ask for each byte once");
  return *std::move(ranges);
}

}  // namespace

Task<Result<http::Response>> xet_xorb(Call& call) {
  EMB_CO_DO(xet_token(call, XetScope::Read));
  EMB_CO_TRY(const auto hash, hash_in_path(call));
  EMB_CO_TRY(const auto xorb, co_await on_pool(call, [&](rt::Blocking blocking) {
               return call.services().chunks.find_xorb(blocking, hash);
             }));
  co_return measured_reply(call, xorb.stored_bytes);
}

Task<Result<http::Response>> xet_upload_xorb(Call& call) {
  EMB_CO_TRY(const auto token, xet_token(call, XetScope::Write));
  EMB_CO_TRY(const auto hash, hash_in_path(call));
  const std::uint64_t announced =
      std::min(call.request.body->length().value_or(0), cas::kXorbStoredBytesMax);
  EMB_CO_TRY(auto begun, co_await on_transfers(call, [&](rt::Blocking blocking) {
               return hub::begin_xorb(call.services(), blocking, token, hash, announced);
             }));
  const std::shared_ptr<cas::XorbUpload> upload = std::move(begun);
  EMB_CO_DO(as_bad_request(co_await receive_body(
      call, cas::kXorbStoredBytesMax, [upload](rt::Blocking blocking, const BlockPtr& block) {
        return upload->write(blocking, block->bytes());
      })));
  EMB_CO_TRY(const bool is_new,
             as_bad_request(co_await on_transfers(call, [&](rt::Blocking blocking) {
               return hub::finish_xorb(call.services(), blocking, token, hash, *upload);
             })));
  json::Writer w;
  w.begin_object().field("was_inserted", is_new).end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> xet_fetch(Call& call) {
  EMB_CO_TRY(const auto grant,
             hub::XetFetch::parse(call.target.segments.at(3), call.services().signing_key,
                                  call.services().clock.now_ms()));
  auto xorb = co_await on_pool(call, [&](rt::Blocking blocking) {
    return call.services().chunks.find_xorb(blocking, grant.xorb);
  });
  if (!xorb && xorb.error().code() == Code::NotFound)
    co_return fail(Code::Denied,
                   "These bytes have moved: ask for the file's reconstruction again.");
  if (!xorb) co_return fail(std::move(xorb).error());
  EMB_CO_TRY(auto ranges, granted_ranges(call, grant, xorb->stored_bytes));
  XorbOpener opener(call, grant.xorb);
  http::Entity entity{xorb->stored_bytes, cat("\"", grant.xorb.text(), "\""),
                      "application/octet-stream"};
  EMB_CO_TRY(auto response, co_await http::respond_with_ranges(
                                std::move(entity), std::move(ranges),
                                [&opener](http::ByteRange range) { return opener.open(range); }));
  response.fields.set("Cache-Control", "private, no-transform, immutable, max-age=3600");
  co_return response;
}

}  // namespace embrace::api
