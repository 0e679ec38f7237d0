// git clone, fetch and push over HTTP (hub-api 23.1). Reading runs git's own upload-pack on the
// projection of the repository; a push is read here, received into quarantine, judged by hub/push
// and published like any other write.
#include "git/smart_http.h"

#include <algorithm>
#include <chrono>

#include "api/endpoints.h"
#include "api/write_turn.h"
#include "auth/tries.h"
#include "base/log.h"
#include "base/strings.h"
#include "hub/publish.h"
#include "hub/push.h"
#include "hub/repos.h"
#include "meta/repos.h"

namespace embrace::api {
namespace {

http::Response git_reply(std::string_view content_type, rt::Content body) {
  http::Response response;
  response.fields.set("Content-Type", content_type);
  response.fields.set("Cache-Control", "no-cache, max-age=0, must-revalidate");
  response.body = std::move(body);
  return response;
}

// Costly work has a fixed number of places. One account may have half of them, one anonymous peer a
// quarter: nobody can keep everybody else out.
Task<Result<rt::Place>> take_place(Call& call, rt::Places& places) {
  const bool anonymous = call.caller.is_anonymous();
  std::string holder = anonymous ? cat("peer:", auth::network_of(call.request.peer))
                                 : cat("user:", call.caller.id());
  const std::uint32_t share = std::max(1u, places.size() / (anonymous ? 4 : 2));
  auto place = co_await places.take(std::move(holder), share);
  if (!place) {
    co_return fail(
        Error(Code::Unavailable, "Too many git operations are running: try again shortly")
            .with("retry_after", "10"));
  }
  co_return std::move(*place);
}

// git's answer together with its place among the processes, held as long as git runs. The first
// bytes are read ahead, so that a request that git refuses outright gets a 400, not a 200 that
// breaks off.
class FetchSource : public rt::ByteSource {
 public:
  FetchSource(std::unique_ptr<rt::ByteSource> answer, rt::Place place)
      : place_(std::move(place)), answer_(std::move(answer)) {}

  Task<Status> read_ahead() {
    first_.resize(kReadAheadBytes);
    auto count = co_await answer_->read(std::span(first_.data(), first_.size()));
    if (!count) {
      log::info("git refused a fetch", {{"reason", count.error().message()}});
      co_return fail(Code::InvalidArgument, "git could not make sense of this fetch request");
    }
    first_.resize(*count);
    co_return Done{};
  }

  Task<Result<std::size_t>> read(std::span<char> into) override {
    if (used_ < first_.size()) {
      const std::size_t count = std::min(into.size(), first_.size() - used_);
      std::copy_n(first_.data() + used_, count, into.data());
      used_ += count;
      co_return count;
    }
    co_return co_await answer_->read(into);
  }

