// POST {cas}/v1/shards and v2: files made of xorbs that were uploaded before. Checking one means
// reading its files, which may be many gigabytes; version 2 tells how far it is meanwhile.
#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

#include "api/endpoints.h"
#include "api/error_reply.h"
#include "api/receive_body.h"
#include "api/xet/xet_call.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "rt/started.h"

namespace embrace::api {
namespace {

using std::chrono::milliseconds;

// What a registration and the one who waits for it share.
struct Progress {
  std::atomic<std::uint64_t> verified{0};
  std::atomic<std::uint64_t> total{0};
};

struct Registering {
  rt::Started<Status> work;
  std::shared_ptr<Progress> progress;
};

// A shard that is being checked holds memory and a transfer thread for a long time, so there are
// places for it, and nobody gets all of them.
Task<Result<rt::Place>> take_place(Call& call, const hub::XetToken& token) {
  rt::Places& places = call.api.shards;
  auto place = co_await places.take(cat("user:", token.user_id), std::max(1u, places.size() / 2));
  if (!place) {
    co_return fail(
        Error(Code::Unavailable, "Too many uploads are being registered: try again shortly")
            .with("retry_after", "5"));
  }
  co_return std::move(*place);
}

Result<std::string> read_back(const File& file, std::uint64_t size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  EMB_TRY(const std::size_t got, file.read_at(bytes, 0));
  if (got != bytes.size()) return fail(Code::Corrupt, "a shard that was put aside is cut short");
  return bytes;
}

// The body is put aside first: a slow sender must not hold a place.
Task<Result<Registering>> begin(Call& call) {
  EMB_CO_TRY(const auto token, xet_token(call, hub::XetToken::Scope::Write));
  EMB_CO_TRY(File aside, co_await on_transfers(call, [&](rt::Blocking) {
               return File::create_nameless(call.settings().data_folder + "/tmp");
             }));
  const auto file = std::make_shared<const File>(std::move(aside));
  EMB_CO_TRY(
      const std::uint64_t size,
      co_await receive_body(call, cas::kShardBytesMax, [file](rt::Blocking, const BlockPtr& block) {
        return file->write_all(block->bytes());
      }));
  EMB_CO_TRY(rt::Place taken, co_await take_place(call, token));
  const auto place = std::make_shared<rt::Place>(std::move(taken));
  const auto progress = std::make_shared<Progress>();
  // It goes on when the client leaves: most of the work may be done, and doing it again is no harm.
  auto work = call.api.transfers.start([&services = call.services(), token, place, progress, file,
                                        size](rt::Blocking blocking) -> Status {
    EMB_TRY(const std::string shard, read_back(*file, size));
    return hub::register_shard(services, blocking, token, shard,
                               [&](std::uint64_t verified, std::uint64_t total) {
                                 progress->verified = verified;
                                 progress->total = total;
                               });
  });
  co_return Registering{std::move(work), progress};
}

// One JSON object a line: how far it is, whenever that changed and often enough for the client not
// to give up, and at last the result.
class ShardEvents final : public rt::ByteSource {
 public:
  ShardEvents(Registering registering, std::string request_id)
      : registering_(std::move(registering)), request_id_(std::move(request_id)) {}

  Task<Result<std::size_t>> read(std::span<char> into) override {
    if (used_ == line_.size()) {
      if (has_ended_) co_return std::size_t{0};
      co_await next_line();
    }
    const std::size_t count = std::min(into.size(), line_.size() - used_);
    std::copy_n(line_.data() + used_, count, into.data());
    used_ += count;
    co_return count;
  }

 private:
  static constexpr milliseconds kStep{500};
  static constexpr int kStepsOfSilence = 20;  // ten seconds; clients wait for much longer

  Task<void> next_line() {
    json::Writer w;
    for (int step = 0;; ++step) {
      if (is_first_ || co_await registering_.work.wait_for(kStep)) break;
      if (registering_.progress->verified != told_ || step == kStepsOfSilence) break;
    }
    const bool is_done = !is_first_ && co_await registering_.work.wait_for(milliseconds(0));
    is_first_ = false;
    if (is_done)
      write_end(w, co_await registering_.work.wait());
    else
      write_progress(w);
    line_ = w.take() + "\n";
    used_ = 0;
  }

  void write_progress(json::Writer& w) {
    told_ = registering_.progress->verified;
    w.begin_object()
        .field("type", "validating")
        .field("verified", told_)
        .field("total", std::max<std::uint64_t>(registering_.progress->total, told_))
        .end_object();
  }

  void write_end(json::Writer& w, const Status& done) {
    has_ended_ = true;
    if (done) {
      w.begin_object().field("type", "result").field("result", 1).end_object();
      return;
    }
    const bool is_ours = http_status(done.error()) >= 500;
    if (is_ours)
      log::error("a shard could not be registered",
                 {{"id", request_id_}, {"reason", done.error().message()}});
    w.begin_object()
        .field("type", "error")
        .field("message", is_ours ? std::string("Internal error: the server's log has the details")
                                  : done.error().message())
        .field("retryable", is_ours)
        .end_object();
  }

  Registering registering_;
  const std::string request_id_;
  std::string line_;
  std::size_t used_ = 0;
  std::uint64_t told_ = 0;
  bool is_first_ = true;
  bool has_ended_ = false;
};

}  // namespace

Task<Result<http::Response>> xet_upload_shard_v1(Call& call) {
  EMB_CO_TRY(auto registering, co_await begin(call));
  EMB_CO_DO(as_bad_request(co_await registering.work.wait()));
  json::Writer w;
  w.begin_object().field("result", 1).end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> xet_upload_shard_v2(Call& call) {
  EMB_CO_TRY(auto registering, co_await begin(call));
  http::Response response;
  response.fields.set("Content-Type", "application/x-ndjson");
  response.fields.set("Cache-Control", "no-cache");
  response.fields.set("X-Accel-Buffering", "no");
  response.body = rt::Content(
      std::make_unique<ShardEvents>(std::move(registering), call.request.id), std::nullopt);
  co_return response;
}

}  // namespace embrace::api
