#pragma once
// Writer: JSON text, written front to back. Commas are its own business; balance is checked by
// take().
//
//   json::Writer w;
//   w.begin_object().field("id", "acme/bert").field("likes", 3).key("tags").begin_array();
//   for (auto& tag : tags) w.value(tag);
//   w.end_array().end_object();
//   return w.take();

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace embrace::json {

class Writer {
 public:
  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);

  Writer& value(std::string_view text);  // bytes that are not UTF-8 become U+FFFD
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(const std::string& text) { return value(std::string_view(text)); }
  Writer& value(bool flag);
  Writer& value(double number);  // null when not finite
  template <std::integral N>
    requires(!std::same_as<N, bool>)
  Writer& value(N number) {
    if constexpr (std::is_signed_v<N>)
      return signed_value(number);
    else
      return unsigned_value(number);
  }
  Writer& null();
  Writer& raw(std::string_view json);  // text that is JSON already

  template <class V>
  Writer& field(std::string_view name, const V& v) {
    return key(name).value(v);
  }

  std::string take();
  std::size_t size() const { return out_.size(); }

 private:
  Writer& signed_value(std::int64_t number);
  Writer& unsigned_value(std::uint64_t number);
  void separate();

  std::string out_;
  bool comma_ = false;
  int depth_ = 0;
};

}  // namespace embrace::json
