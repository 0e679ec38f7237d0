#include "http/head.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>

#include "base/strings.h"

namespace embrace::http {
namespace {

namespace beast_http = boost::beast::http;
using BeastError = boost::beast::error_code;
using BeastView = boost::beast::string_view;

constexpr std::size_t kFieldsMax = 200;

std::string_view view(BeastView text) { return {text.data(), text.size()}; }

Method method_from(beast_http::verb verb) {
  switch (verb) {
    case beast_http::verb::get:
      return Method::Get;
    case beast_http::verb::head:
      return Method::Head;
    case beast_http::verb::post:
      return Method::Post;
    case beast_http::verb::put:
      return Method::Put;
    case beast_http::verb::patch:
      return Method::Patch;
    case beast_http::verb::delete_:
      return Method::Delete;
    case beast_http::verb::options:
      return Method::Options;
    default:
      return Method::Other;
  }
}

// Beast's grammar, without Beast's message: fields go straight into ours, which saves a second
// copy.
class Parser final : public beast_http::basic_parser<true> {
 public:
  Head head;
  std::string target;
  std::size_t hosts = 0;
  std::size_t transfer_encodings = 0;
  bool coding_is_chunked = false;

 private:
  void on_request_impl(beast_http::verb verb, BeastView name, BeastView where, int version,
                       BeastError&) override {
    head.method = method_from(verb);
    head.method_name = view(name);
    head.is_http10 = version == 10;
    target = view(where);
  }
  void on_field_impl(beast_http::field field, BeastView name, BeastView value,
                     BeastError& ec) override {
    switch (field) {
      case beast_http::field::host:
        ++hosts;
        break;
      case beast_http::field::expect:
        head.expects_continue = equal_ignoring_case(view(value), "100-continue");
        break;
      case beast_http::field::transfer_encoding:
        ++transfer_encodings;
        coding_is_chunked = equal_ignoring_case(view(value), "chunked");
        break;
      default:
        break;
    }
    if (head.fields.rows().size() >= kFieldsMax)
      ec = beast_http::error::header_limit;
    else
      head.fields.add(view(name), view(value));
  }
  void on_header_impl(BeastError&) override {}
  void on_finish_impl(BeastError&) override {}

  // A body never reaches this parser, and it never sees a response.
  void on_response_impl(int, BeastView, int, BeastError&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, BeastError&) override {}
  std::size_t on_body_impl(BeastView, BeastError&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, BeastView, BeastError&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView, BeastError&) override { return 0; }
};

Refusal refusal_for(BeastError ec) {
  if (ec == beast_http::error::bad_version) {
    return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  }
  if (ec == beast_http::error::header_limit) return {431, "the request has too many header fields"};
  if (ec == beast_http::error::bad_transfer_encoding) {
    return {400, "send one Transfer-Encoding and no Content-Length, or the other way round"};
  }
  return {400, cat("malformed request: ", ec.message())};
}

// Beast unfolds obsolete line folding; proxies disagree about it, so here it is an error.
bool has_folded_field(std::string_view text) {
  for (std::size_t at = text.find('\n'); at + 1 < text.size(); at = text.find('\n', at + 1)) {
    if (text[at + 1] == ' ' || text[at + 1] == '\t') return true;
  }
  return false;
}

bool starts_without_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// origin-form, absolute-form and "*". False for anything else (CONNECT's authority-form among
// them).
bool split_target(std::string_view target, Head& head) {
  if (target.find('#') != std::string_view::npos) return false;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!starts_without_case(target, scheme)) continue;
    target.remove_prefix(scheme.size());
    const auto authority = target.substr(0, target.find_first_of("/?"));
    if (authority.empty()) return false;
    head.fields.set("Host", authority);  // the target wins over the field
    target.remove_prefix(authority.size());
    if (target.empty() || target.front() == '?') head.path = "/";
    break;
  }
  if (target == "*" && head.method == Method::Options) {
    head.path = "*";
    return true;
  }
  if (head.path.empty() && !target.starts_with('/')) return false;
  const auto question = target.find('?');
  auto path = target.substr(0, question);
  while (path.starts_with("//")) path.remove_prefix(1);
  if (!path.empty()) head.path = path;
  if (question != std::string_view::npos) head.query_text = target.substr(question + 1);
  return true;
}

}  // namespace

std::expected<Head, Refusal> parse_head(std::string_view text) {
  const auto refuse = [](unsigned status, std::string message) {
    return std::unexpected(Refusal{status, std::move(message)});
  };
  Parser parser;
  parser.header_limit(0xFFFFFFFF);  // the connection has measured it already
  parser.body_limit(boost::none);
  parser.skip(true);
  BeastError ec;
  const auto used = parser.put(boost::asio::buffer(text.data(), text.size()), ec);
  if (ec) return std::unexpected(refusal_for(ec));
  if (!parser.is_header_done() || used != text.size()) {
    return refuse(400, "malformed request: the head is incomplete");
  }
  if (has_folded_field(text)) return refuse(400, "folded header fields are not accepted");

  Head& head = parser.head;
  head.keep_alive = parser.keep_alive();
  if (parser.transfer_encodings > 0) {
    if (head.is_http10) return refuse(400, "HTTP/1.0 has no Transfer-Encoding");
    if (parser.transfer_encodings > 1) return refuse(400, "Transfer-Encoding was sent twice");
    if (!parser.coding_is_chunked) {
      return refuse(501, "the only Transfer-Encoding understood is \"chunked\"");
    }
    head.chunked = true;
  }
  if (const auto length = parser.content_length()) head.content_length = *length;
  if (head.chunked && head.fields.find("Content-Length")) {
    return refuse(400, "Content-Length and Transfer-Encoding exclude each other");
  }
  if (parser.hosts > 1) return refuse(400, "Host was sent more than once");
  if (parser.hosts == 0 && !head.is_http10) return refuse(400, "HTTP/1.1 needs a Host field");
  if (head.is_http10) head.expects_continue = false;
  if (!split_target(parser.target, head)) return refuse(400, "the request target is malformed");
  return std::move(head);
}

bool is_hopeless(std::string_view text) {
  if (text.empty()) return false;
  const char first = text.front();
  if (!((first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z'))) return true;
  const auto newline = text.find('\n');
  return newline != std::string_view::npos && text[newline - 1] != '\r';
}

std::optional<std::uint64_t> parse_chunk_size(std::string_view line) {
  const auto extension = std::min(line.find(';'), line.size());
  if (std::ranges::any_of(line.substr(extension),
                          [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; })) {
    return std::nullopt;
  }
  auto digits = line.substr(0, extension);
  while (extension < line.size() && !digits.empty() &&
         (digits.back() == ' ' || digits.back() == '\t')) {
    digits.remove_suffix(1);
  }
  if (digits.empty() || digits.size() > 16) return std::nullopt;
  std::uint64_t size = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (ec != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return size;
}

}  // namespace embrace::http
