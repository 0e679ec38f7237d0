#pragma once
// Session: one connection inside one transaction. Statements are prepared once per connection and
// kept. SOCI stays behind this face: the templates below only turn types into Values and back.
// Threads: one at a time.

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace embrace::db {

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;  // monostate: NULL
enum class Type : std::uint8_t { Integer, Real, Text };

namespace detail {

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <class T>
Value to_value(const T& v) {
  if constexpr (is_optional<T>::value) {
    return v ? to_value(*v) : Value{};
  } else if constexpr (std::integral<T>) {
    return static_cast<std::int64_t>(v);
  } else if constexpr (std::floating_point<T>) {
    return static_cast<double>(v);
  } else {
    return std::string(v);
  }
}

template <class T>
constexpr Type type_of() {
  if constexpr (is_optional<T>::value) {
    return type_of<typename T::value_type>();
  } else if constexpr (std::integral<T>) {
    return Type::Integer;
  } else if constexpr (std::floating_point<T>) {
    return Type::Real;
  } else {
    return Type::Text;
  }
}

template <class T>
T from_value(Value&& v) {
  if constexpr (is_optional<T>::value) {
    if (std::holds_alternative<std::monostate>(v)) return std::nullopt;
    return from_value<typename T::value_type>(std::move(v));
  } else if constexpr (std::integral<T>) {
    auto* held = std::get_if<std::int64_t>(&v);  // NULL reads as 0
    return held ? static_cast<T>(*held) : T{};
  } else if constexpr (std::floating_point<T>) {
    auto* held = std::get_if<double>(&v);
    return held ? *held : T{};
  } else {
    auto* held = std::get_if<std::string>(&v);  // NULL reads as ""
    return held ? std::move(*held) : T{};
  }
}

}  // namespace detail

class Session {
 public:
  virtual ~Session() = default;

  // Every row of a query (or of INSERT ... RETURNING) as tuples.
  template <class... Columns, class... Args>
  Result<std::vector<std::tuple<Columns...>>> rows(std::string_view sql, const Args&... args) {
    std::vector<std::tuple<Columns...>> out;
    auto status =
        query(sql, {detail::to_value(args)...}, {detail::type_of<Columns>()...}, SIZE_MAX,
              [&out](std::vector<Value>& row) {
                out.push_back(to_tuple<Columns...>(row, std::index_sequence_for<Columns...>{}));
              });
    if (!status) return std::unexpected(std::move(status).error());
    return out;
  }

  // The first row, or nullopt.
  template <class... Columns, class... Args>
  Result<std::optional<std::tuple<Columns...>>> row(std::string_view sql, const Args&... args) {
    std::optional<std::tuple<Columns...>> out;
    auto status = query(sql, {detail::to_value(args)...}, {detail::type_of<Columns>()...}, 1,
                        [&out](std::vector<Value>& row) {
                          out = to_tuple<Columns...>(row, std::index_sequence_for<Columns...>{});
                        });
    if (!status) return std::unexpected(std::move(status).error());
    return out;
  }

  // A statement without rows; the count of rows it changed.
  template <class... Args>
  Result<std::int64_t> run(std::string_view sql, const Args&... args) {
    return execute(sql, {detail::to_value(args)...});
  }

  // For SQL built at run time (list filters): values and column types as data. take_row must not
  // use this session.
  virtual Status query(std::string_view sql, std::vector<Value> values, std::vector<Type> columns,
                       std::size_t rows_max,
                       const std::function<void(std::vector<Value>&)>& take_row) = 0;
  virtual Result<std::int64_t> execute(std::string_view sql, std::vector<Value> values) = 0;
  virtual bool is_postgres() const = 0;

 private:
  template <class... Columns, std::size_t... I>
  static std::tuple<Columns...> to_tuple(std::vector<Value>& row, std::index_sequence<I...>) {
    return std::tuple<Columns...>(detail::from_value<Columns>(std::move(row[I]))...);
  }
};

}  // namespace embrace::db
