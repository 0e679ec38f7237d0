#include "http/client_exchange.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::http {

namespace {

constexpr std::size_t kBufferBytesMax = 1 << 20;
constexpr long kCurlBufferBytes = 256 << 10;
constexpr std::size_t kFieldsMax = 1000;
constexpr int kPollMs = 500;

// Once for the process, and never undone: other threads may still be inside libcurl at its end.
void prepare_curl() {
  static const CURLcode prepared = curl_global_init(CURL_GLOBAL_DEFAULT);
  EMB_CHECK(prepared == CURLE_OK, "libcurl starts");
}

CURLM* new_multi() {
  prepare_curl();
  return curl_multi_init();
}

std::string words_for(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return "cannot connect: is the server running, and are host and port right?";
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "no such host: is the name right, and does DNS work here?";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "its TLS certificate is not trusted: add its authority to this machine's";
    case CURLE_OPERATION_TIMEDOUT:
      return "no answer in time: is it reachable from this machine?";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
      return "the connection broke";
    default:
      return curl_easy_strerror(code);
  }
}

}  // namespace

struct ExchangeCallbacks {
  static std::size_t header(char* bytes, std::size_t, std::size_t count, void* self) {
    return static_cast<Exchange*>(self)->take_header({bytes, count});
  }
  static std::size_t write(char* bytes, std::size_t, std::size_t count, void* self) {
    return static_cast<Exchange*>(self)->take_body({bytes, count});
  }
  static std::size_t read(char* into, std::size_t size, std::size_t count, void* self) {
    return static_cast<Exchange*>(self)->give_body({into, size * count});
  }
  static int seek(void* self, curl_off_t offset, int origin) {
    const bool moved = origin == SEEK_SET && offset >= 0 &&
                       static_cast<Exchange*>(self)->seek_body(static_cast<std::uint64_t>(offset));
    return moved ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
  }
};

std::string shown_url(std::string_view url) {
  url = url.substr(0, url.find('?'));
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == url.npos ? 0 : scheme + 3;
  const std::size_t at = url.substr(host, url.find('/', host) - host).rfind('@');
  if (at == url.npos) return std::string(url);
  return cat(url.substr(0, host), url.substr(host + at + 1));
}

Exchange::Exchange() : multi_(new_multi()), easy_(curl_easy_init()) {
  EMB_CHECK(multi_ != nullptr && easy_ != nullptr, "libcurl has memory for a transfer");
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1L);
}

Exchange::~Exchange() {
  finish();
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
}

Status Exchange::configure(const ClientRequest& request, const ClientSettings& settings) {
  for (const auto& [name, value] : request.fields.rows()) {
    // "Name;" is how libcurl is told to send a header without a value.
    const std::string line = value.empty() ? cat(name, ";") : cat(name, ": ", value);
    curl_slist* longer = curl_slist_append(headers_, line.c_str());
    if (longer == nullptr) return fail(Code::Internal, "out of memory for a request's headers");
    headers_ = longer;
  }
  // Waiting for a "100 Continue" costs a round trip, or a second where the server sends none.
  headers_ = curl_slist_append(headers_, "Expect:");
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(easy_, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, words_);
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, kCurlBufferBytes);
  curl_easy_setopt(easy_, CURLOPT_UPLOAD_BUFFERSIZE, kCurlBufferBytes);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(settings.connect_timeout.count()));
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &ExchangeCallbacks::header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &ExchangeCallbacks::write);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  if (request.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    return Done{};
  }
  if (request.body) {
    curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE,
                     static_cast<curl_off_t>(request.body->size_bytes));
    curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &ExchangeCallbacks::read);
    curl_easy_setopt(easy_, CURLOPT_READDATA, this);
    curl_easy_setopt(easy_, CURLOPT_SEEKFUNCTION, &ExchangeCallbacks::seek);
    curl_easy_setopt(easy_, CURLOPT_SEEKDATA, this);
  }
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  return Done{};
}

Status Exchange::start(const ClientRequest& request, const ClientSettings& settings) {
  EMB_CHECK(!attached_, "an Exchange is finished before it is started again");
  what_ = cat(request.method, " ", shown_url(request.url));
  upload_ = request.body;
  stall_timeout_ = settings.stall_timeout;
  sent_ = 0;
  upload_failure_.reset();
  status_ = 0;
  fields_ = {};
  head_complete_ = false;
  buffer_.clear();
  used_ = 0;
  paused_ = done_ = worth_another_try_ = false;
  words_[0] = '\0';
  EMB_DO(configure(request, settings));
  progress_ = SteadyClock::now();
  attached_ = curl_multi_add_handle(multi_, easy_) == CURLM_OK;
  if (!attached_) return fail(Code::Internal, "libcurl takes no further transfer");
  while (!head_complete_ && !done_) EMB_DO(pump());
  if (!head_complete_) return failure(outcome_ == CURLE_OK ? CURLE_GOT_NOTHING : outcome_);
  return Done{};
}

