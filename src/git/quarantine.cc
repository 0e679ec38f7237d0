// A pushed pack between its arrival and its acceptance.
//
//   <repository>/quarantine-<random>/objects/pack/          what index-pack wrote
//                                   /objects/info/alternates "../../objects": the repository's own
//
// git's programs and ours see both places; readers of the repository see only its own.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <vector>

#include "base/file.h"
#include "base/strings.h"
#include "git/incoming.h"
#include "git/pack_writer.h"
#include "git/process.h"
#include "git/random_name.h"
#include "git/repository_impl.h"
#include "git/smart_http.h"

namespace embrace::git {

namespace asio = boost::asio;
namespace fs = std::filesystem;

struct Quarantine::Impl {
  std::string repository_folder;
  std::string folder;
  ~Impl() {
    std::error_code ignored;  // what can't be removed now is swept when packs are folded
    fs::remove_all(folder, ignored);
  }
  std::string objects() const { return folder + "/objects"; }
  std::string packs() const { return folder + "/objects/pack"; }

  GitCommand command(std::vector<std::string> arguments) const {
    return {.arguments = std::move(arguments),
            .environment = {{"GIT_DIR", repository_folder}, {"GIT_OBJECT_DIRECTORY", objects()}}};
  }
};

namespace {

Status fill_folder(const std::string& folder) {
  EMB_DO(make_folders(folder + "/objects/pack"));
  EMB_DO(make_folders(folder + "/objects/info"));
  EMB_TRY(File alternates, File::create_new(folder + "/objects/info/alternates"));
  return alternates.write_all("../../objects\n");
}

// Old and harmless blemishes that public repositories are full of; everything else that fsck calls
// an error is refused.
constexpr std::string_view kStrict =
    "--strict=zeroPaddedFilemode=warn,badTimezone=warn,missingSpaceBeforeDate=warn,missingEmail="
    "warn,"
    "missingNameBeforeEmail=warn,badDate=warn,missingTaggerEntry=ignore";

// What taking a pack in may cost. Objects are put together from deltas in memory, and each delta
// can double the one before it: a pack of a kilobyte may hold an object of gigabytes. No file that
// git should keep comes near `object_bytes`; larger ones that are whole are streamed past.
constexpr std::uint64_t kIndexMemoryBytes = std::uint64_t{1} << 30;
constexpr std::string_view kIndexObjectBytes = "268435456";
// Many small deltas over a large object take time instead, so time goes by the pack's size.
constexpr std::uint64_t kIndexSecondsBase = 60;
constexpr std::uint64_t kIndexSecondsPerMiB = 2;

// The running git index-pack, and the socket that feeds it.
struct IndexPack {
  Process process;
  File input;
  File errors;
};

Result<IndexPack> start_index_pack(const GitCommand& command) {
  EMB_TRY(Pipe pipe, make_socket_pipe());
  EMB_TRY(File errors, make_memory_file(""));
  EMB_TRY(Process process,
          Process::start(command, {.in = pipe.read_end.fd(), .out = -1, .err = errors.fd()}));
  return IndexPack{std::move(process), std::move(pipe.write_end), std::move(errors)};
}

// "fatal: ..." is what a person needs; progress and hints around it are not.
std::string essence(std::string_view words) {
  std::string out;
  for (std::string_view line : split(words, '\n')) {
    for (std::string_view prefix : {"fatal: ", "error: "}) {
      if (!line.starts_with(prefix)) continue;
      if (!out.empty()) out += "; ";
      out += trim(line.substr(prefix.size()));
    }
  }
  return out.empty() ? std::string(words) : out;
}

// Pushes bytes into the socket; after the child has hung up, reads the body to its end without it,
// so that the client hears our report instead of a broken connection.
class Feeder {
 public:
  Feeder(asio::local::stream_protocol::socket socket, std::uint64_t bytes_max)
      : socket_(std::move(socket)), bytes_max_(bytes_max) {}

  Task<Status> feed(const char* bytes, std::size_t count) {
    total_ += count;
    if (total_ > bytes_max_) {
      co_return fail(Code::TooLarge, cat("the push is larger than ", bytes_max_, " bytes"));
    }
    if (hung_up_) co_return Done{};
    auto [error, sent] = co_await asio::async_write(socket_, asio::buffer(bytes, count),
                                                    asio::as_tuple(asio::use_awaitable));
    if (error == asio::error::operation_aborted)
      co_return fail(Code::Unavailable, "the push was cancelled");
    hung_up_ = static_cast<bool>(error);
    co_return Done{};
  }

  std::uint64_t total() const { return total_; }

