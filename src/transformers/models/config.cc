#include "transformers/models/config.h"

#include <charconv>
#include <utility>

#include "base/strings.h"

namespace embrace::transformers {

namespace {

std::string in_digits(double number) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
}

}  // namespace

bool ConfigReader::has(std::string_view key) const {
  const json::View value = object_[key];
  return value.exists() && !value.is_null();
}

std::size_t ConfigReader::size(std::string_view key) {
  if (!has(key)) {
    complain(cat(key, " is missing"));
    return 1;
  }
  return size_or(key, 1);
}

std::size_t ConfigReader::size_or(std::string_view key, std::size_t otherwise) {
  return static_cast<std::size_t>(
      integer_or(key, static_cast<std::int64_t>(otherwise), 1, kSizeMax));
}

std::int64_t ConfigReader::integer_or(std::string_view key, std::int64_t otherwise,
                                      std::int64_t min, std::int64_t max) {
  if (!has(key)) return otherwise;
  const auto value = object_[key].integer();
  if (value && *value >= min && *value <= max) return *value;
  complain(cat(key, " must be a whole number from ", min, " to ", max));
  return min;
}

double ConfigReader::number_or(std::string_view key, double otherwise, double min, double max) {
  if (!has(key)) return otherwise;
  const auto value = object_[key].number();
  if (value && *value >= min && *value <= max) return *value;
  complain(cat(key, " must be a number from ", in_digits(min), " to ", in_digits(max)));
  return min;
}

bool ConfigReader::flag_or(std::string_view key, bool otherwise) {
  if (!has(key)) return otherwise;
  const auto value = object_[key].boolean();
  if (!value) complain(cat(key, " must be true or false"));
  return value.value_or(otherwise);
}

std::string ConfigReader::text_or(std::string_view key, std::string_view otherwise) {
  if (!has(key)) return std::string(otherwise);
  const auto value = object_[key].text();
  if (!value) complain(cat(key, " must be text"));
  return std::string(value.value_or(otherwise));
}

void ConfigReader::complain(std::string message) {
  if (!mistake_) mistake_ = std::move(message);
}

Status ConfigReader::status() const {
  if (mistake_) return fail(Code::InvalidArgument, cat(file_, ": ", *mistake_));
  return Done{};
}

}  // namespace embrace::transformers