Result<std::size_t> Exchange::read(std::span<char> into) {
  progress_ = SteadyClock::now();  // how long the reader took is not the sender's fault
  while (used_ == buffer_.size()) {
    buffer_.clear();
    used_ = 0;
    if (paused_) {
      paused_ = false;
      curl_easy_pause(easy_, CURLPAUSE_CONT);  // may call take_body()
      continue;
    }
    if (done_ && outcome_ != CURLE_OK) return std::unexpected(failure(outcome_).error());
    if (done_) return 0;
    EMB_DO(pump());
  }
  const std::size_t count = std::min(into.size(), buffer_.size() - used_);
  std::copy_n(buffer_.data() + used_, count, into.data());
  used_ += count;
  return count;
}

bool Exchange::finish() {
  if (attached_) curl_multi_remove_handle(multi_, easy_);
  attached_ = false;
  curl_easy_reset(easy_);
  curl_slist_free_all(std::exchange(headers_, nullptr));
  upload_.reset();
  return done_ && outcome_ == CURLE_OK;
}

// One turn: whatever the sockets allow now, or a wait for them.
Status Exchange::pump() {
  const auto before = progress_;
  int running = 0;
  if (const CURLMcode code = curl_multi_perform(multi_, &running); code != CURLM_OK) {
    return fail(Code::Internal, cat("libcurl: ", curl_multi_strerror(code)));
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    done_ = true;
    outcome_ = message->data.result;
  }
  if (done_ || progress_ != before || used_ < buffer_.size() || paused_) return Done{};
  if (SteadyClock::now() - progress_ > stall_timeout_) return failure(CURLE_OPERATION_TIMEDOUT);
  curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
  return Done{};
}

Status Exchange::failure(CURLcode code) {
  done_ = true;
  outcome_ = code;
  if (upload_failure_) return fail(*upload_failure_);
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return fail(Code::InvalidArgument, cat(what_, ": not an http:// or https:// address"));
  }
  worth_another_try_ = code != CURLE_PEER_FAILED_VERIFICATION;
  std::string why = words_for(code);
  if (words_[0] != '\0') why += cat(" (", words_, ")");
  return fail(Code::Unavailable, cat(what_, ": ", why));
}

std::size_t Exchange::take_header(std::string_view line) {
  progress_ = SteadyClock::now();
  const std::size_t all = line.size();
  line = trim(line);
  if (line.starts_with("HTTP/")) {  // another head: the one before was a 100 Continue
    fields_ = {};
    const std::size_t space = line.find(' ');
    const auto number = space == line.npos ? std::nullopt : parse_uint(line.substr(space + 1, 3));
    status_ = static_cast<unsigned>(number.value_or(0));
  } else if (line.empty()) {
    head_complete_ = status_ >= 200;
  } else if (const std::size_t colon = line.find(':'); colon != line.npos) {
    fields_.add(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
    if (fields_.rows().size() > kFieldsMax) return 0;  // libcurl itself bounds their bytes
  }
  return all;
}

std::size_t Exchange::take_body(std::string_view bytes) {
  progress_ = SteadyClock::now();
  if (buffer_.size() - used_ >= kBufferBytesMax) {
    paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  buffer_ += bytes;
  return bytes.size();
}

std::size_t Exchange::give_body(std::span<char> into) {
  progress_ = SteadyClock::now();
  const auto want =
      static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), upload_->size_bytes - sent_));
  if (want == 0) return 0;
  auto got = upload_->read_at(into.first(want), sent_);
  if (got && *got == 0) got = fail(Code::Corrupt, "the bytes to send were cut short");
  if (!got) {
    upload_failure_ = std::move(got).error();
    return CURL_READFUNC_ABORT;
  }
  sent_ += *got;
  return *got;
}

bool Exchange::seek_body(std::uint64_t offset) {
  if (!upload_ || offset > upload_->size_bytes) return false;
  sent_ = offset;
  return true;
}

}  // namespace embrace::http
