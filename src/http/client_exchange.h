#pragma once
// Exchange: one request and its response on libcurl, driven by whoever waits for the next bytes.
// No thread of its own: while nobody reads, nothing is received. For client.cc.
//
// It may be started again after finish(), on the connection that it kept.
//
// Threads: used by one at a time.

#include <curl/curl.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>

#include "http/client.h"

namespace embrace::http {

class Exchange {
 public:
  Exchange();
  ~Exchange();
  Exchange(const Exchange&) = delete;

  // Until the response's head is there. What the request's body reads from stays until finish().
  Status start(const ClientRequest& request, const ClientSettings& settings);
  Result<std::size_t> read(std::span<char> into);
  // Whether the connection is good for another exchange.
  bool finish();

  unsigned status() const { return status_; }
  const Fields& fields() const { return fields_; }
  // After a failure: might another try go better, and was it a wait that came to nothing?
  bool is_worth_another_try() const { return worth_another_try_; }
  bool has_timed_out() const { return done_ && outcome_ == CURLE_OPERATION_TIMEDOUT; }

 private:
  using SteadyClock = std::chrono::steady_clock;

  Status configure(const ClientRequest& request, const ClientSettings& settings);
  Status pump();
  Status failure(CURLcode code);
  std::size_t take_header(std::string_view line);
  std::size_t take_body(std::string_view bytes);
  std::size_t give_body(std::span<char> into);
  bool seek_body(std::uint64_t offset);
  friend struct ExchangeCallbacks;

  CURLM* const multi_;  // keeps the connection
  CURL* const easy_;
  bool attached_ = false;
  curl_slist* headers_ = nullptr;
  char words_[CURL_ERROR_SIZE] = {};  // curl's own, on what went wrong

  std::string what_;  // "GET http://host/path", for errors
  std::chrono::milliseconds stall_timeout_{0};
  std::optional<Upload> upload_;
  std::uint64_t sent_ = 0;  // of the body
  std::optional<Error> upload_failure_;

  unsigned status_ = 0;
  Fields fields_;
  bool head_complete_ = false;
  std::string buffer_;
  std::size_t used_ = 0;  // of the buffer
  bool paused_ = false;
  bool done_ = false;
  CURLcode outcome_ = CURLE_OK;
  bool worth_another_try_ = false;
  SteadyClock::time_point progress_;
};

// Without the query, which may hold a signature, and without a user or password.
std::string shown_url(std::string_view url);

}  // namespace embrace::http
