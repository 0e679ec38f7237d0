// Writing by the API: validate-yaml, preupload, commit (hub-api 8).
#include "api/endpoints.h"
#include "api/write_turn.h"
#include "base/strings.h"
#include "hub/card.h"
#include "hub/commits.h"

namespace embrace::api {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;

void render_problems(json::Writer& w, std::string_view key,
                     const std::vector<hub::CardProblem>& problems) {
  w.key(key).begin_array();
  for (const auto& problem : problems)
    w.begin_object().field("message", problem.message).end_object();
  w.end_array();
}

Result<std::vector<hub::PreuploadFile>> read_files(json::View files) {
  if (!files.is_array())
    return fail(Code::InvalidArgument, "\"files\" is required: a list of {path, size, sample}");
  std::vector<hub::PreuploadFile> out;
  for (json::View file : files.items()) {
    auto path = file["path"].text();
    auto size = file["size"].integer();
    if (!path || !size || *size < 0)
      return fail(Code::InvalidArgument, "each of \"files\" needs a \"path\" and a \"size\"");
    auto sample = from_base64(file["sample"].text().value_or(""));
    if (!sample)
      return fail(Code::InvalidArgument, cat("the sample of ", *path, " is not valid base64"));
    out.push_back({std::string(*path), static_cast<std::uint64_t>(*size), std::move(*sample)});
  }
  return out;
}

Status take_lines(rt::Blocking blocking, hub::CommitDraft& draft,
                  std::vector<hub::NdjsonCommitParser::Line> lines) {
  for (auto& line : lines) {
    if (line.header) EMB_DO(draft.set_header(blocking, *std::move(line.header)));
    if (line.operation) EMB_DO(draft.add(blocking, *std::move(line.operation)));
  }
  return Done{};
}

// Feeds the body into the draft as it arrives, so that a commit of gigabytes never sits in memory.
Task<Status> receive_ndjson(Call& call, hub::CommitDraft& draft) {
  const auto& limits = call.settings();
  hub::NdjsonCommitParser parser(limits.commit_line_bytes_max);
  std::string buffer(kReadBytes, '\0');
  std::uint64_t total = 0;
  for (;;) {
    EMB_CO_TRY(std::size_t count,
               co_await call.request.body->read(std::span(buffer.data(), buffer.size())));
    if (count == 0) break;
    total += count;
    if (total > limits.commit_body_bytes_max) {
      co_return fail(Code::TooLarge,
                     cat("A commit's body may have at most ", limits.commit_body_bytes_max,
                         " bytes: send large files through LFS"));
    }
    EMB_CO_DO(co_await call.api.transfers.run([&](rt::Blocking blocking) -> Status {
      EMB_TRY(auto lines, parser.feed(std::string_view(buffer.data(), count)));
      return take_lines(blocking, draft, std::move(lines));
    }));
  }
  co_return co_await call.api.transfers.run([&](rt::Blocking blocking) -> Status {
    EMB_TRY(auto lines, parser.finish());
    return take_lines(blocking, draft, std::move(lines));
  });
}

Task<Status> receive_json(Call& call, hub::CommitDraft& draft) {
  EMB_CO_TRY(std::string text,
             co_await http::read_body(call.request, call.settings().commit_line_bytes_max));
  co_return co_await call.api.transfers.run([&](rt::Blocking blocking) -> Status {
    EMB_TRY(auto lines, hub::parse_json_commit(text));
    return take_lines(blocking, draft, std::move(lines));
  });
}

}  // namespace

// Always JSON, whatever happens: Python parses the body before it looks at the status (trap 34).
Task<Result<http::Response>> validate_yaml(Call& call) {
  EMB_CO_TRY(auto body, co_await read_json(call));
  auto type = parse_repo_type(body.root().text_or("repoType", "model"));
  if (!type) co_return fail(std::move(type).error());
  auto content = body.root()["content"].text();
  if (!content)
    co_return fail(Code::InvalidArgument, "\"content\" is required: the text of a README.md");
  const hub::CardCheck check = hub::check_card(*content, *type);
  json::Writer w;
  w.begin_object();
  render_problems(w, "errors", check.errors);
  render_problems(w, "warnings", check.warnings);
  w.end_object();
  co_return json_reply(w, check.errors.empty() ? 200 : 400);
}

Task<Result<http::Response>> preupload(Call& call) {
  EMB_CO_TRY(auto body, co_await read_json(call));
  hub::Preupload asked;
  asked.rev = joined_rest(call, "main");
  asked.create_pull = call.request.query.flag("create_pr");
  EMB_CO_TRY(asked.files, read_files(body.root()["files"]));
  if (auto text = body.root()["gitAttributes"].text()) asked.git_attributes = *text;
  if (auto text = body.root()["gitIgnore"].text()) asked.git_ignore = *text;
  EMB_CO_TRY(auto result, co_await on_transfers(call, [&](rt::Blocking blocking) {
               return hub::preupload(call.services(), blocking, call.caller, call.target.repo,
                                     asked);
             }));
  json::Writer w;
  w.begin_object().key("files").begin_array();
  for (const auto& file : result.files) {
    w.begin_object().field("path", file.path).field("uploadMode", file.is_lfs ? "lfs" : "regular");
    w.field("shouldIgnore", file.should_ignore);
    if (!file.oid.empty()) w.field("oid", file.oid);
    w.end_object();
  }
  w.end_array().field("commitOid", result.commit.hex()).end_object();
  co_return json_reply(w);
}

Task<Result<http::Response>> commit(Call& call) {
  hub::CommitTarget target;
  target.name = call.target.repo;
  target.rev = joined_rest(call, "main");
  target.create_pull = call.request.query.flag("create_pr");
  EMB_CO_TRY(auto draft, co_await call.api.transfers.run([&](rt::Blocking blocking) {
    return hub::begin_commit(call.services(), blocking, call.caller, target);
  }));
  const bool is_json =
      call.request.fields.find("Content-Type").value_or("").starts_with("application/json");
  Status received =
      is_json ? co_await receive_json(call, *draft) : co_await receive_ndjson(call, *draft);
  if (!received) co_return fail(std::move(received).error());
  std::optional<rt::Place> turn;
  if (!target.create_pull) {  // a new pull request takes no lock
    EMB_CO_TRY(rt::Place taken, co_await take_turn(call, call.target.repo));
    turn.emplace(std::move(taken));
  }
  EMB_CO_TRY(auto done, co_await call.api.transfers.run(
                            [&](rt::Blocking blocking) { return draft->finish(blocking); }));
  turn.reset();

  const std::string page = cat(call.base, "/", done.repo.name.path());
  json::Writer w;
  w.begin_object()
      .field("success", true)
      .field("commitOid", done.commit.hex())
      .field("commitUrl", cat(page, "/commit/", done.commit.hex()))
      .field("hookOutput", "");
  if (target.create_pull) w.field("pullRequestUrl", cat(page, "/discussions/", done.pull_number));
  w.end_object();
  co_return json_reply(w);
}

}  // namespace embrace::api
