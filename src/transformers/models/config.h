#pragma once
// ConfigReader: numbers and words out of a config.json, or a file like it, from anyone. Each is
// asked for with its bounds; the first that is missing or outside them is remembered, so that a
// model's file reads as a list and asks for status() once.
//
//   ConfigReader read(document.root());
//   config.hidden_size = read.size("hidden_size");
//   config.epsilon = read.number_or("rms_norm_eps", 1e-6, 0, 1);
//   EMB_DO(read.status());

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/view.h"

namespace embrace::transformers {

class ConfigReader {
 public:
  // Bounds of every width, count of heads or layers, and vocabulary that config.json may name.
  static constexpr std::int64_t kSizeMax = std::int64_t{1} << 22;

  // `file` is what the mistakes are said to be in.
  explicit ConfigReader(json::View object, std::string_view file = "config.json")
      : object_(object), file_(file) {}

  json::View object() const { return object_; }
  bool has(std::string_view key) const;  // and not null

  // A whole number from 1 to kSizeMax; 1 stands in for one that is wrong.
  std::size_t size(std::string_view key);
  std::size_t size_or(std::string_view key, std::size_t otherwise);
  std::int64_t integer_or(std::string_view key, std::int64_t otherwise, std::int64_t min,
                          std::int64_t max);
  double number_or(std::string_view key, double otherwise, double min, double max);
  bool flag_or(std::string_view key, bool otherwise);
  std::string text_or(std::string_view key, std::string_view otherwise);

  // Remembers a mistake found by the caller, unless there was one before.
  void complain(std::string message);
  Status status() const;

 private:
  json::View object_;
  std::string file_;
  std::optional<std::string> mistake_;
};

}  // namespace embrace::transformers
