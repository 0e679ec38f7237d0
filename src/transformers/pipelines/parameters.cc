#include "transformers/pipelines/parameters.h"

#include <algorithm>
#include <charconv>

#include "base/strings.h"

namespace embrace::transformers {

namespace {

// The fewest digits that give the number back.
std::string digits_of(double number) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
}

}  // namespace

Parameters::Parameters(json::View object) : object_(object) {
  if (object.exists() && !object.is_null() && !object.is_object())
    complain(Code::InvalidArgument, "parameters are a JSON object");
}

json::View Parameters::find(std::string_view name) {
  if (std::ranges::find(asked_, name) == asked_.end()) asked_.emplace_back(name);
  const json::View found = object_[name];
  return found.is_null() ? json::View() : found;
}

bool Parameters::has(std::string_view name) { return find(name).exists(); }

std::optional<std::int64_t> Parameters::integer(std::string_view name, std::int64_t min,
                                                std::int64_t max) {
  const json::View found = find(name);
  if (!found.exists()) return std::nullopt;
  const auto value = found.integer();
  if (value && *value >= min && *value <= max) return value;
  complain(Code::InvalidArgument, cat(name, " must be a whole number from ", min, " to ", max));
  return std::nullopt;
}

std::size_t Parameters::integer_or(std::string_view name, std::size_t otherwise, std::int64_t min,
                                   std::int64_t max) {
  const auto value = integer(name, min, max);
  return value ? static_cast<std::size_t>(*value) : otherwise;
}

std::optional<double> Parameters::number(std::string_view name, double min, double max) {
  const json::View found = find(name);
  if (!found.exists()) return std::nullopt;
  const auto value = found.number();
  if (value && *value >= min && *value <= max) return value;
  complain(Code::InvalidArgument,
           cat(name, " must be a number from ", digits_of(min), " to ", digits_of(max)));
  return std::nullopt;
}

std::optional<bool> Parameters::flag(std::string_view name) {
  const json::View found = find(name);
  if (!found.exists()) return std::nullopt;
  const auto value = found.boolean();
  if (!value) complain(Code::InvalidArgument, cat(name, " must be true or false"));
  return value;
}

bool Parameters::flag_or(std::string_view name, bool otherwise) {
  return flag(name).value_or(otherwise);
}

std::optional<std::string> Parameters::text(std::string_view name) {
  const json::View found = find(name);
  if (!found.exists()) return std::nullopt;
  const auto value = found.text();
  if (value) return std::string(*value);
  complain(Code::InvalidArgument, cat(name, " must be a text"));
  return std::nullopt;
}

std::optional<std::vector<std::string>> Parameters::texts(std::string_view name) {
  const json::View found = find(name);
  if (!found.exists()) return std::nullopt;
  if (const auto one = found.text()) return std::vector<std::string>{std::string(*one)};
  const std::vector<json::View> items = found.items();
  std::vector<std::string> all;
  for (const json::View item : items) {
    if (const auto text = item.text()) all.emplace_back(*text);
  }
  if (found.is_array() && all.size() == items.size() && all.size() <= kTextsMax) return all;
  complain(Code::InvalidArgument, cat(name, " must be a list of up to ", kTextsMax, " texts"));
  return std::nullopt;
}

json::View Parameters::object(std::string_view name) {
  const json::View found = find(name);
  if (found.exists() && !found.is_object())
    complain(Code::InvalidArgument, cat(name, " must be a JSON object"));
  return found;
}

void Parameters::refuse(std::string_view name, std::string_view why) {
  const json::View found = find(name);
  if (found.exists() && found.boolean() != false)
    complain(Code::NotBuilt, cat("the parameter ", name, " is not built: ", why));
}

void Parameters::complain(Code code, std::string message) {
  if (!mistake_) mistake_.emplace(code, std::move(message));
}

Status Parameters::status() const {
  if (mistake_) return fail(*mistake_);
  for (const auto& [name, value] : object_.members()) {
    if (std::ranges::find(asked_, name) != asked_.end()) continue;
    std::string known;
    for (const std::string& one : asked_) known += cat(known.empty() ? "" : ", ", one);
    return fail(Code::InvalidArgument,
                cat("there is no parameter ", name,
                    known.empty() ? "; the task takes none" : "; there are ", known));
  }
  return Done{};
}

}  // namespace embrace::transformers
