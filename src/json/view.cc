#include "json/view.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>

#include "json/writer.h"

namespace embrace::json {

namespace bj = boost::json;

namespace {

const bj::value* as_value(const void* value) { return static_cast<const bj::value*>(value); }

// Numbers that came with a point leave with one: readers of configs tell 1.0 from 1.
void render_double(Writer& out, double number) {
  char digits[40];
  char* end = std::to_chars(digits, digits + 32, number).ptr;
  if (std::none_of(digits, end, [](char c) { return c == '.' || c == 'e' || c == 'n'; })) {
    *end++ = '.';
    *end++ = '0';
  }
  out.raw({digits, static_cast<std::size_t>(end - digits)});
}

// Recursion is as deep as the document, which parse() has limited.
void render_value(Writer& out, const bj::value& value) {
  switch (value.kind()) {
    case bj::kind::null:
      out.null();
      return;
    case bj::kind::bool_:
      out.value(value.get_bool());
      return;
    case bj::kind::int64:
      out.value(value.get_int64());
      return;
    case bj::kind::uint64:
      out.value(value.get_uint64());
      return;
    case bj::kind::double_:
      render_double(out, value.get_double());
      return;
    case bj::kind::string:
      out.value(std::string_view(value.get_string()));
      return;
    case bj::kind::array:
      out.begin_array();
      for (const bj::value& item : value.get_array()) render_value(out, item);
      out.end_array();
      return;
    case bj::kind::object:
      out.begin_object();
      for (const auto& [key, member] : value.get_object()) {
        out.key(key);
        render_value(out, member);
      }
      out.end_object();
      return;
  }
}

}  // namespace

bool View::is_null() const { return value_ != nullptr && as_value(value_)->is_null(); }
bool View::is_object() const { return value_ != nullptr && as_value(value_)->is_object(); }
bool View::is_array() const { return value_ != nullptr && as_value(value_)->is_array(); }
bool View::is_string() const { return value_ != nullptr && as_value(value_)->is_string(); }

std::optional<std::string_view> View::text() const {
  if (!is_string()) return std::nullopt;
  return std::string_view(as_value(value_)->get_string());
}

std::optional<std::int64_t> View::integer() const {
  if (value_ == nullptr) return std::nullopt;
  const bj::value& value = *as_value(value_);
  if (const std::int64_t* number = value.if_int64()) return *number;
  if (const double* number = value.if_double()) {
    // The bounds are powers of two, so they are exact; what lies between them converts.
    if (*number >= -0x1p63 && *number < 0x1p63 && std::trunc(*number) == *number) {
      return static_cast<std::int64_t>(*number);
    }
  }
  return std::nullopt;  // a uint64 is one only when it does not fit an int64
}

std::optional<double> View::number() const {
  if (value_ == nullptr) return std::nullopt;
  const bj::value& value = *as_value(value_);
  if (const double* number = value.if_double()) return *number;
  if (const std::int64_t* number = value.if_int64()) return static_cast<double>(*number);
  if (const std::uint64_t* number = value.if_uint64()) return static_cast<double>(*number);
  return std::nullopt;
}

std::optional<bool> View::boolean() const {
  if (value_ == nullptr) return std::nullopt;
  const bool* flag = as_value(value_)->if_bool();
  return flag != nullptr ? std::optional(*flag) : std::nullopt;
}

View View::operator[](std::string_view key) const {
  if (!is_object()) return View();
  return View(as_value(value_)->get_object().if_contains(key));
}

std::vector<View> View::items() const {
  std::vector<View> out;
  if (!is_array()) return out;
  const bj::array& array = as_value(value_)->get_array();
  out.reserve(array.size());
  for (const bj::value& item : array) out.push_back(View(&item));
  return out;
}

std::vector<std::pair<std::string_view, View>> View::members() const {
  std::vector<std::pair<std::string_view, View>> out;
  if (!is_object()) return out;
  const bj::object& object = as_value(value_)->get_object();
  out.reserve(object.size());
  for (const auto& member : object) out.emplace_back(member.key(), View(&member.value()));
  return out;
}

std::string View::text_or(std::string_view key, std::string_view otherwise) const {
  return std::string((*this)[key].text().value_or(otherwise));
}

std::string View::render() const {
  if (value_ == nullptr) return "null";
  Writer out;
  render_value(out, *as_value(value_));
  return out.take();
}

}  // namespace embrace::json
