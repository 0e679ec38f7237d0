#include "http/reply.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/strings.h"

namespace embrace::http {
namespace {

bool is_token(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").contains(static_cast<char>(c));
  });
}

bool belongs_to_connection(std::string_view name) {
  constexpr std::array<std::string_view, 6> kOurs = {
      "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Date", "X-Request-Id"};
  return std::ranges::any_of(kOurs, [&](auto ours) { return equal_ignoring_case(ours, name); });
}

void append_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out += (byte < 0x20 && c != '\t') || byte == 0x7F ? ' ' : c;
  }
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  append_value(out, value);
  out += "\r\n";
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7F) {
      out += '?';  // messages of this room are ASCII
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

std::string_view reason_of(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

bool has_body(unsigned status) { return status >= 200 && status != 204 && status != 304; }

std::string render_date(std::int64_t unix_seconds) {
  constexpr std::array kDays = {"Sun, ", "Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, "};
  constexpr std::array kMonths = {" Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ",
                                  " Jul ", " Aug ", " Sep ", " Oct ", " Nov ", " Dec "};
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  const auto two = [](int number) { return cat(number < 10 ? "0" : "", number); };
  return cat(kDays[static_cast<std::size_t>(parts.tm_wday)], two(parts.tm_mday),
             kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, ' ',
             two(parts.tm_hour), ':', two(parts.tm_min), ':', two(parts.tm_sec), " GMT");
}

void render_head(std::string& out, const HeadLine& line, const Fields& fields) {
  out += "HTTP/1.1 ";
  detail::append_piece(out, line.status);
  out += ' ';
  out += reason_of(line.status);
  out += "\r\n";
  append_field(out, "Date", line.date);
  for (const auto& [name, value] : fields.rows()) {
    if (belongs_to_connection(name) || !is_token(name)) continue;
    append_field(out, name, value);
  }
  append_field(out, "X-Request-Id", line.request_id);
  if (line.framing == Framing::Length) {
    out += "Content-Length: ";
    detail::append_piece(out, line.length);
    out += "\r\n";
  } else if (line.framing == Framing::Chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  if (!line.keep_alive)
    out += "Connection: close\r\n";
  else if (line.is_http10)
    out += "Connection: keep-alive\r\n";
  out += "\r\n";
}

Response error_response(unsigned status, std::string_view message) {
  std::string body = "{\"error\":";
  append_json_string(body, message);
  body += '}';
  Response response(status);
  response.fields.add("Content-Type", "application/json");
  response.fields.add("X-Error-Message", message);
  response.body = std::move(body);
  return response;
}

}  // namespace embrace::http