 private:
  static constexpr std::size_t kReadAheadBytes = 4096;
  rt::Place place_;  // given back after the process below it is gone
  std::unique_ptr<rt::ByteSource> answer_;
  std::string first_;
  std::size_t used_ = 0;
};

std::string protocol_of(const Call& call) {
  // Only what git itself would send goes to the child's environment.
  auto value = call.request.fields.find("Git-Protocol").value_or("");
  return value.size() <= 64 && value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789=:") ==
                                   std::string_view::npos
             ? std::string(value)
             : std::string();
}

Result<std::vector<git::Ref>> refs_of(hub::Services& services, rt::Blocking blocking,
                                      const meta::Repo& repo) {
  EMB_TRY(auto rows, services.database.read(blocking, [&](db::Session& session) {
    return meta::repos::refs(session, repo.id);
  }));
  std::vector<git::Ref> refs;
  for (const auto& row : rows) {
    EMB_TRY(git::Oid oid, git::Oid::parse(row.oid));
    refs.push_back({row.name, oid});
  }
  return refs;
}

Result<std::string> refresh_and_advertise(hub::Services& services, rt::Blocking blocking,
                                          const meta::Repo& repo, std::string_view protocol) {
  EMB_DO(hub::refresh_projection(services, blocking, repo));
  return git::advertise_upload_pack(blocking, hub::repository_folder(services.settings, repo.id),
                                    protocol);
}

Result<meta::Repo> find_to_read(Call& call, rt::Blocking blocking) {
  return hub::find_repo(call.services(), blocking, call.caller, call.target.repo,
                        auth::Right::Read);
}

// What `work` says of the repository. Where it fails because the repository was deleted meanwhile,
// that is the answer, not git's words about a folder; and perhaps another has the name by then.
template <class F>
Result<std::string> of_repo(Call& call, rt::Blocking blocking, F work) {
  constexpr int attempts_max = 3;
  EMB_TRY(meta::Repo repo, find_to_read(call, blocking));
  for (int attempt = 1;; ++attempt) {
    Result<std::string> said = work(repo);
    if (said) return said;
    EMB_TRY(meta::Repo now, find_to_read(call, blocking));
    const bool is_same = now.id == repo.id && now.created_ms == repo.created_ms;
    if (is_same || attempt == attempts_max) return said;
    repo = std::move(now);
  }
}

// Pushing to refs/pr/N needs only read access; which refs may move is decided command by command in
// hub/push.
auth::Right right_to_push() { return auth::Right::Propose; }

http::Response push_reply(const git::PushRequest& push, const hub::PushOutcome& outcome) {
  return git_reply(
      "application/x-git-receive-pack-result",
      git::render_push_report(push, outcome.unpack_error, outcome.refs, outcome.messages));
}

// git reads the report only after it has sent everything. A pack that nobody wants costs nothing
// but its way here, and beyond this size not even that: the connection is closed on it.
constexpr std::uint64_t kUnwantedPackBytesMax = 64u << 20;
Task<void> drop_pack(http::RequestBody& body) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(64 * 1024);
  for (std::uint64_t total = 0; total < kUnwantedPackBytesMax;) {
    auto count = co_await body.read({buffer.get(), 64 * 1024});
    if (!count || *count == 0) co_return;
    total += *count;
  }
}

// The body of a push as long as it comes at a reasonable speed. Nobody minds a slow line, unless
// others wait for the place that it occupies.
class PacedBody : public rt::ByteSource {
 public:
  PacedBody(http::RequestBody& body, const rt::Places& places) : body_(body), places_(places) {}

