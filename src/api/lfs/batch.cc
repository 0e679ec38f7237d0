// POST info/lfs/objects/batch and /verify: the LFS protocol's front desk (hub-api 8.4, 23.2).
#include "api/endpoints.h"
#include "api/lfs/lfs_json.h"
#include "api/xet/xet_call.h"
#include "base/strings.h"
#include "hub/lfs.h"

namespace embrace::api {
namespace {

Result<hub::LfsObject> read_object(json::View object) {
  EMB_TRY(Digest sha256, Digest::parse(object.text_or("oid", "")));
  auto size = object["size"].integer();
  if (!size || *size < 0) return fail(Code::Unusable, "each object needs a \"size\"");
  return hub::LfsObject{sha256, static_cast<std::uint64_t>(*size)};
}

Result<hub::LfsBatch> read_batch(json::View body, std::size_t objects_max) {
  hub::LfsBatch batch;
  const std::string operation = body.text_or("operation", "");
  if (operation != "upload" && operation != "download")
    return fail(Code::Unusable, "\"operation\" must be upload or download");
  batch.upload = operation == "upload";
  const std::string hash = body.text_or("hash_algo", "sha256");
  if (hash != "sha256" && hash != "sha_256")
    return fail(Code::Unusable, "only sha256 objects are stored here");  // trap 10
  for (json::View transfer : body["transfers"].items())
    batch.transfers.emplace_back(transfer.text().value_or(""));
  if (!body["objects"].is_array())
    return fail(Code::Unusable, "\"objects\" is required: a list of {oid, size}");
  for (json::View object : body["objects"].items()) {
    EMB_TRY(auto wanted, read_object(object));
    batch.objects.push_back(wanted);
  }
  if (batch.objects.size() > objects_max)
    return fail(Code::TooLarge, cat("at most ", objects_max, " objects in one batch"));
  return batch;
}

class BatchRenderer {
 public:
  BatchRenderer(const Call& call, const hub::LfsBatch& batch, const hub::LfsBatchResult& result)
      : call_(call), batch_(batch), result_(result), key_(call.services().signing_key) {}

  http::Response render() {
    w_.begin_object()
        .field("transfer", result_.transfer)
        .field("hash_algo", "sha256")
        .key("objects")
        .begin_array();
    for (const auto& answer : result_.answers) render_object(answer);
    w_.end_array().end_object();
    return lfs_reply(w_);
  }

 private:
  void render_object(const hub::LfsAnswer& answer) {
    w_.begin_object()
        .field("oid", answer.object.sha256.hex())
        .field("size", answer.object.size_bytes);
    if (answer.error_code != 0) {
      w_.key("error")
          .begin_object()
          .field("code", answer.error_code)
          .field("message", answer.error)
          .end_object();
    } else if (result_.xet && !answer.present) {
      w_.field("authenticated", true).key("actions").begin_object();
      render_xet();
      w_.end_object();
    } else if (answer.action) {  // no key at all for what is present already (trap 11)
      w_.field("authenticated", true).key("actions").begin_object();
      if (batch_.upload)
        render_upload(answer);
      else
        render_link("download", *answer.action);
      w_.end_object();
    }
    w_.end_object();
  }

  void render_upload(const hub::LfsAnswer& answer) {
    if (answer.parts.empty()) {
      render_link("upload", *answer.action);
    } else {
      w_.key("upload")
          .begin_object()
          .field("href", href(*answer.action))
          .field("expires_in", seconds(*answer.action));
      w_.key("header").begin_object().field("chunk_size", cat(answer.part_bytes));
      for (const auto& part : answer.parts) {  // zero-padded, ascending, nothing else (trap 9)
        std::string number = cat(part.part);
        number.insert(0, number.size() < 5 ? 5 - number.size() : 0, '0');
        w_.field(number, href(part));
      }
      w_.end_object().end_object();
    }
    render_link("verify", *answer.verify);
  }

