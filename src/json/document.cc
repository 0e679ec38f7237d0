// Parsing: Boost.JSON's event parser, feeding Boost.JSON's own values.

#include <algorithm>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <system_error>

#include "base/check.h"
#include "base/strings.h"
#include "json/view.h"

namespace embrace::json {

namespace bj = boost::json;

namespace {

// Builds values as boost::json::parse() would, but for doubles: Boost 1.81 computes those to within
// a few units of the last place, so that a config which is read and rendered again would drift.
// std::from_chars rounds correctly.
class ValueBuilder {
 public:
  static constexpr std::size_t max_object_size = bj::object::max_size();
  static constexpr std::size_t max_array_size = bj::array::max_size();
  static constexpr std::size_t max_key_size = bj::string::max_size();
  static constexpr std::size_t max_string_size = bj::string::max_size();

  using Text = bj::string_view;
  using Ec = bj::error_code;

  void use(bj::storage_ptr storage) { stack_.reset(std::move(storage)); }
  bj::value release() { return stack_.release(); }

  bool on_document_begin(Ec&) { return true; }
  bool on_document_end(Ec&) { return true; }
  bool on_object_begin(Ec&) { return true; }
  bool on_object_end(std::size_t members, Ec&) { return stack_.push_object(members), true; }
  bool on_array_begin(Ec&) { return true; }
  bool on_array_end(std::size_t items, Ec&) { return stack_.push_array(items), true; }
  bool on_key_part(Text part, std::size_t, Ec&) { return stack_.push_chars(part), true; }
  bool on_key(Text rest, std::size_t, Ec&) { return stack_.push_key(rest), true; }
  bool on_string_part(Text part, std::size_t, Ec&) { return stack_.push_chars(part), true; }
  bool on_string(Text rest, std::size_t, Ec&) { return stack_.push_string(rest), true; }
  bool on_number_part(Text, Ec&) { return true; }  // the whole text comes at once, in on_double
  bool on_int64(std::int64_t number, Text, Ec&) { return stack_.push_int64(number), true; }
  bool on_uint64(std::uint64_t number, Text, Ec&) { return stack_.push_uint64(number), true; }
  bool on_bool(bool flag, Ec&) { return stack_.push_bool(flag), true; }
  bool on_null(Ec&) { return stack_.push_null(), true; }
  bool on_comment_part(Text, Ec&) { return true; }
  bool on_comment(Text, Ec&) { return true; }

  bool on_double(double nearly, Text text, Ec& ec) {
    double number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc::result_out_of_range && std::abs(nearly) < 1) {
      number = 0;  // closer to zero than the smallest double
    } else if (error != std::errc() || stop != text.data() + text.size()) {
      ec = bj::error::exponent_overflow;
      return false;
    }
    return stack_.push_double(number), true;
  }

 private:
  bj::value_stack stack_;
};

// "line 3, column 7", as editors count.
std::string describe_position(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == before.npos ? at : at - newline - 1;
  return cat("line ", lines + 1, ", column ", column + 1);
}

std::unexpected<Error> refuse(std::string_view text, std::size_t at, const std::string& why) {
  return fail(Code::InvalidArgument,
              cat("the JSON is not valid at ", describe_position(text, at), ": ", why));
}

}  // namespace

// The values live in one arena that is freed whole; it must outlive them, hence the order.
struct Document::Impl {
  bj::monotonic_resource arena;
  bj::value root = bj::value(bj::storage_ptr(&arena));
};

Document::Document(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

View Document::root() const {
  EMB_CHECK(impl_ != nullptr, "a document that was moved from is not read");
  return View(&impl_->root);
}

Result<Document> Document::parse(std::string_view text, unsigned depth_max) {
  auto impl = std::make_unique<Impl>();
  bj::parse_options options;
  options.max_depth = depth_max;
  bj::basic_parser<ValueBuilder> parser(options);
  parser.handler().use(bj::storage_ptr(&impl->arena));

  constexpr bool kMoreFollows = false;
  bj::error_code ec;
  const std::size_t used = parser.write_some(kMoreFollows, text.data(), text.size(), ec);
  if (ec == bj::error::too_deep) {
    return refuse(text, used, cat("nested deeper than ", depth_max, " levels"));
  }
  if (ec == bj::error::incomplete) return refuse(text, text.size(), "it ends too early");
  if (ec) return refuse(text, used, ec.message());
  if (used < text.size()) return refuse(text, used, "there is more after the end");

  // A value on the same arena, so this moves pointers only.
  impl->root = parser.handler().release();
  return Document(std::move(impl));
}

}  // namespace embrace::json