  Task<Result<std::size_t>> read(std::span<char> into) override {
    EMB_CO_TRY(const std::size_t count, co_await body_.read(into));
    bytes_ += count;
    const std::chrono::duration<double> took = Clock::now() - since_;
    if (count == 0 || took < kPatience) co_return count;
    if (static_cast<double>(bytes_) < kSlowBytesPerSecond * took.count() && places_.waiting() > 0)
      co_return fail(Code::Unavailable, "the push came too slowly while others waited");
    since_ = Clock::now();
    bytes_ = 0;
    co_return count;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kPatience{30};
  static constexpr double kSlowBytesPerSecond = 8 * 1024;
  http::RequestBody& body_;
  const rt::Places& places_;
  Clock::time_point since_ = Clock::now();
  std::uint64_t bytes_ = 0;
};

// Publishes what was looked through, when it is the repository's turn.
Task<hub::PushOutcome> publish(Call& call, hub::ReviewedPush& review) {
  std::optional<rt::Place> turn;
  if (review.has_chance()) {
    auto taken = co_await take_turn(call, call.target.repo);
    if (!taken) co_return review.give_up(taken.error());
    turn.emplace(std::move(*taken));
  }
  co_return co_await call.api.transfers.run(
      [&](rt::Blocking blocking) { return review.publish(blocking); });
}

// The pack, received into quarantine, judged and published. `place` is given back as soon as
// nothing more is received.
Task<hub::PushOutcome> take_in(Call& call, const meta::Repo& repo, const git::PushRequest& push,
                               std::string first_bytes, rt::Place place) {
  const bool has_pack = std::ranges::any_of(
      push.commands, [](const git::PushCommand& command) { return !command.new_oid.is_zero(); });
  std::unique_ptr<git::Quarantine> quarantine;
  if (has_pack) {
    PacedBody body(*call.request.body, call.api.pushes);
    auto received = co_await git::Quarantine::receive(
        call.api.transfers, hub::repository_folder(call.settings(), repo.id),
        std::move(first_bytes), body, call.settings().push_bytes_max);
    if (!received) {
      hub::PushOutcome outcome;
      outcome.unpack_error = received.error().message();
      for (const auto& command : push.commands)
        outcome.refs.push_back({command.ref, "unpacker error"});
      co_return outcome;
    }
    quarantine = *std::move(received);
  }
  auto review = co_await call.api.transfers.run([&](rt::Blocking blocking) {
    return hub::review_push(call.services(), blocking, call.caller, repo, push, quarantine.get());
  });
  {
    const rt::Place given_back = std::move(place);
  }
  auto outcome = co_await publish(call, *review);
  review.reset();
  co_await call.api.transfers.run(
      [&](rt::Blocking) { return quarantine.reset(), 0; });  // removing its folder blocks
  co_return outcome;
}

}  // namespace

Task<Result<http::Response>> git_info_refs(Call& call) {
  const auto service = call.request.query.find("service").value_or("");
  if (service != "git-upload-pack" && service != "git-receive-pack") {
    co_return fail(Code::Denied,
                   "Only git's smart protocol is served here: use git 1.6.6 or newer");
  }
  const bool push = service == "git-receive-pack";
  std::string protocol = protocol_of(call);
  EMB_CO_TRY(auto text, co_await on_pool(call, [&](rt::Blocking blocking) -> Result<std::string> {
               auto& services = call.services();
               if (push) {
                 EMB_TRY(auto repo, hub::find_repo(services, blocking, call.caller,
                                                   call.target.repo, right_to_push()));
                 EMB_TRY(auto refs, refs_of(services, blocking, repo));
                 return git::advertise_receive_pack(refs);
               }
               return of_repo(call, blocking, [&](const meta::Repo& repo) {
                 return refresh_and_advertise(services, blocking, repo, protocol);
               });
             }));
  // Protocol v2 answers start with "version 2"; only v0 and v1 begin with the service announcement.
  const bool announced = text.starts_with("001e# service") || text.starts_with("001f# service") ||
                         text.starts_with("000eversion 2");
  if (!announced)
    text.insert(0, git::pkt_line(cat("# service=", service, "\n")) + std::string(git::kFlush));
  co_return git_reply(cat("application/x-", service, "-advertisement"), std::move(text));
}

// Who may read and whether there is room are asked before a byte of the request is taken in.
Task<Result<http::Response>> git_upload_pack(Call& call) {
  EMB_CO_TRY(std::string folder,
             co_await on_pool(call, [&](rt::Blocking blocking) -> Result<std::string> {
               auto& services = call.services();
               return of_repo(call, blocking, [&](const meta::Repo& repo) -> Result<std::string> {
                 EMB_DO(hub::refresh_projection(services, blocking, repo));
                 return hub::repository_folder(services.settings, repo.id);
               });
             }));
  EMB_CO_TRY(rt::Place place, co_await take_place(call, call.api.fetches));
  const bool gzip = call.request.fields.find("Content-Encoding").value_or("") == "gzip";
  EMB_CO_TRY(auto answer,
             co_await git::serve_upload_pack(call.api.transfers, folder, protocol_of(call),
                                             *call.request.body, gzip));
  auto source = std::make_unique<FetchSource>(std::move(answer), std::move(place));
  EMB_CO_DO(co_await source->read_ahead());
  // However slowly the client reads, git ends and makes room for the next.
  auto spooled = co_await call.api.spools.open(
      std::move(source), [&fetches = call.api.fetches] { return fetches.waiting() > 0; });
  co_return git_reply("application/x-git-upload-pack-result",
                      rt::Content(std::move(spooled), std::nullopt));
}

Task<Result<http::Response>> git_receive_pack(Call& call) {
  EMB_CO_TRY(auto repo, co_await on_pool(call, [&](rt::Blocking blocking) {
               return hub::find_repo(call.services(), blocking, call.caller, call.target.repo,
                                     right_to_push());
             }));
  if (call.request.fields.find("Content-Encoding").value_or("identity") != "identity") {
    co_return fail(Code::InvalidArgument, "A push may not be compressed: git never does that");
  }
  git::PktReader reader;
  EMB_CO_TRY(auto push, co_await git::read_push_request(*call.request.body, reader));
  if (push.commands.empty())
    co_return git_reply("application/x-git-receive-pack-result",
                        std::string());  // the client's probe

  auto forecast = co_await on_pool(call, [&](rt::Blocking blocking) {
    return hub::judge_commands(call.services(), blocking, call.caller, repo, push);
  });
  if (!forecast.has_chance) {
    co_await drop_pack(*call.request.body);
    co_return push_reply(push, forecast.outcome);
  }
  EMB_CO_TRY(rt::Place place, co_await take_place(call, call.api.pushes));
  co_return push_reply(
      push, co_await take_in(call, repo, push, std::string(reader.rest()), std::move(place)));
}

Task<Result<http::Response>> git_dumb(Call&) {
  co_return fail(Code::Denied, "Only git's smart protocol is served here: use git 1.6.6 or newer");
}

}  // namespace embrace::api
