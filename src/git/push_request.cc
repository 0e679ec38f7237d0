// The receiving side of a push, but for its pack: what we advertise, what the client asks for, and
// what we tell it in the end.

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "git/smart_http.h"

namespace embrace::git {
namespace {

constexpr std::string_view kCapabilities =
    "report-status delete-refs side-band-64k quiet atomic ofs-delta push-options "
    "object-format=sha1 "
    "agent=embrace/0.1";
constexpr std::size_t kRequestBytesMax = std::size_t{16} << 20;
constexpr std::size_t kPushOptionsMax = 100;
constexpr std::size_t kPushOptionBytesMax = 4096;

std::string_view without_newline(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  return line;
}

std::unexpected<Error> bad_request(std::string_view why) {
  return fail(Code::InvalidArgument, cat("bad push request: ", why));
}

Status read_capabilities(std::string_view text, PushRequest& request, bool& push_options) {
  for (std::string_view word : split(text, ' ')) {
    if (word == "report-status") request.report_status = true;
    if (word == "side-band-64k") request.side_band_64k = true;
    if (word == "atomic") request.atomic = true;
    if (word == "quiet") request.quiet = true;
    if (word == "push-options") push_options = true;
    if (word.starts_with("object-format=") && word != "object-format=sha1") {
      return bad_request("this server stores SHA-1 repositories only");
    }
  }
  return Done{};
}

// "<old> <new> <ref>"
Status read_command(std::string_view line, PushRequest& request) {
  if (line.starts_with("push-cert")) return bad_request("signed pushes are not supported");
  // A shallow clone tells where its history ends. Ours doesn't, and what is missing is found
  // missing by the connectivity check.
  if (line.starts_with("shallow ")) return Done{};
  if (line.size() < 83 || line[40] != ' ' || line[81] != ' ')
    return bad_request("bad command line");
  EMB_TRY(Oid old_oid, Oid::parse(line.substr(0, 40)));
  EMB_TRY(Oid new_oid, Oid::parse(line.substr(41, 40)));
  const std::string_view ref = line.substr(82);
  if (!ref.starts_with("refs/")) return bad_request("a ref's full name begins with refs/");
  EMB_DO(check_ref_name(ref));
  if (request.commands.size() >= kPushCommandsMax) {
    return fail(Code::TooLarge, cat("a push may change at most ", kPushCommandsMax, " refs"));
  }
  request.commands.push_back({.old_oid = old_oid, .new_oid = new_oid, .ref = std::string(ref)});
  return Done{};
}

// Takes lines from what the reader holds. True when the section's flush was seen.
class RequestParser {
 public:
  Result<bool> advance(PktReader& reader) {
    for (;;) {
      EMB_TRY(PktReader::Line line, reader.next());
      switch (line.kind) {
        case PktReader::Kind::NeedMore:
          return false;
        case PktReader::Kind::Flush:
          if (in_options_ || !push_options_ || request_.commands.empty()) return true;
          in_options_ = true;
          break;
        case PktReader::Kind::Payload:
          EMB_DO(take(line.payload));
          break;
        default:
          return bad_request("unexpected special packet");
      }
    }
  }
  PushRequest take_request() { return std::move(request_); }

 private:
  Status take(std::string_view payload) {
    if (in_options_) return take_option(without_newline(payload));
    // Capabilities ride behind the first command, which shallow lines may precede.
    if (const std::size_t nul = payload.find('\0');
        nul != payload.npos && request_.commands.empty()) {
      EMB_DO(read_capabilities(without_newline(payload.substr(nul + 1)), request_, push_options_));
      payload = payload.substr(0, nul);
    }
    return read_command(without_newline(payload), request_);
  }

  Status take_option(std::string_view option) {
    if (request_.push_options.size() >= kPushOptionsMax || option.size() > kPushOptionBytesMax) {
      return fail(Code::TooLarge, "too many or too long push options");
    }
    request_.push_options.emplace_back(option);
    return Done{};
  }

  PushRequest request_;
  bool push_options_ = false;
  bool in_options_ = false;
};

}  // namespace

std::string advertise_receive_pack(const std::vector<Ref>& refs) {
  std::vector<const Ref*> sorted;
  for (const Ref& ref : refs) sorted.push_back(&ref);
  std::ranges::sort(sorted, {}, [](const Ref* ref) -> const std::string& { return ref->name; });
  std::string out = pkt_line("# service=git-receive-pack\n");
  out += kFlush;
  bool first = true;
  for (const Ref* ref : sorted) {
    std::string line = cat(ref->oid.hex(), " ", ref->name);
    if (first) line += cat('\0', kCapabilities);
    out += pkt_line(line + "\n");
    first = false;
  }
  if (first) out += pkt_line(cat(Oid().hex(), " capabilities^{}", '\0', kCapabilities, "\n"));
  out += kFlush;
  return out;
}

Task<Result<PushRequest>> read_push_request(rt::ByteSource& body, PktReader& reader) {
  RequestParser parser;
  std::array<char, 16384> piece;
  std::size_t total = 0;
  for (;;) {
    EMB_CO_TRY(bool done, parser.advance(reader));
    if (done) co_return parser.take_request();
    EMB_CO_TRY(std::size_t got, co_await body.read(piece));
    if (got == 0) {
      // Nothing at all is what some clients send to ask whether they may.
      if (total == 0 && reader.rest().empty()) co_return parser.take_request();
      co_return bad_request("it ends in the middle");
    }
    total += got;
    if (total > kRequestBytesMax)
      co_return fail(Code::TooLarge, "the push's command list is too long");
    reader.feed({piece.data(), got});
  }
}

namespace {

constexpr char kBandData = 1;
constexpr char kBandProgress = 2;

void append_band(std::string& out, char band, std::string_view bytes) {
  constexpr std::size_t piece_max = kPktPayloadMax - 1;
  while (!bytes.empty()) {
    out += pkt_line(cat(band, bytes.substr(0, piece_max)));
    bytes.remove_prefix(std::min(piece_max, bytes.size()));
  }
}

// Reasons may quote a stranger's bytes; a line break in them would forge another status line.
std::string one_line(std::string_view text) {
  constexpr std::size_t bytes_max = 1000;
  std::string out(text.substr(0, bytes_max));
  std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return out;
}

std::string render_status(std::string_view unpack_error, const std::vector<RefOutcome>& outcomes) {
  std::string out =
      pkt_line(cat("unpack ", unpack_error.empty() ? "ok" : one_line(unpack_error), "\n"));
  for (const RefOutcome& outcome : outcomes) {
    out += pkt_line(outcome.refusal.empty()
                        ? cat("ok ", outcome.ref, "\n")
                        : cat("ng ", outcome.ref, " ", one_line(outcome.refusal), "\n"));
  }
  out += kFlush;
  return out;
}

}  // namespace

std::string render_push_report(const PushRequest& request, std::string_view unpack_error,
                               const std::vector<RefOutcome>& outcomes,
                               const std::vector<std::string>& messages) {
  const std::string status = request.report_status ? render_status(unpack_error, outcomes) : "";
  if (!request.side_band_64k) return status;
  std::string out;
  for (const std::string& message : messages) append_band(out, kBandProgress, message + "\n");
  append_band(out, kBandData, status);
  out += kFlush;
  return out;
}

}  // namespace embrace::git
