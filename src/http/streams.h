#pragma once
// The two streams there are. Apart from stream.h because these need Asio's socket types.

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "http/stream.h"

namespace embrace::http {

std::unique_ptr<Stream> make_plain_stream(boost::asio::ip::tcp::socket socket);

// A certificate and its key, loaded once and shared by every connection. Immutable after load().
class TlsContext {
 public:
  // InvalidArgument names the file that can't be used.
  static Result<std::unique_ptr<TlsContext>> load(const std::string& certificate_file,
                                                  const std::string& key_file);
  ~TlsContext();

  std::unique_ptr<Stream> make_stream(boost::asio::ip::tcp::socket socket);

 private:
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::http
