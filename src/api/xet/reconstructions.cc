// GET {cas}/v1/reconstructions/{file} and v2, the batches of v1, HEAD {cas}/v1/files/{file}: what a
// file is made of. A file of another repository is as unknown as one that nobody has.
#include "api/endpoints.h"
#include "api/xet/plan.h"
#include "api/xet/xet_call.h"
#include "base/strings.h"
#include "http/range.h"

namespace embrace::api {
namespace {

using XetScope = hub::XetToken::Scope;

// Clients probe beyond the end and know it by 416, so a range that cannot be read is that as well.
Result<http::ByteRange> wanted_range(const http::Request& request, std::uint64_t size_bytes) {
  const auto header = request.fields.find("Range");
  if (!header) return http::ByteRange{0, size_bytes};
  if (size_bytes == 0 && header->starts_with("bytes=0-")) return http::ByteRange{0, 0};
  EMB_TRY(const auto ranges, http::parse_range(header, size_bytes));
  if (!ranges || ranges->size() != 1) {
    return fail(Error(Code::RangeInvalid, "one range is asked for as bytes=first-last")
                    .with("size", cat(size_bytes)));
  }
  return ranges->front();
}

Result<cas::Reconstruction> plan_of(hub::Services& services, rt::Blocking blocking,
                                    const cas::FileRow& file, http::ByteRange range,
                                    std::size_t terms_max) {
  if (range.length == 0) return cas::Reconstruction{};
  return services.chunks.reconstruct(blocking, file, range.first, range.length, terms_max);
}

http::Response plan_reply(std::string json) {
  http::Response response;
  response.fields.set("Content-Type", "application/json; charset=utf-8");
  response.fields.set("Cache-Control", "no-store");  // it holds signed URLs
  response.body = std::move(json);
  response.may_compress = true;
  return response;
}

// Of one answer: some 13 MB of JSON. A file in pieces of a megabyte has as many when it has 100 GB.
constexpr std::size_t kTermsMax = 100'000;

using Render = std::string (PlanWriter::*)(const cas::Reconstruction&) const;

Task<Result<http::Response>> reconstruct(Call& call, Render render) {
  EMB_CO_TRY(const auto token, xet_token(call, XetScope::Read));
  EMB_CO_TRY(const auto hash, hash_in_path(call));
  EMB_CO_TRY(auto json, co_await on_pool(call, [&](rt::Blocking blocking) -> Result<std::string> {
               EMB_TRY(const auto file, hub::find_xet_file(call.services(), blocking, token, hash));
               EMB_TRY(const auto range, wanted_range(call.request, file.size_bytes));
               EMB_TRY(const auto plan, plan_of(call.services(), blocking, file, range, kTermsMax));
               return (PlanWriter(call.services(), call.base).*render)(plan);
             }));
  co_return plan_reply(std::move(json));
}

Task<Result<http::Response>> reconstruct_batch(Call& call, std::vector<cas::XetHash> hashes) {
  EMB_CO_TRY(const auto token, xet_token(call, XetScope::Read));
  const auto most = call.settings().xet_batch_files_max;
  if (hashes.empty() || hashes.size() > most)
    co_return fail(Code::InvalidArgument, cat("1 to ", most, " files are asked for at once"));
  EMB_CO_TRY(auto json, co_await on_pool(call, [&](rt::Blocking blocking) -> Result<std::string> {
               std::map<std::string, cas::Reconstruction> plans;
               std::size_t terms = 0;
               for (const auto& hash : hashes) {
                 if (plans.contains(hash.text())) continue;
                 EMB_TRY(const auto file,
                         hub::find_xet_file(call.services(), blocking, token, hash));
                 EMB_TRY(auto plan, plan_of(call.services(), blocking, file, {0, file.size_bytes},
                                            kTermsMax - terms));
                 terms += plan.terms.size();
                 plans.emplace(hash.text(), std::move(plan));
               }
               return PlanWriter(call.services(), call.base).batch(plans);
             }));
  co_return plan_reply(std::move(json));
}

}  // namespace

Task<Result<http::Response>> xet_reconstruction_v1(Call& call) {
  co_return co_await reconstruct(call, &PlanWriter::version1);
}

Task<Result<http::Response>> xet_reconstruction_v2(Call& call) {
  co_return co_await reconstruct(call, &PlanWriter::version2);
}

// The native client's batch: ?file_id=h&file_id=h
Task<Result<http::Response>> xet_reconstructions(Call& call) {
  std::vector<cas::XetHash> hashes;
  for (const auto& text : call.request.query.list("file_id")) {
    EMB_CO_TRY(const auto hash, xet_hash(text));
    hashes.push_back(hash);
  }
  co_return co_await reconstruct_batch(call, std::move(hashes));
}

// The specification's batch: [{"prefix": "default", "hash": h}]
Task<Result<http::Response>> xet_reconstructions_posted(Call& call) {
  EMB_CO_DO(xet_token(call, XetScope::Read));
  EMB_CO_TRY(const auto text,
             co_await http::read_body(call.request, call.settings().json_body_bytes_max));
  EMB_CO_TRY(const auto document, json::Document::parse(text));
  if (!document.root().is_array())
    co_return fail(Code::InvalidArgument, "the body must be a list of {prefix, hash}");
  std::vector<cas::XetHash> hashes;
  for (const json::View item : document.root().items()) {
    EMB_CO_TRY(const auto hash, xet_hash(item["hash"].text().value_or("")));
    hashes.push_back(hash);
  }
  co_return co_await reconstruct_batch(call, std::move(hashes));
}

Task<Result<http::Response>> xet_file(Call& call) {
  EMB_CO_TRY(const auto token, xet_token(call, XetScope::Read));
  EMB_CO_TRY(const auto hash, hash_in_path(call));
  EMB_CO_TRY(const auto file, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::find_xet_file(call.services(), blocking, token, hash);
             }));
  co_return measured_reply(call, file.size_bytes);
}

// For edits in place, which clients then do without.
Task<Result<http::Response>> xet_file_chunks(Call& call) {
  EMB_CO_DO(xet_token(call, XetScope::Read));
  co_return fail(Code::NotFound, "This server does not tell a file's chunks one by one");
}

}  // namespace embrace::api
