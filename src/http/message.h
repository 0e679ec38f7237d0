#pragma once
// Request and Response: what every room above http/ speaks. Plain values; no Beast, no sockets.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "rt/content.h"
#include "rt/task.h"

namespace embrace::http {

enum class Method : std::uint8_t { Get, Head, Post, Put, Patch, Delete, Options, Other };
std::string_view to_string(Method method);

// Header fields in the order they came; names are compared without case.
class Fields {
 public:
  // The first value, or nullopt.
  std::optional<std::string_view> find(std::string_view name) const;
  std::vector<std::string_view> find_all(std::string_view name) const;
  void add(std::string_view name, std::string_view value);
  void set(std::string_view name, std::string_view value);  // replaces every earlier one
  void remove(std::string_view name);
  const std::vector<std::pair<std::string, std::string>>& rows() const { return rows_; }

 private:
  std::vector<std::pair<std::string, std::string>> rows_;
};

// The query string, decoded ('+' is a space). Names keep their order; repeated names are kept.
class Query {
 public:
  Query() = default;
  static Query parse(std::string_view text);  // also for application/x-www-form-urlencoded bodies

  std::optional<std::string_view> find(std::string_view name) const;
  bool flag(std::string_view name) const;  // true, True, 1, on, or present but empty
  // Repeated keys, `name[]=` and comma-joined values, all flattened.
  std::vector<std::string> list(std::string_view name) const;
  // Repeated keys and `name[]=` only: for values that may hold a comma.
  std::vector<std::string> repeated(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& rows() const { return rows_; }

 private:
  std::vector<std::pair<std::string, std::string>> rows_;
};

// The request's body, pulled as it arrives. The server answers `Expect: 100-continue` at the first
// read, so a handler that refuses early never makes the client send the bytes.
class RequestBody : public rt::ByteSource {
 public:
  // From Content-Length; nullopt when chunked.
  virtual std::optional<std::uint64_t> length() const = 0;
};

struct Request {
  Method method = Method::Get;
  std::string method_name;  // as sent, for Method::Other and logs
  std::string path;         // raw, still percent-encoded, leading duplicate slashes collapsed
  std::string logged_path;  // what logs say of the path; the handler hides secrets in it
  std::string query_text;   // raw, without '?'
  Query query;
  Fields fields;
  std::string peer;                   // the address of the other side of the socket
  bool secure = false;                // TLS on this socket
  std::string id;                     // the request id, echoed as X-Request-Id
  std::unique_ptr<RequestBody> body;  // never null
};

struct Response {
  Response() = default;
  explicit Response(unsigned status) : status(status) {}

  unsigned status = 200;
  Fields fields;
  // For HEAD the body is measured, not sent. Content-Length and Transfer-Encoding are the
  // connection's work; a handler never sets them (HEAD of a source without a length omits both).
  rt::Content body;
  // Text bodies of at least gzip_bytes_min are compressed when the client accepts it and this is
  // set.
  bool may_compress = false;
};

// Reads a request's body to the end. TooLarge above `bytes_max` without reading further.
// Borrows the request until it returns.
Task<Result<std::string>> read_body(Request& request, std::uint64_t bytes_max);

}  // namespace embrace::http
