#pragma once
// View: read-only access to parsed JSON. A Document owns the values; a View points into it and must
// not outlive it. Asking a value for what it is not gives nullopt, never an exception.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace embrace::json {

class View {
 public:
  View() = default;  // absent

  bool exists() const { return value_ != nullptr; }
  bool is_null() const;
  bool is_object() const;
  bool is_array() const;
  bool is_string() const;

  std::optional<std::string_view> text() const;
  std::optional<std::int64_t> integer() const;  // also for 3.0
  std::optional<double> number() const;
  std::optional<bool> boolean() const;

  View operator[](std::string_view key) const;                     // absent when there is none
  std::vector<View> items() const;                                 // of an array; empty otherwise
  std::vector<std::pair<std::string_view, View>> members() const;  // of an object, in order

  std::string text_or(std::string_view key, std::string_view otherwise) const;
  std::string render() const;  // back to JSON text

 private:
  friend class Document;
  explicit View(const void* value) : value_(value) {}
  const void* value_ = nullptr;  // a boost::json::value
};

class Document {
 public:
  View root() const;

  // InvalidArgument with the position of the mistake. Nesting deeper than `depth_max` is refused.
  static Result<Document> parse(std::string_view text, unsigned depth_max = 64);

  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

 private:
  struct Impl;
  explicit Document(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::json
