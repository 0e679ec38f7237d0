#pragma once
// Parameters: the object of that name that comes with a task's inputs, from anyone. Each is asked
// for with its bounds; the first mistake is remembered, and at the end so is a name that nobody
// asked for.
//
//   Parameters read(parameters);
//   options.count = read.integer_or("top_k", 5, 1, 1000);
//   read.refuse("watermark", "watermarks are not built");
//   EMB_DO(read.status());
//
// null means that a parameter is not given. Threads: one.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/view.h"

namespace embrace::transformers {

class Parameters {
 public:
  static constexpr std::size_t kTextsMax = 1024;  // of one list

  explicit Parameters(json::View object);

  bool has(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t min, std::int64_t max);
  std::size_t integer_or(std::string_view name, std::size_t otherwise, std::int64_t min,
                         std::int64_t max);
  std::optional<double> number(std::string_view name, double min, double max);
  std::optional<bool> flag(std::string_view name);
  bool flag_or(std::string_view name, bool otherwise);
  std::optional<std::string> text(std::string_view name);
  // A list of texts, or one text.
  std::optional<std::vector<std::string>> texts(std::string_view name);
  template <class T>
  T choice_or(std::string_view name, T otherwise,
              const std::vector<std::pair<std::string_view, T>>& choices) {
    const auto given = text(name);
    if (!given) return otherwise;
    for (const auto& [choice, value] : choices) {
      if (choice == *given) return value;
    }
    std::string list;
    for (const auto& [choice, value] : choices)
      list.append(list.empty() ? "" : ", ").append(choice);
    complain(Code::InvalidArgument, std::string(name) + " is one of " + list);
    return otherwise;
  }
  // An object within this one, to be read by its own Parameters; absent when it is not given.
  json::View object(std::string_view name);
  // All that came, for what reads it by other means; names still have to be asked for.
  json::View all() const { return object_; }

  // NotBuilt, with why, when it is given and neither false nor null.
  void refuse(std::string_view name, std::string_view why);
  void complain(Code code, std::string message);
  // The first mistake. InvalidArgument for a name that was not asked for, with the list of those
  // that were.
  Status status() const;

 private:
  json::View find(std::string_view name);

  json::View object_;
  std::vector<std::string> asked_;
  std::optional<Error> mistake_;
};

}  // namespace embrace::transformers
