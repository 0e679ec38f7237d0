#pragma once
// Git's smart protocol over HTTP, as far as it needs git: pkt-lines, the upload-pack process, and
// the parts of a push (commands, then a pack into quarantine). Who may do what is decided in
// hub/push.
//
// Formats: gitprotocol-pack(5), gitprotocol-http(5), gitprotocol-v2(5).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "git/repository.h"
#include "git/types.h"
#include "rt/blocking.h"
#include "rt/content.h"
#include "rt/pool.h"

namespace embrace::git {

inline constexpr std::size_t kPktPayloadMax = 65516;

std::string pkt_line(std::string_view payload);
inline constexpr std::string_view kFlush = "0000";

// Pulls pkt-lines out of bytes. next() gives a payload, Flush, Delim, ResponseEnd or NeedMore.
class PktReader {
 public:
  enum class Kind : std::uint8_t { Payload, Flush, Delim, ResponseEnd, NeedMore };
  struct Line {
    Kind kind = Kind::NeedMore;
    std::string_view payload;  // valid until the next feed()
  };
  void feed(std::string_view bytes);
  Result<Line> next();            // InvalidArgument on a bad length
  std::string_view rest() const;  // bytes not yet consumed

 private:
  std::string buffer_;
  std::size_t used_ = 0;
};

// The body of GET info/refs?service=git-upload-pack. `protocol` is the Git-Protocol header
// ("version=2" or ""). Refs must have been projected. Runs `git upload-pack
// --http-backend-info-refs`.
Result<std::string> advertise_upload_pack(rt::Blocking, const std::string& folder,
                                          std::string_view protocol);

// POST git-upload-pack: feeds `request` to `git upload-pack --stateless-rpc` and gives its output
// as it comes. `gzip`: the request is Content-Encoding: gzip. The process is killed when the source
// is dropped. Coroutine side: pipes are read on the caller's executor. Reads `request` to its end
// (at most 16 MiB: wants and haves) before it returns, and does not keep it.
Task<Result<std::unique_ptr<rt::ByteSource>>> serve_upload_pack(rt::Pool& pool, std::string folder,
                                                                std::string protocol,
                                                                rt::ByteSource& request, bool gzip);

// The body of GET info/refs?service=git-receive-pack, made here from refs in SQL.
std::string advertise_receive_pack(const std::vector<Ref>& refs);

struct PushCommand {
  Oid old_oid;  // zero: create
  Oid new_oid;  // zero: delete
  std::string ref;
};

struct PushRequest {
  std::vector<PushCommand> commands;
  bool report_status = false;
  bool side_band_64k = false;
  bool atomic = false;
  bool quiet = false;
  std::vector<std::string> push_options;
};

// Reads the command part of a git-receive-pack request from `body`; what is left in the reader is
// the beginning of the pack. An empty command list is the client's probe ("0000"). Limits:
// kPushCommandsMax.
inline constexpr std::size_t kPushCommandsMax = 10'000;
Task<Result<PushRequest>> read_push_request(rt::ByteSource& body, PktReader& reader);

// A pack received into a quarantine folder (objects borrowed from the repository through
// alternates): invisible until adopt() moves it in, deleted when dropped.
class Quarantine {
 public:
  // Streams `first` + `body` into `git index-pack --stdin --fix-thin --strict`. TooLarge above
  // bytes_max; InvalidArgument with git's words for a broken pack.
  static Task<Result<std::unique_ptr<Quarantine>>> receive(rt::Pool& pool,
                                                           std::string repository_folder,
                                                           std::string first, rt::ByteSource& body,
                                                           std::uint64_t bytes_max);
  ~Quarantine();

  // A Repository that sees the quarantined objects on top of the repository's own.
  Result<std::unique_ptr<Repository>> open(rt::Blocking);
  // Everything reachable from `tips` but not from `known` must be present: InvalidArgument names
  // the missing object.
  Status check_connectivity(rt::Blocking, const std::vector<Oid>& tips,
                            const std::vector<Oid>& known);
  // Blobs that the commits `tips` bring and `known` lack have at a place where no parent had them:
  // each once, with one path from the root. Unusable when any name they bring breaks check_path (so
  // the caller need not look at paths again); InvalidArgument when a tip leads to no commit.
  struct NewBlob {
    Oid oid;
    std::string path;
    std::uint64_t size_bytes = 0;
  };
  Result<std::vector<NewBlob>> new_blobs(rt::Blocking, const std::vector<Oid>& tips,
                                         const std::vector<Oid>& known);
  // Moves the pack into the repository, durably. nullopt when the pack was empty.
  Result<std::optional<Pack>> adopt(rt::Blocking);

 private:
  struct Impl;
  explicit Quarantine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// "unpack ok", "ok ref" / "ng ref reason", wrapped in side-band when asked; `messages` go to the
// client's terminal as "remote: ..." lines.
struct RefOutcome {
  std::string ref;
  std::string refusal;  // empty: ok
};
std::string render_push_report(const PushRequest& request, std::string_view unpack_error,
                               const std::vector<RefOutcome>& outcomes,
                               const std::vector<std::string>& messages);

}  // namespace embrace::git