  void end() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  asio::local::stream_protocol::socket socket_;
  const std::uint64_t bytes_max_;
  std::uint64_t total_ = 0;
  bool hung_up_ = false;
};

Task<Status> feed_all(Feeder& feeder, std::string first, rt::ByteSource& body) {
  EMB_CO_DO(co_await feeder.feed(first.data(), first.size()));
  std::vector<char> piece(std::size_t{128} << 10);
  for (;;) {
    EMB_CO_TRY(std::size_t got, co_await body.read(piece));
    if (got == 0) co_return Done{};
    EMB_CO_DO(co_await feeder.feed(piece.data(), got));
  }
}

Task<Status> run_index_pack(rt::Pool& pool, GitCommand command, std::string first,
                            rt::ByteSource& body, std::uint64_t bytes_max) {
  EMB_CO_TRY(IndexPack running,
             co_await pool.run([&](rt::Blocking) { return start_index_pack(command); }));
  const int copy = ::fcntl(running.input.fd(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) co_return fail(errno_error(errno, "feed git index-pack"));
  running.input = File();
  Feeder feeder(asio::local::stream_protocol::socket(co_await asio::this_coro::executor,
                                                     asio::local::stream_protocol(), copy),
                bytes_max);
  EMB_CO_DO(co_await feed_all(feeder, std::move(first), body));
  feeder.end();
  EMB_CO_DO(
      running.process.limit_cpu(kIndexSecondsBase + (feeder.total() >> 20) * kIndexSecondsPerMiB));
  EMB_CO_TRY(int status, co_await pool.run([&](rt::Blocking) { return running.process.wait(); }));
  if (status == 0) co_return Done{};
  if (status == kStatusOutOfTime) {
    co_return fail(Code::InvalidArgument,
                   "the pack was refused: unpacking it takes too long for its size");
  }
  co_return fail(Code::InvalidArgument,
                 cat("the pack was refused: ", essence(read_memory_file(running.errors))));
}

}  // namespace

Quarantine::Quarantine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Quarantine::~Quarantine() = default;

Task<Result<std::unique_ptr<Quarantine>>> Quarantine::receive(rt::Pool& pool,
                                                              std::string repository_folder,
                                                              std::string first,
                                                              rt::ByteSource& body,
                                                              std::uint64_t bytes_max) {
  auto impl = std::make_unique<Impl>();
  impl->repository_folder = repository_folder;
  impl->folder = cat(repository_folder, "/quarantine-", random_name());
  EMB_CO_DO(co_await pool.run([&](rt::Blocking) { return fill_folder(impl->folder); }));
  // A push that only deletes, or only moves refs to known commits by an old client, brings no pack.
  if (first.empty()) {
    first.resize(4096);
    EMB_CO_TRY(std::size_t got, co_await body.read(first));
    first.resize(got);
  }
  if (!first.empty()) {
    GitCommand command =
        impl->command({"-c", "pack.threads=2", "-c", "core.bigFileThreshold=16m", "-c",
                       "core.deltaBaseCacheLimit=96m", "index-pack", "--stdin", "--fix-thin",
                       std::string(kStrict), cat("--max-input-size=", bytes_max)});
    command.environment.emplace_back("GIT_ALLOC_LIMIT", kIndexObjectBytes);
    command.limits.memory_bytes = kIndexMemoryBytes;
    EMB_CO_DO(co_await run_index_pack(pool, command, std::move(first), body, bytes_max));
  }
  co_return std::unique_ptr<Quarantine>(new Quarantine(std::move(impl)));
}

Result<std::unique_ptr<Repository>> Quarantine::open(rt::Blocking) {
  EMB_TRY(auto odb, Odb::open({impl_->objects(), impl_->repository_folder + "/objects"}));
  auto view = std::make_unique<Repository::Impl>();
  view->folder = impl_->repository_folder;
  view->odb = std::move(odb);
  view->writable = false;
  return std::unique_ptr<Repository>(new Repository(std::move(view)));
}

Status Quarantine::check_connectivity(rt::Blocking blocking, const std::vector<Oid>& tips,
                                      const std::vector<Oid>& known) {
  std::string input;
  for (const Oid& tip : tips) input += tip.hex() + "\n";
  for (const Oid& oid : known) input += "^" + oid.hex() + "\n";
  constexpr std::size_t out_bytes_max = 65536;
  EMB_TRY(GitOutput output,
          run_git(blocking, impl_->command({"rev-list", "--objects", "--stdin", "--quiet"}), input,
                  out_bytes_max));
  if (output.status == 0) return Done{};
  return fail(Code::InvalidArgument, cat("the push is incomplete: ", essence(output.err)));
}

Result<std::vector<Quarantine::NewBlob>> Quarantine::new_blobs(rt::Blocking,
                                                               const std::vector<Oid>& tips,
                                                               const std::vector<Oid>& known) {
  EMB_TRY(auto odb, Odb::open({impl_->objects(), impl_->repository_folder + "/objects"}));
  return find_incoming_blobs(*odb, tips, known);
}

Result<std::optional<Pack>> Quarantine::adopt(rt::Blocking) {
  std::optional<Pack> adopted;
  const std::string target_folder = impl_->repository_folder + "/objects/pack";
  std::error_code error;
  for (fs::directory_iterator at(impl_->packs(), error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() != ".idx") continue;
    const std::string name = at->path().stem().string();
    EMB_TRY(Pack pack, describe_pack(impl_->packs(), name));
    if (pack.objects == 0) continue;
    for (std::string_view suffix : {".pack", ".idx"}) {  // the pack first: an index promises it
      const std::string from = cat(impl_->packs(), "/", name, suffix);
      EMB_TRY(File file, File::open_for_read(from));
      EMB_DO(file.sync());
      const std::string to = cat(target_folder, "/", name, suffix);
      if (::rename(from.c_str(), to.c_str()) != 0) {
        return fail(errno_error(errno, cat("adopt pack ", name)));
      }
    }
    adopted = std::move(pack);
    break;  // index-pack makes one; the iterator's folder has changed under it
  }
  if (error) return fail(errno_error(error.value(), cat("read ", impl_->packs())));
  if (adopted) EMB_DO(sync_folder(target_folder));
  return adopted;
}

}  // namespace embrace::git