  // Every value is text, and clients compare the names letter by letter.
  void render_xet() {
    const RepoName& repo = result_.repo.name;
    const TokenHeaders headers = token_headers(call_, *result_.xet);
    w_.key("upload")
        .begin_object()
        .field("href",
               cat(call_.base, "/api/", api_segment(repo.type), "/", repo.id(), "/xet-write-token/",
                   result_.xet_rev.empty() ? std::string("None?create_pr=1")
                                           : percent_encode(result_.xet_rev)))
        .field("expires_in", (result_.xet->expires_ms - call_.services().clock.now_ms()) / 1000)
        .key("header")
        .begin_object()
        .field("X-Xet-Cas-Url", headers.cas_url)
        .field("X-Xet-Access-Token", headers.access_token)
        .field("X-Xet-Token-Expiration", headers.expiration)
        .field("X-Xet-Session-Id", call_.request.id)
        .end_object()
        .end_object();
  }

  void render_link(std::string_view name, const hub::SignedGrant& grant) {
    w_.key(name)
        .begin_object()
        .field("href", href(grant))
        .field("expires_in", seconds(grant))
        .end_object();
  }

  std::string href(const hub::SignedGrant& grant) const {
    std::string_view action;
    switch (grant.action) {
      case hub::SignedGrant::Action::Upload:
        action = "upload";
        break;
      case hub::SignedGrant::Action::Part:
        action = "part";
        break;
      case hub::SignedGrant::Action::Complete:
        action = "complete";
        break;
      case hub::SignedGrant::Action::Download:
        action = "download";
        break;
      case hub::SignedGrant::Action::Verify:
        action = "verify";
        break;
    }
    return cat(call_.base, "/api/lfs/", action, "/", grant.render(key_));
  }

  std::int64_t seconds(const hub::SignedGrant& grant) const {
    return (grant.expires_ms - call_.services().clock.now_ms()) / 1000;
  }

  const Call& call_;
  const hub::LfsBatch& batch_;
  const hub::LfsBatchResult& result_;
  const std::string& key_;
  json::Writer w_;
};

http::Response verified_reply(const hub::LfsObject& object) {
  json::Writer w;
  w.begin_object().field("oid", object.sha256.hex()).field("size", object.size_bytes).end_object();
  return lfs_reply(w);
}

}  // namespace

http::Response lfs_reply(json::Writer& writer, unsigned status) {
  http::Response response = json_reply(writer, status);
  response.fields.set("Content-Type", "application/vnd.git-lfs+json");
  return response;
}

Task<Result<http::Response>> lfs_batch(Call& call) {
  EMB_CO_TRY(auto body, co_await read_json(call));
  EMB_CO_TRY(auto batch, read_batch(body.root(), call.settings().lfs_batch_max));
  batch.in_small_parts = call.request.fields.find("X-Multipart") == "always";
  EMB_CO_TRY(auto result, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::lfs_batch(call.services(), blocking, call.caller, call.target.repo,
                                     batch);
             }));
  co_return BatchRenderer(call, batch, result).render();
}

// Where the batch's "verify" action leads: the URL carries the right, so that no credentials of the
// caller need to stand in an answer.
Task<Result<http::Response>> lfs_verify_granted(Call& call) {
  EMB_CO_TRY(auto grant,
             hub::SignedGrant::parse(call.target.segments.at(3), call.services().signing_key,
                                     call.services().clock.now_ms()));
  EMB_CO_TRY(auto body, co_await read_json(call));
  EMB_CO_TRY(auto object, read_object(body.root()));
  EMB_CO_DO(co_await on_pool(call, [&](rt::Blocking blocking) {
    return hub::verify_upload(call.services(), blocking, grant, object);
  }));
  co_return verified_reply(object);
}

// The same with the caller's own right.
Task<Result<http::Response>> lfs_verify(Call& call) {
  EMB_CO_TRY(auto body, co_await read_json(call));
  EMB_CO_TRY(auto object, read_object(body.root()));
  EMB_CO_DO(co_await on_pool(call, [&](rt::Blocking blocking) {
    return hub::verify_upload(call.services(), blocking, call.caller, call.target.repo, object);
  }));
  co_return verified_reply(object);
}

}  // namespace embrace::api
